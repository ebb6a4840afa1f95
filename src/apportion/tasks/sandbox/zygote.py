"""The zygote: a warm interpreter that forks a candidate and a tester per program, watches them and kills them.

It runs nothing of a program and reads nothing of the tests: both come as open files that only the children read, so
a candidate finds no test in the memory that it was forked with. It imports nothing of Apportion but this package.
"""

import builtins
import ctypes
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from typing import Any

from apportion.tasks.sandbox import candidate, tester
from apportion.tasks.sandbox.isolation import NOBODY, Layers, Limits, c_library, confine, prepare
from apportion.tasks.sandbox.system_calls import Refused

# What a program may import must be loaded before it starts: afterwards there are no files. Left out is what has
# side effects, is a program of its own, or is gone in a later Python.
_LEFT_OUT = {
    "antigravity", "ensurepip", "idlelib", "lib2to3", "multiprocessing", "pip", "this", "tkinter", "turtle",
    "turtledemo", "venv", "distutils", "crypt", "imp", "msilib", "nis", "ossaudiodev", "spwd", "cgitb", "curses",
    "readline", "rlcompleter", "pydoc_data", "webbrowser", "winreg", "winsound", "msvcrt", "nt", "test", "site",
}  # fmt: skip
_INSIDE = (
    "collections.abc", "concurrent.futures.thread", "email.mime.text", "email.message", "html.parser",
    "importlib.resources", "json.tool", "os.path", "unittest.mock", "urllib.parse", "urllib.request",
    "xml.dom.minidom", "xml.etree.ElementTree", "encodings.ascii", "encodings.cp1252", "encodings.cp437",
    "encodings.hex_codec", "encodings.idna", "encodings.latin_1", "encodings.punycode",
    "encodings.raw_unicode_escape", "encodings.rot_13", "encodings.unicode_escape", "encodings.utf_16",
    "encodings.utf_32", "encodings.utf_8_sig", "numpy", "numpy.fft", "numpy.linalg", "numpy.random",
)  # fmt: skip
_TICK = 0.05
_GRACE = 0.3  # for a child to end by itself once it has closed its pipe
_Verdict = dict[str, str]


@dataclass(slots=True)
class _Run:
    """One program under way: its two processes and what the zygote reads of them."""

    candidate: int
    tester: int
    output: int
    verdict: int
    folder: str
    printed: int = 0


def main() -> None:
    """Answer requests on standard input, a socket, until the other end closes it."""
    control = socket.socket(fileno=0)
    settings = json.loads(control.recv(1 << 16))
    _load_modules(settings["packages"])
    libc = c_library()
    os.environ.clear()
    if settings["unprivileged"] and os.geteuid() == 0:
        _become_nobody(libc)
    try:
        layers = prepare(libc, settings["without"])
    except (Refused, OSError) as error:
        control.send(json.dumps({"refused": str(error)}).encode())
        return
    libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: nothing that was started outlives its run
    gc.collect()
    gc.freeze()
    control.send(json.dumps({"layers": layers.names}).encode())
    try:
        _answer_requests(libc, layers, settings["base"], control)
    except ConnectionError:  # who asked has gone in the meantime
        pass
    finally:
        shutil.rmtree(settings["base"], ignore_errors=True)


def _answer_requests(libc: ctypes.CDLL, layers: Layers, base: str, control: socket.socket) -> None:
    while True:
        message, files, _, _ = socket.recv_fds(control, 1 << 16, 2)
        if not message:
            return
        verdict = _run(libc, layers, Limits(**json.loads(message)), base, files)
        control.send(json.dumps(verdict).encode())


def _load_modules(packages: list[str]) -> None:
    sys.path += packages
    warnings.simplefilter("ignore")
    names = sorted(n for n in sys.stdlib_module_names if not n.startswith("_") and n not in _LEFT_OUT)
    for name in (*names, *_INSIDE):
        try:
            importlib.import_module(name)
        except ImportError:  # of another platform, or NumPy where it is not installed
            continue
    for name in ("exit", "quit"):  # which `site` would have put there
        setattr(builtins, name, sys.exit)
    sys.path.clear()
    sys.path_importer_cache.clear()


def _become_nobody(libc: ctypes.CDLL) -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    libc.prctl(4, 1, 0, 0, 0)  # dumpable again, so that it may write its own map of users


def _run(libc: ctypes.CDLL, layers: Layers, limits: Limits, base: str, files: list[int]) -> _Verdict:
    folder = tempfile.mkdtemp(dir=base)
    if layers.nobody:
        os.chown(folder, NOBODY, NOBODY)
    try:
        run = _start(libc, layers, limits, folder, files)
        try:
            return _watched(run, limits)
        finally:
            _end(run)
    finally:
        for file in files:
            os.close(file)
        shutil.rmtree(folder, ignore_errors=True)


def _start(libc: ctypes.CDLL, layers: Layers, limits: Limits, folder: str, files: list[int]) -> _Run:
    program, tests = files
    calls_out, calls_in = os.pipe()
    answers_out, answers_in = os.pipe()
    output_out, output_in = os.pipe()
    verdict_out, verdict_in = os.pipe()

    def as_candidate() -> None:
        os.dup2(output_in, 1)
        os.dup2(output_in, 2)
        confine(libc, layers, limits, folder, (program, calls_out, answers_in))
        candidate.main(program, calls_out, answers_in)

    def as_tester() -> None:
        confine(libc, layers, limits, folder, (tests, calls_in, answers_out, verdict_in))
        tester.main(tests, calls_in, answers_out, verdict_in, limits.answer_bytes)

    run = _Run(
        _forked(as_candidate, output_in), _forked(as_tester, verdict_in), output_out, verdict_out, folder
    )
    for number in (calls_out, calls_in, answers_out, answers_in, output_in, verdict_in):
        os.close(number)
    return run


def _forked(work: Any, report: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        null = os.open("/dev/null", os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        work()
    except BaseException as error:
        os.write(report, f"\0sandbox: {type(error).__name__}: {error}".encode())
    finally:
        os._exit(70)


def _watched(run: _Run, limits: Limits) -> _Verdict:
    """Return the verdict, or the limit that was passed first."""
    deadline = time.monotonic() + limits.wall_seconds
    poll = select.poll()
    poll.register(run.output, select.POLLIN)
    poll.register(run.verdict, select.POLLIN)
    written = bytearray()
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return _verdict("timeout", f"{limits.wall_seconds} seconds on the wall clock")
        events = dict(poll.poll(1000 * min(left, _TICK)))
        if run.output in events and not _drained(run):
            poll.unregister(run.output)
        if run.printed > limits.output_bytes:
            return _verdict("output", f"more than {limits.output_bytes} bytes")
        if _folder_is_full(run.folder, limits):
            return _verdict("files", "more or larger files than allowed")
        if run.verdict in events:
            part = os.read(run.verdict, 1 << 16)
            written += part
            if not part:
                return _settled(run, bytes(written), limits)


def _drained(run: _Run) -> bool:
    """Count what the program printed; False at the end of its output."""
    part = os.read(run.output, 1 << 16)
    run.printed += len(part)
    return bool(part)


def _folder_is_full(folder: str, limits: Limits) -> bool:
    count = size = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            count += 1
            size += _size(entry)
            if count > limits.files or size > limits.folder_mb << 20:
                return True
    return False


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        return 512 * entry.stat(follow_symlinks=False).st_blocks
    except FileNotFoundError:
        return 0


def _settled(run: _Run, written: bytes, limits: Limits) -> _Verdict:
    """Return the tester's verdict; where a process ended without its word, what its end tells."""
    if len(written) > 4 and not written.startswith(b"\0sandbox"):
        verdict = json.loads(written[4:])
        if verdict["outcome"] != "gone":
            return verdict
        return _end_of_candidate(run, verdict["detail"], limits)
    if written.startswith(b"\0sandbox"):
        return _verdict("broken", written[1:].decode(errors="replace"))
    how = _status(run.tester)
    run.tester = 0
    if how is not None and os.WIFSIGNALED(how) and os.WTERMSIG(how) in (signal.SIGXCPU, signal.SIGKILL):
        return _verdict("timeout", "the tests used up their time on the answers")
    return _verdict("wrong", "an answer that the tests could not hold")


def _end_of_candidate(run: _Run, detail: str, limits: Limits) -> _Verdict:
    how = _status(run.candidate)
    if how is None:
        return _verdict("exited", f"the program closed its connection ({detail})")
    run.candidate = 0
    if os.WIFSIGNALED(how):
        number = os.WTERMSIG(how)
        if number in (signal.SIGXCPU, signal.SIGKILL):
            return _verdict("timeout", f"{limits.cpu_seconds} seconds of computing")
        return _verdict("crashed", signal.Signals(number).name)
    return _verdict("exited", f"status {os.WEXITSTATUS(how)} ({detail})")


def _status(pid: int) -> int | None:
    """Return how a process ended, None if it has not done so shortly."""
    deadline = time.monotonic() + _GRACE
    while time.monotonic() < deadline:
        found, how = os.waitpid(pid, os.WNOHANG)
        if found:
            return how
        time.sleep(0.002)
    return None


def _end(run: _Run) -> None:
    """Kill both processes with their groups, and reap all children."""
    for pid in (run.candidate, run.tester):
        if pid:
            _kill_group(pid)
    for number in (run.output, run.verdict):
        os.close(number)
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:  # not yet the leader of its group
        os.kill(pid, signal.SIGKILL)


def _verdict(outcome: str, detail: str) -> _Verdict:
    return {"outcome": outcome, "detail": detail[:200]}
