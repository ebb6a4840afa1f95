"""SEMBA beside its rivals, from what `signed compare` writes."""

import json
from pathlib import Path

import pytest

from apportion.errors import UserError
from apportion.findings.minority_class import read_comparison, semba_above_rivals


def estimate(mean: float, half: float = 0.02) -> dict[str, float]:
    return {"mean": mean, "low": mean - half, "high": mean + half}


def document(*leads: float, metric: str = "ap_negative", task: str = "sign") -> dict:
    rows = [{"model": "semba", metric: estimate(0.6), "seeds": 5, "users": 40}]
    rows += [
        {
            "model": f"rival-{place}",
            metric: estimate(0.6 - lead),
            "semba_minus_this": {metric: estimate(lead)},
        }
        for place, lead in enumerate(leads)
    ]
    return {"task": task, "protocol": "causal", "rows": rows}


@pytest.mark.parametrize(
    ("leads", "verdict"),
    [
        ((0.05, 0.1), "holds"),
        ((0.05, 0.01), "undecided"),
        ((0.05, -0.05), "fails"),
        ((0.05, -0.021), "undecided"),  # behind one of two, but not at the level for two
        ((-0.021,), "fails"),
    ],
)
def test_verdicts(leads: tuple[float, ...], verdict: str) -> None:
    found = semba_above_rivals(document(*leads))
    assert found.verdict == verdict, found.sentence
    assert (found.numbers["seeds"], found.numbers["items"]) == (5, 40)
    assert ("tied" in found.sentence) == any(abs(lead) < 0.02 for lead in leads)
    assert found.said is not None and found.said.arxiv == "2207.03408"


def test_the_f1_stands_in_where_there_is_no_average_precision() -> None:
    found = semba_above_rivals(document(0.1, metric="f1_negative", task="signed-existence"))
    assert found.verdict == "holds" and found.numbers["metric"] == "f1_negative"


def test_without_semba_rivals_or_the_metric_nothing_is_said() -> None:
    alone = document()
    assert semba_above_rivals(alone).verdict == "undecided"
    assert semba_above_rivals(alone | {"rows": []}).sentence.startswith("Not measured")
    assert semba_above_rivals(document(0.1, metric="mrr", task="existence")).verdict == "undecided"


def test_a_metric_that_does_not_exist_is_not_measured() -> None:
    unknown = document(0.1)
    unknown["rows"][0]["ap_negative"] = None
    assert semba_above_rivals(unknown).sentence.startswith("Not measured")
    open_ended = document(0.1)
    open_ended["rows"][1]["semba_minus_this"]["ap_negative"]["low"] = None
    assert semba_above_rivals(open_ended).sentence.startswith("Not measured: a rival")


@pytest.mark.parametrize(
    ("row", "change", "told"),
    [
        (1, {"semba_minus_this": {"ap_negative": {"mean": 0.1, "high": 0.2}}},
         "model rival-0, field semba_minus_this.ap_negative.low: found no value; expected a number or null"),
        (0, {"seeds": None}, "model semba, field seeds: found None; expected a whole number"),
        (0, {"ap_negative": 0.6}, "field ap_negative: found 0.6; expected an object"),
        (1, {"semba_minus_this": [1]}, "field semba_minus_this: found .*expected an object or null"),
        (0, {"ap_negative": {"mean": "x", "low": 0, "high": 1}}, "field ap_negative.mean: found 'x'"),
    ],
)  # fmt: skip
def test_a_field_that_is_wrong_is_named(tmp_path: Path, row: int, change: dict, told: str) -> None:
    made = document(0.1)
    made["rows"][row] |= change
    path = tmp_path / "compare.json"
    path.write_text(json.dumps(made))
    with pytest.raises(UserError, match=told):
        read_comparison(path)


def test_a_model_stands_once(tmp_path: Path) -> None:
    made = document(0.1)
    made["rows"].append(made["rows"][1])
    path = tmp_path / "compare.json"
    path.write_text(json.dumps(made))
    with pytest.raises(UserError, match="the model 'rival-0' twice"):
        read_comparison(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "{}",
        '{"task": "x", "rows": {}}',
        '{"task": 3, "rows": []}',
        '{"task": "sign", "rows": [{}]}',
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "compare.json"
    path.write_text(text)
    with pytest.raises(UserError, match="signed compare"):
        read_comparison(path)
    path.write_text(json.dumps(document(0.1)))
    assert read_comparison(path)["task"] == "sign"
