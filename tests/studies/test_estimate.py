"""A dry run says what the run will do."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.studies.tiny import TINY, write_study

from apportion.cli.app import main
from apportion.errors import UserError
from apportion.judgements import rows
from apportion.studies.estimate import estimate, estimate_lines
from apportion.studies.stages import graph_of
from apportion.studies.study import TASKS
from apportion.studies.study_file import read_study
from apportion.tasks.world import WorldSettings

STUDIES = {
    "tiny": TINY,
    "seeds and losses": TINY.replace("methods", "seeds = [0, 1]\nmethods").replace(
        '["dpo"]', '["dpo", "ipo"]'
    ),
    "prices": TINY + "\n[prices]\npair = 0.5\n",
    "one draw": "data_seed = 3\n" + TINY,
}


@pytest.mark.parametrize("name", STUDIES)
def test_the_stages_counted_are_the_stages_of_the_graph(name: str, tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, STUDIES[name]))
    found, graph = estimate(study), graph_of(study)
    assert found.stages == len(graph.trainings)
    assert found.stages_without_sharing == graph.asked_for
    assert found.cells == sum(unit.kind == "cell" for unit in graph.units.values())


def test_money_is_counts_times_prices(tmp_path: Path) -> None:
    found = estimate(read_study(write_study(tmp_path, STUDIES["prices"])))
    assert (found.labels.n_demonstrations, found.labels.n_pairs, found.labels_usd) == (8, 16, 16.0)
    assert all(one.cost_usd == one.n_demonstrations + one.n_pairs / 2 for one in found.recipes)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("pairs = 40", "pairs = 5", "pairs: found 5 in the pool; expected at least 8"),
        (
            "demonstrations = 40",
            "demonstrations = 7",
            "demonstrations: found 7 in the pool; expected at least 8",
        ),
        (
            "problems = 12\nanswers = 6\ncomparisons = 6",
            "problems = 0\nanswers = 0\ncomparisons = 0",
            "held out",
        ),
    ],
)
@pytest.mark.parametrize("json_asked_for", [False, True])
def test_what_the_run_would_refuse_the_dry_run_refuses_after_its_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, part: str, json_asked_for: bool
) -> None:
    assert old in TINY
    study = write_study(tmp_path, TINY.replace(old, new))
    with pytest.raises(SystemExit) as ended:
        main(["study", "run", str(study), "--dry-run", "--no-probe", *["--json"] * json_asked_for])
    shown = capsys.readouterr()
    assert ended.value.code == 2
    assert part in shown.err
    assert shown.err.count("\n") == 1
    if json_asked_for:
        assert json.loads(shown.out)["cells"] == 9
    else:
        assert "labels to own: 8 demonstrations and 8 pairs" in shown.out


def test_time_is_tokens_over_speeds(tmp_path: Path) -> None:
    hardware = """
    [hardware]
    train_tokens_per_second = 10
    decode_tokens_per_second = 100
    usd_per_hour = 3.6
    tokens_per_demonstration = 30
    tokens_per_pair = 60
    decoded_tokens_per_cell = 200
    """
    one_cell = "budgets = [8]\nshares = [1]\nbase = false\n" + TINY.partition("control_budgets = [8]\n")[2]
    found = estimate(read_study(write_study(tmp_path, one_cell + hardware)))
    assert found.time is not None
    assert found.time.tokens_trained == 8 * 3 * 30  # three steps of all eight rows
    assert found.time.seconds == 8 * 3 * 30 / 10 + 200 / 100
    assert found.time.machine_usd == pytest.approx(found.time.seconds / 1000)


def test_as_json_it_is_one_document_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = write_study(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(
            ["study", "run", str(study), "--out", str(tmp_path / "out"), "--dry-run", "--no-probe", "--json"]
        )
    assert not ended.value.code
    assert json.loads(capsys.readouterr().out)["cells"] == 9
    assert [path.name for path in tmp_path.iterdir()] == [study.name]


GENERATED = ("world", "new-knowledge")
SHIPPED = sorted((Path(__file__).parents[2] / "studies").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_study_is_read(path: Path) -> None:
    assert read_study(path).cells()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_study_has_a_dry_run_and_a_price(
    path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = read_study(path)
    if study.task_name == "world":
        bought = list(study.bought())
        most = {
            "demonstrations": max(b.n_demonstrations for b in bought),
            "pairs": max(b.n_pairs for b in bought),
        }
        study = replace(study, task=WorldSettings(problems=9, answers=9, comparisons=9, **most))
    elif "hf:" not in path.read_text(encoding="utf-8"):
        request.getfixturevalue("data_folder")
    monkeypatch.setattr(rows, "_hub_rows", _out_of_reach)
    found = estimate(study)
    found.refuse()
    buys = any(b.n_demonstrations + b.n_pairs for b in study.bought())  # a control of lessons alone does not
    assert (found.labels_usd > 0) is buys
    assert (found.data_fault is None) == (found.pools is not None)
    assert found.time is not None or study.task_name in GENERATED
    if found.time is not None and path.stem.endswith("-8b"):
        assert found.time.machine_usd > 0
    assert estimate_lines(found)


def _out_of_reach(source: str) -> list:
    raise UserError(source, "no connection", "the hub", "Try again.")


def test_every_task_has_studies_for_a_small_and_for_a_large_model() -> None:
    names = {"small": set(), "large": set()}
    for path in SHIPPED:
        study = read_study(path)
        size = "large" if "8B" in study.model.source else "small"
        names[size].add(study.task_name)
    assert names["small"] >= set(TASKS) - {"files"}
    assert names["large"] >= set(TASKS) - {"files", "world"}


def test_a_model_that_is_not_there_yet_is_said_and_the_rest_is_reckoned(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, TINY + '\n[model]\nsource = "nowhere.gguf"\n'))
    found = estimate(study)
    assert found.model_fault is not None and "no such file" in found.model_fault
    assert found.labels.n_pairs > 0
    assert any(line.startswith("model not there yet: ") for line in estimate_lines(found))
