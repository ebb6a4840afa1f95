"""The graph: what is shared, and what a change of the study leaves as it is."""

from pathlib import Path

import pytest
from tests.studies.tiny import TINY, write_study

from apportion.errors import UserError
from apportion.studies.stages import Graph, graph_of
from apportion.studies.study_file import read_study


def graph(tmp_path: Path, text: str = TINY, model: str = "the model") -> Graph:
    study = read_study(write_study(tmp_path, text))
    return Graph(study, study.load_task(), model)


def test_cells_that_begin_alike_share_their_stages(tmp_path: Path) -> None:
    found = graph(tmp_path)
    kinds = [unit.kind for unit in found.units.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "sft": 5,  # 2, 4, 8 demonstrations and the chosen sides twice
        "preference": 4,
        "reference": 4,
        "cell": 9,
    }
    assert found.asked_for == 11


def test_losses_share_their_reference_pass(tmp_path: Path) -> None:
    found = graph(tmp_path, TINY.replace('["dpo"]', '["dpo", "ipo", "slic"]'))
    kinds = [unit.kind for unit in found.units.values()]
    assert (kinds.count("preference"), kinds.count("reference")) == (12, 4)


def test_a_reference_pass_lays_its_texts_as_the_training_does(tmp_path: Path) -> None:
    apart = graph(tmp_path, f"{TINY}pack = true\nshare_prompts = false\n")
    shared = graph(tmp_path, f"{TINY}pack = true\nshare_prompts = true\n")
    names = []
    for found, expected in ((apart, False), (shared, True)):
        references = [unit for unit in found.units.values() if unit.kind == "reference"]
        assert {unit.layout.share_prompts for unit in references} == {expected}  # type: ignore[union-attr]
        names.append({unit.name for unit in references})
    assert not names[0] & names[1]


def test_every_unit_comes_after_what_it_needs(tmp_path: Path) -> None:
    seen: set[str] = set()
    for unit in graph(tmp_path).units.values():
        assert set(unit.needs) <= seen
        seen.add(unit.name)


def test_subsets_nest_between_budgets(tmp_path: Path) -> None:
    text = TINY.replace('controls = ["sft-on-chosen"]\ncontrol_budgets = [8]\n', "")
    rows = {len(u.rows): u.rows for u in graph(tmp_path, text).units.values() if u.kind == "sft"}
    assert rows[8][:4] == rows[4]
    assert rows[4][:2] == rows[2]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("budgets = [4, 8]", "budgets = [4, 8, 16]"),
        ("shares = [1, 0.5, 0]", "shares = [1, 0.5, 0.25, 0]"),
        ("methods", "seeds = [0, 1]\nmethods"),
        ('["dpo"]', '["dpo", "ipo"]'),
        ("pairs = 40", "pairs = 60"),
    ],
)
def test_what_is_added_renames_no_stage(tmp_path: Path, old: str, new: str) -> None:
    before = {u.name for u in graph(tmp_path).units.values() if u.kind != "cell"}
    after = {u.name for u in graph(tmp_path, TINY.replace(old, new)).units.values()}
    if old == "pairs = 40":  # a larger pool is other data: its smallest prompts by hash may be new ones
        assert len(after) == len(graph(tmp_path).units)
    else:
        assert before < after


@pytest.mark.parametrize("extra", ["learning_rate = 1e-5", "beta = 0.2", "epochs = 2"])
def test_a_changed_preference_setting_renames_preference_stages_only(tmp_path: Path, extra: str) -> None:
    text = TINY.replace("[preference]\nepochs = 1", f"[preference]\n{extra}")
    before, after = graph(tmp_path).units, graph(tmp_path, text).units
    kept = {before[name].kind for name in before.keys() & after.keys()}
    assert {unit.kind for unit in before.values() if unit.kind == "preference"}.isdisjoint(kept)
    assert {u.name for u in before.values() if u.kind in ("sft", "reference")} <= after.keys()


def test_another_model_renames_everything(tmp_path: Path) -> None:
    assert not graph(tmp_path).units.keys() & graph(tmp_path, model="another").units.keys()


def test_other_held_out_items_rename_cells_only(tmp_path: Path) -> None:
    before = graph(tmp_path).units
    after = graph(tmp_path, TINY.replace("problems = 12", "problems = 14")).units
    assert {before[name].kind for name in before.keys() - after.keys()} == {"cell"}


def test_another_grader_renames_cells_and_a_renamed_file_renames_nothing(tmp_path: Path) -> None:
    rows = "".join(f'{{"prompt": "p {i}", "response": "r {i}"}}\n' for i in range(8))
    test = "".join(f'{{"prompt": "t {i}", "response": "{i}"}}\n' for i in range(4))

    def units(name: str, grader: str) -> dict[str, str]:
        (tmp_path / name).write_text(rows)
        (tmp_path / "test.jsonl").write_text(test)
        text = f"""
        budgets = [4]
        shares = [1]
        [task]
        name = "files"
        demonstrations = "{name}"
        test = "test.jsonl"
        grader = "{grader}"
        """
        return {unit.name: unit.kind for unit in graph(tmp_path, text).units.values()}

    before = units("one.jsonl", "exact")
    assert units("two.jsonl", "exact") == before
    after = units("one.jsonl", "last-number")
    assert {before[name] for name in before.keys() - after.keys()} == {"cell"}


def test_the_precision_of_an_accelerated_training_is_in_the_names(tmp_path: Path) -> None:
    config = tmp_path / "accelerate.yaml"
    path = write_study(tmp_path, f'{TINY}\n[engine]\naccelerate = "accelerate.yaml"\n')

    def names(text: str) -> set[str]:
        config.write_text(text)
        return set(graph_of(read_study(path)).units)

    alone = set(graph_of(read_study(write_study(tmp_path, TINY, "alone.toml"))).units)
    assert names('num_processes: 2\nmixed_precision: "no"\n') == names("mixed_precision: no\n") == alone
    assert not names("mixed_precision: bf16\n") & alone
    with pytest.raises(UserError, match="cannot be read"):
        names("- a list")
