"""Isolation: the layers between a program and the machine, which of them can be had here, and putting them on.

`prepare` runs once, in the zygote; `confine` runs in every forked process, as the last thing before its program.
"""

import ctypes
import os
import resource
import signal
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from apportion.tasks.sandbox.landlock import restrict_to
from apportion.tasks.sandbox.landlock import version as landlock_version
from apportion.tasks.sandbox.system_calls import Refused, filter_program, install_filter

NOBODY = 65534
_NEW_USER, _NEW_NETWORK, _NEW_IPC = 0x10000000, 0x40000000, 0x08000000
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use; the wall clock counts from its start to the end of its tests."""

    cpu_seconds: int = 10
    wall_seconds: float = 30.0
    memory_mb: int = 512
    output_bytes: int = 1 << 20
    file_mb: int = 8
    folder_mb: int = 16
    files: int = 256
    threads: int = 32
    answer_bytes: int = 16 << 20


@dataclass(frozen=True, slots=True)
class Layers:
    """Which layers there are: one that keeps files away is needed, `chroot` or `landlock`, beside the filter.

    `nobody` drops root to an unprivileged user, `network` is a network of its own, without any device.
    """

    landlock: bool
    chroot: bool
    nobody: bool
    network: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of those that there are."""
        found = [name for name in ("landlock", "chroot", "nobody", "network") if getattr(self, name)]
        return ("system calls", *found)


def c_library() -> ctypes.CDLL:
    """Return the C library of this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    libc.prctl.argtypes = (ctypes.c_int, *(ctypes.c_void_p,) * 4)
    return libc


def prepare(libc: ctypes.CDLL, without: Iterable[str] = ()) -> Layers:
    """Return the layers that this process can put on its children, having entered its own namespaces.

    A layer named in `without` is not used. Raises `Refused` where no layer would keep files away, or where the
    processor is not one whose system calls are known.
    """
    without = set(without)
    filter_program(os.getpid())
    is_root = os.geteuid() == 0
    landlock = "landlock" not in without and landlock_version(libc) > 0
    network = "network" not in without and _enter_namespaces(libc, new_user=not is_root)
    # a user who is nobody special may change the root inside a namespace of users
    chroot = "chroot" not in without and (is_root or network) and _can_chroot()
    if not (landlock or chroot):
        raise Refused("neither Landlock nor the right to change the root (chroot)")
    return Layers(landlock, chroot, is_root, network)


def _enter_namespaces(libc: ctypes.CDLL, new_user: bool) -> bool:
    user, group = os.geteuid(), os.getegid()
    if libc.unshare((_NEW_USER if new_user else 0) | _NEW_NETWORK | _NEW_IPC) != 0:
        return False
    if new_user:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - a process of the smallest means
                file.write(text)
    return True


def _can_chroot() -> bool:
    """Return whether this process may change its root, as asked of the kernel's list of its capabilities."""
    with open("/proc/self/status") as file:  # noqa: PTH123
        line = next(line for line in file if line.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) >> 18 & 1)


def confine(
    libc: ctypes.CDLL, layers: Layers, limits: Limits, folder: str | None, keep: Iterable[int]
) -> None:
    """Put every layer on this process, once and for ever: after it only `folder` is left of the machine.

    `keep` are the descriptors that stay open besides 0, 1 and 2. Raises `Refused` where a layer fails.
    """
    os.setsid()
    _close_all_but({0, 1, 2, *keep})
    place = None if folder is None else os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    _limit(limits)
    if folder is not None:
        os.chdir(folder)
    if layers.chroot and folder is not None:
        os.chroot(folder)
    if layers.nobody:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    elif layers.chroot or layers.network:
        _drop_capabilities(libc)
    if layers.nobody and os.getresuid() != (NOBODY,) * 3:
        raise Refused("the kernel does not drop root")
    if layers.landlock:
        restrict_to(libc, place)
    if place is not None:
        os.close(place)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # dies with the zygote; a change of user would have undone it
    libc.prctl(4, 0, 0, 0, 0)  # not dumpable: no core, and its /proc belongs to root
    install_filter(libc, filter_program(os.getpid()))


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    header, none = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    if libc.capset(ctypes.c_char_p(header), ctypes.c_char_p(none)) != 0:
        raise Refused("the kernel does not drop capabilities")


def _close_all_but(keep: set[int]) -> None:
    start = 0
    for number in sorted(keep):
        if start < number:  # an empty range from 0 is taken for all
            os.closerange(start, number)
        start = number + 1
    os.closerange(start, 4096)


def _limit(limits: Limits) -> None:
    with open("/proc/self/statm") as file:  # noqa: PTH123
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    bounds = {
        resource.RLIMIT_CPU: (limits.cpu_seconds, limits.cpu_seconds + 1),
        resource.RLIMIT_AS: mapped + limits.memory_mb * _MEGABYTE,
        resource.RLIMIT_FSIZE: limits.file_mb * _MEGABYTE,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_NPROC: limits.threads,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_STACK: 8 * _MEGABYTE,
    }
    for which, bound in bounds.items():
        soft, hard = bound if isinstance(bound, tuple) else (bound, bound)
        _, most = resource.getrlimit(which)
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(which, (soft, hard))
