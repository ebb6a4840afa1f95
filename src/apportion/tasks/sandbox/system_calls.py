"""System calls: the few that a program may make, as a seccomp filter; every other one fails with EPERM.

No socket of any kind, no new process, no signal to another process, no tracing, no shared memory, no change of
owners, modes or times, no folder, link or new name. Threads are allowed, and files where the file system allows them.
"""

import ctypes
import errno
import platform
import struct

# name: its number on x86-64 and on 64-bit ARM; None where the machine has no such call
_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63), "write": (1, 64), "open": (2, None), "openat": (257, 56), "close": (3, 57),
    "stat": (4, None), "fstat": (5, 80), "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291),
    "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72),
    "lseek": (8, 62), "mmap": (9, 222), "mprotect": (10, 226), "munmap": (11, 215), "brk": (12, 214),
    "mremap": (25, 216), "madvise": (28, 233), "membarrier": (324, 283),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "rt_sigpending": (127, 136), "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133),
    "sigaltstack": (131, 132), "pause": (34, None), "restart_syscall": (219, 128),
    "pread64": (17, 67), "pwrite64": (18, 68), "readv": (19, 65), "writev": (20, 66),
    "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439),
    "pipe": (22, None), "pipe2": (293, 59), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, None), "times": (100, 153),
    "alarm": (37, None), "getitimer": (36, 102), "setitimer": (38, 103),
    "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173), "getuid": (102, 174),
    "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177), "getrusage": (98, 165),
    "getrlimit": (97, 163), "uname": (63, 160), "sysinfo": (99, 179), "umask": (95, 166),
    "fsync": (74, 82), "fdatasync": (75, 83), "ftruncate": (77, 46), "getdents64": (217, 61),
    "getcwd": (79, 17), "unlink": (87, None), "unlinkat": (263, 35),
    "futex": (202, 98), "set_robust_list": (273, 99), "get_robust_list": (274, 100),
    "set_tid_address": (218, 96), "rseq": (334, 293), "arch_prctl": (158, None), "getrandom": (318, 278),
    "exit": (60, 93), "exit_group": (231, 94),
}  # fmt: skip
# allowed only for some arguments
_CLONE, _CLONE3, _IOCTL, _FCNTL, _KILL, _TGKILL, _PRLIMIT = (
    (56, 220), (435, 435), (16, 29), (72, 25), (62, 129), (234, 131), (302, 261),
)  # fmt: skip
_CLONE_THREAD = 0x10000
_QUERIES = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # of terminals, waiting bytes, close-on-exec
_DESCRIPTOR_COMMANDS = (0, 1, 2, 3, 4, 5, 6, 7, 1030)  # duplicates, flags, locks; not who gets its signals

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, audit's name of it
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER_OFFSET, _MACHINE_OFFSET, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24


class Refused(Exception):
    """A layer of the isolation cannot be had here; the message says why."""


def filter_program(pid: int, machine: str = platform.machine()) -> bytes:
    """Return the filter for the process `pid` as BPF instructions of 8 bytes.

    Raises `Refused` on a processor whose numbers of system calls are not known here.
    """
    if machine not in _MACHINES:
        raise Refused(f"no list of system calls for {machine}")
    column, audit = _MACHINES[machine]
    code = [
        _instruction(_LOAD, _MACHINE_OFFSET),
        _instruction(_EQUAL, audit, 1, 0),
        _instruction(_RETURN, _KILL_PROCESS),
        _instruction(_LOAD, _NUMBER_OFFSET),
    ]
    for numbers in _NUMBERS.values():
        number = numbers[column]
        if number is not None:
            code += [_instruction(_EQUAL, number, 0, 1), _instruction(_RETURN, _ALLOW)]
    code += _only_if(_CLONE[column], _FIRST_ARGUMENT, (_CLONE_THREAD,), _ANY_BIT)
    code += _only_if(_IOCTL[column], _SECOND_ARGUMENT, _QUERIES)
    code += _only_if(_FCNTL[column], _SECOND_ARGUMENT, _DESCRIPTOR_COMMANDS)
    code += _only_if(_KILL[column], _FIRST_ARGUMENT, (pid,))
    code += _only_if(_TGKILL[column], _FIRST_ARGUMENT, (pid,))
    code += _only_if(_PRLIMIT[column], _FIRST_ARGUMENT, (0, pid))
    # the C library makes threads with clone3, whose flags a filter cannot see, or with clone if that is missing
    code += [
        _instruction(_EQUAL, _CLONE3[column], 0, 1),
        _instruction(_RETURN, _ERRNO | errno.ENOSYS),
        _instruction(_RETURN, _ERRNO | errno.EPERM),
    ]
    return b"".join(code)


def install_filter(libc: ctypes.CDLL, program: bytes) -> None:
    """Bind this process and all its threads to the filter, for ever; raises `Refused` if the kernel does not."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    code = ctypes.create_string_buffer(program, len(program))
    bound = Program(len(program) // 8, ctypes.cast(code, ctypes.c_void_p).value)
    if libc.prctl(38, 1, 0, 0, 0) != 0:  # PR_SET_NO_NEW_PRIVS
        raise Refused("the kernel does not fix a process's privileges (no_new_privs)")
    if libc.prctl(22, 2, ctypes.byref(bound), 0, 0) != 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise Refused("the kernel takes no filter of system calls (seccomp)")


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _only_if(number: int, argument: int, values: tuple[int, ...], test: int = _EQUAL) -> list[bytes]:
    """Return instructions that settle one call by the low half of an argument."""
    checks = [_instruction(test, value, len(values) - i, 0) for i, value in enumerate(values)]
    block = [
        _instruction(_LOAD, argument),
        *checks,
        _instruction(_RETURN, _ERRNO | errno.EPERM),
        _instruction(_RETURN, _ALLOW),
    ]
    return [_instruction(_EQUAL, number, 0, len(block)), *block]
