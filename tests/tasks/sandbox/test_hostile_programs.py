"""Hostile programs are stopped, touch nothing outside their folder, and never count as passed."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.tasks.sandbox.hostile import ATTACKS, CHEATS, REACH

from apportion.tasks.sandbox.isolation import NOBODY, Limits
from apportion.tasks.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")
TESTS = "assert f(20) == 21\nassert f(20) == 21\n"
LIMITS = Limits(cpu_seconds=2, wall_seconds=8, memory_mb=256, output_bytes=1 << 18, files=64)


@dataclass(frozen=True)
class Outside:
    """What a program could reach if it were not held."""

    place: Path
    port: int
    victim: subprocess.Popen
    calls: list[object]

    def filled(self, text: str) -> str:
        """Return a program with the real names of these things."""
        found = {"PLACE": str(self.place), "PORT": str(self.port), "VICTIM": str(self.victim.pid)}
        for name, value in found.items():
            text = text.replace(name, value)
        return text

    def is_untouched(self) -> bool:
        """Return whether nothing of it has changed."""
        secret = self.place / "secret"
        assert {path.name for path in self.place.iterdir()} == {"secret", "socket"}
        assert secret.read_text() == "secret" and secret.stat().st_mode & 0o777 == 0o666
        assert secret.stat().st_mtime > 1000
        assert self.victim.poll() is None
        assert self.calls == []
        return True


@pytest.fixture(scope="module")
def outside():
    """A folder, a port and a process that would be open to the program's user."""
    # not under pytest's own folder, which no other user can enter: there an attack would fail by itself
    place = Path(tempfile.mkdtemp(prefix="outside-"))
    place.chmod(0o777)
    (place / "secret").write_text("secret")
    (place / "secret").chmod(0o666)
    listener, local = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)
    os.environ["APPORTION_SECRET"] = "1"
    old = Path.cwd()
    os.chdir(place)  # the path of a local socket is limited to 108 bytes
    local.bind("socket")
    os.chdir(old)
    (place / "socket").chmod(0o777)
    local.listen()
    calls: list[object] = []

    def accept(server):
        while True:
            try:
                connection, address = server.accept()
            except OSError:
                return
            calls.append(address)
            connection.close()

    for server in (listener, local):
        threading.Thread(target=accept, args=(server,), daemon=True).start()
    user = NOBODY if os.geteuid() == 0 else None
    victim = subprocess.Popen(["/bin/sleep", "600"], user=user)
    yield Outside(place, listener.getsockname()[1], victim, calls)
    del os.environ["APPORTION_SECRET"]
    victim.kill()
    victim.wait()
    for server in (listener, local):
        server.shutdown(socket.SHUT_RDWR)
        server.close()
    shutil.rmtree(place)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nothing_outside_is_reached(shared, outside, attack):
    program = outside.filled(REACH.replace("ATTACK", attack))
    verdict = shared.run(program, "assert reached() == [], reached()")
    assert verdict.outcome == "passed", verdict
    assert outside.is_untouched()


WAYS = {
    "an ordinary user": {"unprivileged": True},
    "Landlock alone": {"unprivileged": True, "without": ["chroot", "network"]},
    "chroot alone": {"without": ["landlock", "network"]},
}


@pytest.mark.parametrize("way", WAYS)
def test_fewer_layers_hold_too(outside, way):
    if way == "chroot alone" and os.geteuid() != 0:
        pytest.skip("chroot without a namespace takes root")
    calls = "".join(f"\n    found += [{name!r}] if reached({i}) else []" for i, name in enumerate(ATTACKS))
    lambdas = ", ".join(f"lambda: {attack}" for attack in ATTACKS.values())
    program = REACH.replace("reached()", "reached(i)").replace("ATTACK", f"({lambdas})[i]()")
    program += f"\ndef everything():\n    found = []{calls}\n    return found\n"
    with Sandbox(LIMITS, **WAYS[way]) as sandbox:
        verdict = sandbox.run(outside.filled(program), "assert everything() == [], everything()")
        assert verdict.outcome == "passed", (verdict, sandbox.layers)
        assert outside.is_untouched()
        assert sandbox.run("def f(x): return x + 1", TESTS).outcome == "passed"


@pytest.mark.parametrize(("program", "outcomes"), CHEATS.values(), ids=CHEATS)
def test_no_hostile_program_passes(outside, shared, program, outcomes):
    verdict = shared.run(outside.filled(program), TESTS)
    # on a loaded machine the two seconds of computing can end any program before the limit that it is written for
    assert verdict.outcome in outcomes | {"timeout"}, verdict
    assert outside.is_untouched()
    assert shared.run("def f(x): return x + 1", TESTS).outcome == "passed"


@pytest.fixture(scope="module")
def shared():
    """One sandbox for all programs that do not depend on its layers."""
    with Sandbox(LIMITS) as made:
        yield made


def test_the_attacks_succeed_without_a_sandbox(outside, tmp_path):
    """Most of them: a test of an attack that cannot work anywhere would prove nothing."""
    starts = (
        "reads the u",
        "reads a file",
        "connects",
        "listens",
        "shares",
        "starts a shell",
        "makes a pipe",
    )
    harmless = [attack for name, attack in ATTACKS.items() if name.startswith(starts)]
    assert len(harmless) == 8
    for attack in harmless:
        program = outside.filled(REACH.replace("ATTACK", attack)) + "\nprint(reached())"
        run = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True
        )
        assert run.stdout.strip() != "[]" and "odd" not in run.stdout, (attack, run)
    outside.calls.clear()


def test_nothing_is_left_behind(shared):
    base = Path(shared._base)
    shared.run("open('file', 'w').write('x')\ndef f(x): return 0", TESTS)
    assert list(base.iterdir()) == []
    children = Path(f"/proc/{shared._process.pid}/task/{shared._process.pid}/children").read_text().split()
    assert children == []


def test_the_sandbox_cleans_up_when_its_owner_is_killed(tmp_path):
    program = (
        "import os, signal\n"
        "from apportion.tasks.sandbox.sandbox import Sandbox\n"
        "sandbox = Sandbox()\n"
        "print(sandbox._process.pid, sandbox._base, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    pid, base = run.stdout.split()
    for _ in range(200):
        if not Path(base).exists():
            break
        time.sleep(0.05)
    assert not Path(base).exists()
    command = Path(f"/proc/{pid}/cmdline")
    assert not command.exists() or b"zygote" not in command.read_bytes()
