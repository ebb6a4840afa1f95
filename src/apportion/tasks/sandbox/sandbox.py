"""The sandbox from outside: a program and its tests go in, a verdict comes out."""

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Literal

from apportion.errors import UserError
from apportion.tasks.sandbox.isolation import Limits

Outcome = Literal[
    "passed", "wrong", "raised", "missing", "syntax", "timeout", "memory", "output", "files", "exited", "crashed",
    "forbidden",
]  # fmt: skip
"""How a program fared. Only "passed" is good; "wrong" failed a test, "missing" lacks a function that is tested,
"memory", "output" and "files" passed a limit, "forbidden" was stopped at the sandbox's wall and gave up."""

_SOURCE = Path(__file__).parents[2]
# The package's own __init__ would load what a study needs; the zygote needs this folder alone
_START = """
import sys, types
package = types.ModuleType("apportion")
package.__path__ = [sys.argv[1]]
sys.modules["apportion"] = package
from apportion.tasks.sandbox.zygote import main
main()
"""
_PROBE = """
import os, socket
def reached():
    attempts = {
        "a file outside": lambda: open("/etc/passwd").read(1),
        "a folder outside": lambda: os.listdir("/usr/lib") ,
        "a new file outside": lambda: open("/tmp/../tmp/apportion-probe", "w"),
        "a socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "a local socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        "a new process": os.fork,
        "a signal to its parent": lambda: os.kill(os.getppid(), 0),
    }
    found = []
    for name, attempt in attempts.items():
        try:
            attempt()
            found.append(name)
        except (OSError, ValueError):
            pass
    open("inside", "w").write("x")
    os.unlink("inside")
    return found
"""
_START_SECONDS = 60
_GRACE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a program, and one line on why."""

    outcome: Outcome
    detail: str


class Sandbox:
    """A warm sandbox; programs run in it one after the other. Use it in a `with` block, or `shared_sandbox`.

    `limits` hold for each program. `unprivileged` gives up root before the layers are chosen; a layer named in
    `without` is not used. Raises `UserError` where programs cannot be isolated, before any program runs.
    """

    def __init__(
        self, limits: Limits | None = None, *, unprivileged: bool = False, without: Iterable[str] = ()
    ) -> None:
        self.limits = Limits() if limits is None else limits
        if not sys.platform.startswith("linux"):
            raise _refusal(f"the system {sys.platform}, which has neither seccomp nor Landlock")
        self._base = tempfile.mkdtemp(prefix="apportion-sandbox-")
        if unprivileged and os.geteuid() == 0:
            os.chown(self._base, 65534, 65534)
        self._control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # no -I: the environment is written here, and it fixes the order of sets
        command = [sys.executable, "-P", "-s", "-S", "-B", "-c", _START, str(_SOURCE)]
        environment = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
        environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        with other:
            self._process = subprocess.Popen(
                command,
                stdin=other.fileno(),
                env=environment,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the study, which then ends the sandbox
            )
        settings = {"base": self._base, "packages": _packages(), "unprivileged": unprivileged}
        try:
            self._control.send(json.dumps(settings | {"without": sorted(without)}).encode())
            answer = self._received(_START_SECONDS)
            if "refused" in answer:
                raise _refusal(answer["refused"])
            self.layers: tuple[str, ...] = tuple(answer["layers"])
            self._probe()
        except BaseException:
            self.close()
            raise

    def run(self, program: str, tests: str, *, setup: str = "", entry_point: str | None = None) -> Verdict:
        """Return whether a program passes tests: a Python text whose names the program is to define.

        `setup` is trusted text that the tests need, run beside them; `entry_point` is the name of a function
        that is the program's although the setup defines one too. Tests call the program's functions in another
        process: arguments and results are plain values, copied; a change that a function makes to an argument
        is not seen by the tests.
        """
        verdict = self._judged(program, tests, setup, entry_point)
        return Verdict(verdict["outcome"], verdict["detail"])  # pyright: ignore[reportArgumentType]

    def close(self) -> None:
        """End the zygote and remove the sandbox's folder."""
        self._control.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._base, ignore_errors=True)

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _judged(self, program: str, tests: str, setup: str, entry_point: str | None) -> dict[str, str]:
        job = json.dumps({"setup": setup, "tests": tests, "entry_point": entry_point}).encode()
        files = [
            _memory_file(program.encode("utf-8", "surrogatepass")),
            _memory_file(len(job).to_bytes(4, "big") + job),
        ]
        try:
            socket.send_fds(self._control, [json.dumps(asdict(self.limits)).encode()], files)
        finally:
            for file in files:
                os.close(file)
        verdict = self._received(self.limits.wall_seconds + _GRACE_SECONDS)
        if verdict["outcome"] == "broken":
            raise RuntimeError(verdict["detail"])
        return verdict

    def _received(self, seconds: float) -> dict:
        self._control.settimeout(seconds)
        try:
            message = self._control.recv(1 << 16)
        except TimeoutError:
            message = b""
        if not message:
            found = "a sandbox that ended or hangs, as when the machine ran out of memory"
            raise UserError("sandbox", found, "a verdict", "Run the study again; what is done stays done.")
        return json.loads(message)

    def _probe(self) -> None:
        try:
            verdict = self.run(_PROBE, "assert reached() == [], str(reached())")
        except RuntimeError as error:
            raise _refusal(f"a layer that fails ({error})") from None
        if verdict.outcome != "passed":
            raise _refusal(f"a probe that was not held: {verdict.outcome}, {verdict.detail}")


_shared: dict[int, Sandbox] = {}


def shared_sandbox() -> Sandbox:
    """Return this process's sandbox with the default limits, started at the first call and ended at exit.

    A forked process gets one of its own.
    """
    here = os.getpid()
    if here not in _shared:
        _shared[here] = Sandbox()
        atexit.register(_close_shared, here)
    return _shared[here]


def _close_shared(pid: int) -> None:
    if pid == os.getpid() and pid in _shared:
        _shared.pop(pid).close()


def _packages() -> list[str]:
    """Return the folder that NumPy is in, if there is one: model-written code often imports it."""
    numpy = find_spec("numpy")
    return [] if numpy is None or numpy.origin is None else [str(Path(numpy.origin).parents[1])]


def _memory_file(data: bytes) -> int:
    file = os.memfd_create("apportion")
    with os.fdopen(os.dup(file), "wb") as stream:
        stream.write(data)
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _refusal(found: str) -> UserError:
    return UserError(
        "sandbox for model-written code",
        found,
        "Linux 5.13 or newer with seccomp and Landlock, or root with the right to chroot",
        "Run this task on such a machine or in a container that allows them; see docs/tasks.md.",
    )
