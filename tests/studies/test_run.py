"""A whole tiny study, for real: the same bytes however it is run, killed or damaged."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from tests.processes import descendants
from tests.studies.tiny import TINY, outcomes, run, start, write_study

from apportion.cli.app import main
from apportion.studies.outcomes import write_outcomes
from apportion.studies.runner import run_study
from apportion.studies.stages import graph_of
from apportion.studies.store import Store
from apportion.studies.study_file import read_study


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study that ran once, with two workers; tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run(write_study(folder), folder / "out", "--workers", "2")
    return folder / "out"


def _copy(undisturbed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(undisturbed, tmp_path / "out"))


def _result(study: Path, out: Path) -> dict:
    output, _ = run(study, out, "--json")
    return json.loads(output)


def test_outcomes_hold_one_row_per_cell_item_and_metric(undisturbed: Path) -> None:
    table = pl.read_parquet(undisturbed / "outcomes.parquet")
    assert table.columns == [
        "cell", "task", "model", "n_demonstrations", "n_pairs", "method", "seed",
        "item", "metric", "score", "strict", "flexible", "error_class",
    ]  # fmt: skip
    assert table.select("cell", "item", "metric").is_unique().all()
    per_cell = table.group_by("n_demonstrations", "n_pairs", "method", "metric").len()
    recipes = set(per_cell.select("n_demonstrations", "n_pairs", "method").rows())
    assert recipes == {
        (0, 0, "base"), (4, 0, "sft"), (2, 2, "dpo"), (0, 4, "dpo"), (8, 0, "sft"),
        (4, 4, "dpo"), (4, 4, "sft-on-chosen"), (0, 8, "dpo"), (0, 8, "sft-on-chosen"),
    }  # fmt: skip
    sizes = {"accuracy": 12, "nll": 6, "preference_accuracy": 6}
    assert all(row["len"] == sizes[row["metric"]] for row in per_cell.to_dicts())


def test_one_worker_and_a_fresh_folder_give_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
    run(write_study(tmp_path), tmp_path / "other", "--workers", "1")
    assert outcomes(tmp_path / "other") == outcomes(undisturbed)


def test_a_second_run_trains_nothing(undisturbed: Path, tmp_path: Path) -> None:
    out = _copy(undisturbed, tmp_path)
    result = _result(write_study(tmp_path), out)
    assert (result["trained"], result["graded"]) == (0, 0)
    assert result["stages"] == 9  # sft 2, 4, 8; dpo (2, 2), (4, 4), (0, 4), (0, 8); the control twice
    assert result["stages_without_sharing"] == 11  # the SFT stage of 4 serves three cells
    assert outcomes(out) == outcomes(undisturbed)


def test_what_is_added_is_all_that_runs(undisturbed: Path, tmp_path: Path) -> None:
    out = _copy(undisturbed, tmp_path)
    wider = TINY.replace("budgets = [4, 8]", "budgets = [4, 8, 16]\nseeds = [0]")
    result = _result(write_study(tmp_path, wider), out)
    assert result["trained"] == 3  # sft 16, dpo (8, 8), dpo (0, 16): the SFT stage of 8 is there
    assert result["graded"] == 3
    narrower = _result(write_study(tmp_path), out)
    assert (narrower["trained"], narrower["graded"]) == (0, 0)
    assert outcomes(out) == outcomes(undisturbed)  # cells that are no longer named leave the outcomes


def test_a_changed_setting_makes_new_stages_and_leaves_the_old(undisturbed: Path, tmp_path: Path) -> None:
    out = _copy(undisturbed, tmp_path)
    before = {path.name for path in (out / "stages").iterdir()}
    output, errors = run(write_study(tmp_path, TINY + "learning_rate = 1e-5\n"), out, "--json")
    result = json.loads(output)
    assert result["trained"] == 4  # the preference stages; SFT stages and the control do not know of it
    assert before < {path.name for path in (out / "stages").iterdir()}
    assert "+learning_rate = 1e-5" in errors  # the change is shown


@pytest.mark.parametrize("damage", ["truncate", "alter", "remove", "marker"])
def test_a_damaged_file_is_found_named_and_redone(undisturbed: Path, tmp_path: Path, damage: str) -> None:
    out = _copy(undisturbed, tmp_path)
    weights = min(out.glob("stages/*/model.safetensors"))
    items = min(out.glob("cells/*/items.parquet"))
    for path in (weights, items):
        content = path.read_bytes()
        match damage:
            case "truncate":
                path.write_bytes(content[:-1])
            case "alter":
                path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
            case "remove":
                path.unlink()
            case _:
                (path.parent / "DONE").write_text("{")
    output, errors = run(write_study(tmp_path), out, "--json")
    result = json.loads(output)
    assert (result["trained"], result["graded"]) == (1, 1)
    for path in (weights, items):
        named = path.parent / "DONE" if damage == "marker" else path
        assert str(named.relative_to(out)) in errors
    assert outcomes(out) == outcomes(undisturbed)


def test_a_file_in_the_place_of_a_cell_or_stage_is_named_and_done_again(
    undisturbed: Path, tmp_path: Path
) -> None:
    out = _copy(undisturbed, tmp_path)
    places = min(out.glob("stages/*/model.safetensors")).parent, min(out.glob("cells/*"))
    for place in places:
        shutil.rmtree(place)
        place.write_text("x")
    output, errors = run(write_study(tmp_path), out, "--json")
    assert (json.loads(output)["trained"], json.loads(output)["graded"]) == (1, 1)
    for place in places:
        assert f"{place.relative_to(out)} is not a folder: it is done again" in errors
    assert outcomes(out) == outcomes(undisturbed)


def test_a_damaged_cell_leaves_the_outcomes_until_it_is_done_again(undisturbed: Path, tmp_path: Path) -> None:
    out = _copy(undisturbed, tmp_path)
    items = min(out.glob("cells/*/items.parquet"))
    items.write_bytes(items.read_bytes()[:-1])
    table = write_outcomes(Store(out), graph_of(read_study(write_study(tmp_path))))
    assert items.parent.name not in table["cell"].to_pylist()
    assert len(table) == 8 * 24


def test_outcomes_are_there_while_cells_are_being_graded(undisturbed: Path, tmp_path: Path) -> None:
    out, counts = _copy(undisturbed, tmp_path), []
    (out / "outcomes.parquet").unlink()
    for cell in sorted(out.glob("cells/*"))[:2]:
        shutil.rmtree(cell)

    def tell(line: str) -> None:
        if "/" in line.split(maxsplit=1)[0]:  # a unit has ended
            counts.append(pl.read_parquet(out / "outcomes.parquet")["cell"].n_unique())

    study = read_study(write_study(tmp_path))
    run_study(study, graph_of(study), out, workers=1, tell=tell)
    assert counts[0] == 8
    assert outcomes(out) == outcomes(undisturbed)


def test_two_runners_at_once_share_the_work(undisturbed: Path, tmp_path: Path) -> None:
    study, out = write_study(tmp_path), tmp_path / "out"
    both = [start(study, out, "--workers", "1", "--json") for _ in range(2)]
    results = []
    for process in both:
        output, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors
        results.append(json.loads(output))
    assert sum(result["trained"] for result in results) == 9
    assert sum(result["graded"] for result in results) == 9
    assert outcomes(out) == outcomes(undisturbed)


def _done(out: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in out.glob("*/*/DONE")}


def _kill_at_random_moments(study: Path, out: Path, kills: int, seed: int, span: float) -> None:
    """Kill the runner or one of its workers, with what is done never done again; then run to the end."""
    draw = random.Random(seed)
    for _ in range(kills):
        before = _done(out)
        process = start(study, out, "--workers", "2")
        time.sleep(draw.uniform(0.1, span))
        victims = [process.pid]
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            if draw.random() < 0.5:
                victims = descendants(process.pid) or victims
        with contextlib.suppress(ProcessLookupError):
            os.kill(draw.choice(victims), signal.SIGKILL)
        if victims != [process.pid]:
            time.sleep(draw.uniform(0.1, 1.0))
        process.kill()
        process.communicate()
        after = _done(out)
        assert {path: after.get(path) for path in before} == before
    run(study, out)


def test_kills_lose_nothing(undisturbed: Path, tmp_path: Path) -> None:
    study, out = write_study(tmp_path), tmp_path / "out"
    _kill_at_random_moments(study, out, kills=2, seed=0, span=12.0)
    assert outcomes(out) == outcomes(undisturbed)


@pytest.mark.parametrize(
    "name", ["outcomes.parquet", "progress.json", "cells/*/cell.json", "stages/*/stage.json"]
)
@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b"\x00\xff"])
def test_a_folder_with_a_damaged_file_is_told_in_one_line(
    undisturbed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, damage: bytes
) -> None:
    out = _copy(undisturbed, tmp_path)
    for path in out.glob(name):
        path.write_bytes(damage)
    codes = []
    for command in (["study", "status"], ["report"], ["findings"]):
        with pytest.raises(SystemExit) as ended:
            main([*command, str(out)])
        codes.append(ended.value.code)
        errors = capsys.readouterr().err
        assert ended.value.code in (None, 0) or errors.count("\n") == 1
    assert 2 in codes


@pytest.mark.parametrize(
    "make", [lambda p: p.write_text(""), lambda p: (p.mkdir(), (p / "stages").write_text(""))]
)
def test_an_out_folder_that_cannot_be_one_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Path], object]
) -> None:
    make(tmp_path / "out")
    with pytest.raises(SystemExit) as ended:
        main(["study", "run", str(write_study(tmp_path)), "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_interrupt_says_how_to_go_on_and_loses_nothing(undisturbed: Path, tmp_path: Path) -> None:
    study, out = write_study(tmp_path), tmp_path / "out"
    for after in (0.3, 2.0, 9.0):
        process = start(study, out)
        time.sleep(after)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        if process.returncode:
            assert process.returncode in (130, -signal.SIGINT)
            assert "Traceback" not in errors or after < 1
    run(study, out)
    assert outcomes(out) == outcomes(undisturbed)


def test_a_script_without_its_guard_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom apportion import graph_of, read_study, run_study\n"
        f"study = read_study(Path({str(write_study(tmp_path))!r}))\n"
        f"run_study(study, graph_of(study), Path({str(tmp_path / 'out')!r}), workers=1)\n"
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 1
    assert "__main__" in ended.stderr.splitlines()[-1]
    assert ended.stderr.count("Traceback") == 1


@pytest.mark.slow
def test_twenty_kills_lose_nothing(undisturbed: Path, tmp_path: Path) -> None:
    study, out = write_study(tmp_path), tmp_path / "out"
    _kill_at_random_moments(study, out, kills=20, seed=1, span=14.0)
    assert outcomes(out) == outcomes(undisturbed)


@pytest.mark.slow
def test_ray_gives_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the extra 'ray'")
    out = tmp_path / "out"
    run(write_study(tmp_path), out, "--engine", "ray", "--workers", "2")
    assert outcomes(out) == outcomes(undisturbed)


@pytest.mark.slow
def test_accelerate_trains_each_stage_on_two_processes(tmp_path: Path) -> None:
    """Two processes see half of each batch each: the same losses up to the order of additions."""
    small = TINY.replace("budgets = [4, 8]", "budgets = [8]").replace(
        "shares = [1, 0.5, 0]", "shares = [0.5]"
    )
    small = small.replace('controls = ["sft-on-chosen"]\ncontrol_budgets = [8]\n', "")
    config = Path(__file__).parents[2] / "studies" / "accelerate-two.yaml"
    run(write_study(tmp_path, small), tmp_path / "one")
    launched = f'{small}\n[engine]\naccelerate = "{config}"\n'
    run(write_study(tmp_path, launched, "launched.toml"), tmp_path / "two")
    curves = sorted((tmp_path / "two").glob("stages/*/training.jsonl"))
    assert len(curves) == 2
    for curve in curves:
        assert json.loads((curve.parent / "launch.json").read_text())["processes"] == 2
        alone = tmp_path / "one" / "stages" / curve.parent.name / "training.jsonl"
        pairs = zip(curve.read_text().splitlines(), alone.read_text().splitlines(), strict=True)
        for two, one in pairs:
            assert json.loads(two)["loss"] == pytest.approx(json.loads(one)["loss"], abs=1e-4)


@pytest.mark.slow
def test_a_launch_trains_what_was_read_though_the_study_file_changes(tmp_path: Path) -> None:
    config = Path(__file__).parents[2] / "studies" / "accelerate-two.yaml"
    small = TINY.replace("budgets = [4, 8]", "budgets = [8]").replace("shares = [1, 0.5, 0]", "shares = [1]")
    path = write_study(tmp_path, f'{small}\n[engine]\naccelerate = "{config}"\n')
    study = read_study(path)
    graph = graph_of(study)
    path.write_text(path.read_text().replace("epochs = 1", "epochs = 2").replace("[8]", "[6]"))
    result = run_study(study, graph, tmp_path / "out", workers=1)
    assert result.trained == 1
    assert {path.name for path in (tmp_path / "out").glob("stages/*/*.json")} >= {"launch.json", "stage.json"}
    assert not list((tmp_path / "out").glob("stages/*/run.json"))


def test_status_and_report_read_what_a_run_leaves(
    undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["study", "status", str(undisturbed), "--json"])
    assert ended.value.code in (0, None)
    status = json.loads(capsys.readouterr().out)
    assert (status["stages_done"], status["cells_done"], status["running"]) == (13, 9, False)
    assert status["units"] == status["units_done"] == 22
    assert "<html" in (undisturbed / "report.html").read_text()
    evidence = [json.loads(path.read_text()) for path in undisturbed.glob("stages/*/stage.json")]
    divergences = [stage["evidence"]["kl_per_token"] for stage in evidence if stage["kind"] == "preference"]
    assert len(divergences) == 4
    assert all(value > 0 for value in divergences)
