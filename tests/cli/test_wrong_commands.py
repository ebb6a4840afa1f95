"""Wrong commands that a newcomer types: each gets one line that says what to do next, and exit status 2."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from apportion.cli.app import _stopped, main
from apportion.errors import disk_error

RUNS = "n_demonstrations,n_pairs,score\n0,0,0.1\n100,0,0.3\n200,0,0.4\n100,100,0.5\n"
BUDGET = "--budget 2000 --price-demonstration 2 --price-pair 1"

WRONG = {
    "a command with a typo": ("studdy run mine.toml", 'Did you mean "study"'),
    "a subcommand with a typo": ("study rnu mine.toml", 'Did you mean "run"'),
    "a subcommand alone": ("train events.csv", "apportion signed train"),
    "an option with a typo": ("study run mine.toml --dryrun", "Did you mean --dry-run?"),
    "a word for a number": ("study run mine.toml --workers two", "apportion study run --help"),
    "a value with a typo": ("study run mine.toml --engine rayy", 'Did you mean "ray"'),
    "one word too many": ("report runs/a runs/b", "apportion report --help"),
    "a study file with a typo": ("study run mien.toml", "Did you mean mine.toml?"),
    "a study file that is no TOML": ("study run broken.toml", "line 2"),
    "a key with a typo": ("study run key.toml", "Did you mean 'budgets'?"),
    "a task with a typo": ("study run task.toml", "Did you mean 'world'?"),
    "a preset with a typo": ("study run preset.toml", "Did you mean 'world'?"),
    "a model that is nowhere": ("study run model.toml --dry-run", "model not there yet"),
    "a plan without a budget": ("plan runs.csv", "apportion plan runs.csv --budget 2000"),
    "a plan with a budget misspelt": (
        "plan runs.csv --bugdet 1000",
        "there is no --bugdet, and --budget is missing",
    ),
    "table and budget swapped": (
        "plan --budget runs.csv 2000 --price-demonstration 2 --price-pair 1",
        "The table comes first: apportion plan runs.csv --budget",
    ),
    "a plan before its study": (f"plan runs/mine {BUDGET}", "apportion study run FILE.toml"),
    "a plan of an empty folder": (f"plan empty {BUDGET}", "Run the study first"),
    "a fit of a table of something else": ("fit people.csv", "Name the column n_demonstrations"),
    "a fit of a PDF": ("fit paper.pdf", "found a PDF"),
    "a report of no study": ("report empty", "apportion study run"),
    "a report of a file": ("report runs.csv", "apportion study run"),
    "a check of a PDF": ("data check paper.pdf", "Rename or convert"),
    "a check of no file": ("data check pairs.jsonl", "Check the path"),
    "a set with a typo": ("data fetch gsm8k-trian", "Did you mean gsm8k_train?"),
    "events of another form": ("signed train people.csv --out model", "source,target,rating,time"),
    "a signed model with a typo": (
        "signed train events.csv --out model --model sembra",
        "Did you mean semba",
    ),
    "a prediction before its model": ("signed predict model --pairs pairs.csv", "apportion signed train"),
    "an import without sizes": ("outcomes import results.json --out runs.csv", "--n-demonstrations 100"),
    "an export of no study": ("outcomes export empty --out runs.csv", "apportion study run"),
    "a file where a folder should be": ("tour --out runs.csv", "Name another"),
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what a newcomer has lying about."""
    for name, text in {
        "mine.toml": "budgets = [64]\n",
        "broken.toml": "budgets = [1\nshares = \n",
        "key.toml": "budgts = [64]\n",
        "task.toml": 'budgets = [64]\n[task]\nname = "wrld"\n',
        "preset.toml": 'budgets = [64]\npreset = "wrld"\n',
        "model.toml": 'budgets = [64]\n[model]\nsource = "nowhere.gguf"\n',
        "runs.csv": RUNS,
        "results.json": "{}",
        "people.csv": "name,age\nTom,3\n",
        "events.csv": "".join(f"{i % 7},{i % 5 + 7},{1 if i % 3 else -1},{i}\n" for i in range(60)),
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_command_is_told_in_one_line_what_to_type(
    desk: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    command, part = WRONG[name]
    before = sorted(path for path in desk.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    shown = capsys.readouterr()
    if "--dry-run" in command:  # the rest is told all the same
        assert part in shown.out
        return
    assert ended.value.code == 2
    assert part in shown.err
    assert shown.err.startswith("apportion: ")
    assert shown.err.count("\n") == 1
    assert shown.out == ""
    assert sorted(path for path in desk.rglob("*")) == before


def run(*arguments: str, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "apportion", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **how,
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(desk: Path) -> None:
    (desk / "shut").mkdir(mode=0o555)
    ended = run("signed", "generate", "--out", "shut/network.csv", "--users", "20", "--events", "100")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "permission" in ended.stderr.lower()


@pytest.mark.parametrize(
    ("ending", "part"), [("csv", "Name another: --out FILE"), ("parquet", "Raise it (ulimit -f) and go on")]
)
def test_a_full_disk(desk: Path, ending: str, part: str) -> None:
    """A limit on the size of files stands for a full disk: writing fails half-way."""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    ended = run("signed", "generate", "--out", f"network.{ending}", "--users", "99", "--events", "5000",
                preexec_fn=limited)  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert part in ended.stderr


def test_errors_of_the_disk_in_whatever_form() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "stages/x")
    assert "stages/x: found no room left" in str(disk_error(full))
    foreign = RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")
    assert "the disk: found no room left" in str(disk_error(foreign))
    assert disk_error(RuntimeError("any other")) is None
    assert disk_error(OSError(errno.EIO, "Input/output error")) is None


@pytest.mark.parametrize("command", ["study run mine.toml", "tour --quiet"])
def test_a_command_that_trains_without_the_extra(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    monkeypatch.setattr("apportion.studies.engines.preload", lambda threads: None)
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert ended.value.code == 2
    shown = capsys.readouterr().err.splitlines()
    assert shown[-1].endswith("Type: pip install 'apportion[train]'")
    assert len(shown) == 1


def test_ctrl_c(desk: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "apportion", "world", "build", "--out", str(desk / "base")],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    while "torch" not in Path(f"/proc/{process.pid}/maps").read_text() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert output == ""
    assert errors.splitlines() == ["apportion: stopped; the same command begins anew"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("study run mine.toml", "goes on where this one was"),
        ("data fetch bitcoin-otc", "goes on where this one was"),
        ("study status mine", "begins anew"),
        ("signed train events.csv --out model", "begins anew"),
    ],
)
def test_what_ctrl_c_leaves(command: str, said: str) -> None:
    assert _stopped(command.split()) == f"apportion: stopped; the same command {said}"
