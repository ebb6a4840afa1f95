"""Best shares on models of several sizes, from outcomes whose truth is given."""

from pathlib import PurePath

from tests.findings.made_outcomes import made_outcomes

from apportion.findings.allocation import Allocation
from apportion.findings.measured import Arm, measured
from apportion.findings.model_size import (
    Sized,
    best_share_moves_with_size,
    distinct_names,
    smallest_model_chooses,
)

ARMS = {1.0: Arm(100, 0, "sft"), 0.5: Arm(50, 50, "dpo"), 0.1: Arm(10, 90, "dpo")}
POINTS = {arm[:2]: [(100.0, share)] for share, arm in ARMS.items()}


def model(name: str, *scores: float, items: int = 300, seeds: tuple[int, ...] = (0, 1, 2)) -> Sized:
    """A model with the given scores at the shares 1, .5 and .1."""
    made = made_outcomes(dict(zip(ARMS.values(), scores, strict=True)), model=name, items=items, seeds=seeds)
    return Sized(name, Allocation(measured(made, "accuracy"), POINTS, "accuracy", "dpo"))


SMALL = model("small", 0.5, 0.3, 0.2)


def test_a_change_of_the_lead_is_found():
    found = best_share_moves_with_size([SMALL, model("large", 0.5, 0.6, 0.7)])
    assert found.verdict == "holds"
    assert (found.numbers["best_share_small"], found.numbers["best_share_large"]) == (1.0, 0.1)
    assert "small: -28.7 points" in found.sentence


def test_a_best_share_that_stays_does_not_move_however_the_lead_changes():
    small, large = model("small", 0.3, 0.35, 0.45), model("large", 0.5, 0.6, 0.8)
    found = best_share_moves_with_size([small, large])
    assert found.verdict == "fails", found.sentence
    change = found.numbers["change"]
    assert isinstance(change, list) and change[1] is not None and change[1] > 0
    assert best_share_moves_with_size([model("small", 0.3, 0.39, 0.4), large]).verdict == "undecided"
    assert best_share_moves_with_size([SMALL, model("large", 0.7, 0.5, 0.4)]).verdict == "fails"
    assert best_share_moves_with_size([SMALL, SMALL]).verdict == "fails"


def test_the_best_share_has_to_move_as_the_lead_does():
    small, large = model("small", 0.3, 0.35, 0.5), model("large", 0.5, 0.95, 0.9)
    found = best_share_moves_with_size([small, large])
    assert (found.numbers["best_share_small"], found.numbers["best_share_large"]) == (0.1, 0.5)
    assert found.verdict == "undecided", found.sentence


def test_models_of_one_name_are_kept_apart():
    runs = [model("small/run", 0.5, 0.3, 0.2), model("large/run", 0.5, 0.6, 0.7)]
    found = best_share_moves_with_size(runs)
    assert found.verdict == "holds"
    assert "small/run: -28.7 points" in found.sentence and "large/run: " in found.sentence
    twice = best_share_moves_with_size([one._replace(model="run") for one in runs])
    assert (twice.verdict, twice.numbers["change"]) == ("holds", found.numbers["change"])
    assert {"lead_run (1)", "lead_run (2)"} <= twice.numbers.keys()
    assert smallest_model_chooses(runs).numbers.keys() >= {"above_the_bound_large/run"}


def test_names_are_the_shortest_ends_that_differ():
    paths = [PurePath("/a/small/run"), PurePath("/a/large/run")]
    assert distinct_names(paths) == ["small/run", "large/run"]
    assert distinct_names([PurePath("/a/width-32"), PurePath("/b/width-64")]) == ["width-32", "width-64"]
    assert distinct_names([PurePath("/a/run"), PurePath("/a/run")]) == ["run (1)", "run (2)"]


def test_the_smallest_model_chooses_well_or_badly():
    alike = [SMALL, model("middle", 0.7, 0.5, 0.3), model("large", 0.9, 0.6, 0.5)]
    found = smallest_model_chooses(alike)
    assert found.verdict == "holds"
    assert found.numbers["chosen_share"] == 1.0
    assert smallest_model_chooses([SMALL, model("large", 0.4, 0.6, 0.8)]).verdict == "fails"


def test_the_chosen_share_needs_an_interval_even_where_its_mean_is_the_best():
    few = [model(name, *scores, items=12, seeds=(0,))
           for name, scores in (("small", (0.4, 0.5, 0.4)), ("large", (0.5, 0.6, 0.52)))]  # fmt: skip
    found = smallest_model_chooses(few)
    assert found.verdict == "undecided", found.sentence
    assert (found.numbers["seeds"], found.numbers["items"]) == (1, 12)
    assert "One seed only" in found.sentence


def test_one_model_decides_nothing():
    assert best_share_moves_with_size([SMALL]).verdict == "undecided"
    assert smallest_model_chooses([SMALL]).verdict == "undecided"
