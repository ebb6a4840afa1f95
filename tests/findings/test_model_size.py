"""Best shares on models of several sizes, from outcomes whose truth is given."""

from tests.findings.made_outcomes import made_outcomes

from apportion.findings.allocation import Allocation
from apportion.findings.measured import Arm, measured
from apportion.findings.model_size import Sized, best_share_moves_with_size, smallest_model_chooses

ARMS = {1.0: Arm(100, 0, "sft"), 0.5: Arm(50, 50, "dpo"), 0.1: Arm(10, 90, "dpo")}
POINTS = {arm[:2]: [(100.0, share)] for share, arm in ARMS.items()}


def model(name: str, *scores: float) -> Sized:
    """A model with the given scores at the shares 1, .5 and .1."""
    made = made_outcomes(dict(zip(ARMS.values(), scores, strict=True)), model=name)
    return Sized(name, Allocation(measured(made, "accuracy"), POINTS, "accuracy", "dpo"))


SMALL = model("small", 0.5, 0.3, 0.2)


def test_a_change_of_the_lead_is_found():
    found = best_share_moves_with_size([SMALL, model("large", 0.5, 0.6, 0.7)])
    assert found.verdict == "holds"
    assert (found.numbers["best_share_small"], found.numbers["best_share_large"]) == (1.0, 0.1)
    assert "small: -28.7 points" in found.sentence


def test_the_same_lead_on_every_model_is_no_change():
    assert best_share_moves_with_size([SMALL, model("large", 0.7, 0.5, 0.4)]).verdict == "undecided"
    assert best_share_moves_with_size([SMALL, SMALL]).verdict == "fails"


def test_the_smallest_model_chooses_well_or_badly():
    alike = [SMALL, model("middle", 0.7, 0.5, 0.3), model("large", 0.9, 0.6, 0.5)]
    found = smallest_model_chooses(alike)
    assert found.verdict == "holds"
    assert found.numbers["chosen_share"] == 1.0
    assert smallest_model_chooses([SMALL, model("large", 0.4, 0.6, 0.8)]).verdict == "fails"


def test_one_model_decides_nothing():
    assert best_share_moves_with_size([SMALL]).verdict == "undecided"
    assert smallest_model_chooses([SMALL]).verdict == "undecided"
