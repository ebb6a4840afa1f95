"""Each class of errors as a curve: shares that add up, laws that are found again, and what still falls."""

import json

import numpy as np
import polars as pl
import pytest
from tests.findings.made_outcomes import BASE, made_outcomes

from apportion.findings import error_curves
from apportion.findings.error_curves import ALL, ErrorCurve
from apportion.findings.measured import Arm
from apportion.statistics import standing

SIZES = (16, 32, 64, 128, 256, 512, 1024)


def form_errors(n: int) -> float:
    return 0.6 / (1 + (n / 12) ** 2)


def all_errors(n: int) -> float:
    return 0.05 + 0.9 / (1 + (n / 120) ** 1.5)


@pytest.fixture(scope="module")
def outcomes() -> pl.DataFrame:
    arms = {Arm(n, 0, "sft"): n for n in SIZES}
    truth = {BASE: 0.0} | {arm: 1 - all_errors(n) for arm, n in arms.items()}
    # of the answers that are not right so many lack the form that form_errors(n) of all do
    form = {BASE: 0.0} | {arm: 1 - form_errors(n) / all_errors(n) for arm, n in arms.items()}
    made = made_outcomes(truth, form=form, items=400, seed_sd=0.004)
    paired = made_outcomes({Arm(64, 64, "dpo"): 0.5}, items=400)
    return pl.concat([made, paired])


@pytest.fixture(scope="module")
def curves(outcomes: pl.DataFrame) -> dict[str, ErrorCurve]:
    return {curve.name: curve for curve in error_curves(outcomes)}


def test_there_is_a_curve_for_every_class_that_occurs(curves: dict[str, ErrorCurve]) -> None:
    assert list(curves) == [ALL, "form", "malformed", "arithmetic", "reasoning", "wrong-plan"]
    assert all(curve.sizes == (0, *SIZES) for curve in curves.values())
    for place in range(len(SIZES) + 1):
        parts = [curves[name].shares[place].mean for name in ("form", "arithmetic", "reasoning")]
        assert sum(parts) == pytest.approx(curves[ALL].shares[place].mean)
        assert curves["form"].shares[place] == curves["malformed"].shares[place]


def test_the_law_is_that_of_the_share(curves: dict[str, ErrorCurve]) -> None:
    curve = curves[ALL]
    assert curve.law is not None and curve.law.status == "converged"
    assert curve.r2 is not None and curve.r2 > 0.98
    assert curve.at(SIZES) == pytest.approx([all_errors(n) for n in SIZES], abs=0.06)
    assert curve.foretold is not None and curve.foretold.n == 4096
    assert curve.foretold.low <= all_errors(4096) <= curve.foretold.high
    assert curve.formula.startswith(("e = ", "logit(1 - e) = ", "e / (1 - e) = "))


def test_what_is_gone_is_tied_and_what_falls_still_falls(curves: dict[str, ErrorCurve]) -> None:
    assert curves["form"].trend == "tied"
    assert curves["wrong-plan"].trend == "falls" and curves[ALL].trend == "falls"
    assert curves[ALL].since == 256
    change = curves[ALL].change
    assert change is not None and change.mean == pytest.approx(all_errors(1024) - all_errors(256), abs=0.05)
    assert (change.seeds, change.items) == (3, 400)


def test_reasoning_follows_all_errors_and_form_does_not(curves: dict[str, ErrorCurve]) -> None:
    reasoning, form = curves["reasoning"].r2_with_all, curves["form"].r2_with_all
    assert reasoning is not None and form is not None
    assert reasoning > 0.8 > form
    assert curves[ALL].r2_with_all == pytest.approx(1)


def test_documents_are_plain(curves: dict[str, ErrorCurve]) -> None:
    text = json.dumps([curve.document() for curve in curves.values()], allow_nan=False)
    assert json.loads(text)[0]["points"][0] == {"n": 0, "share": [1.0, pytest.approx(0.9905, abs=1e-3), 1.0]}


def test_a_rising_class_has_no_law_and_says_that_it_rises() -> None:
    truth = {Arm(n, 0, "sft"): 0.6 for n in SIZES}
    made = made_outcomes(truth, form={arm: 1.0 - place / 10 for place, arm in enumerate(truth)})
    form = next(curve for curve in error_curves(made) if curve.name == "form")
    assert form.trend == "rises"
    assert form.law is not None
    assert form.formula == f"no law fits better than a line or a level (closest: {form.law.family})"
    assert form.r2_with_all is None or form.r2_with_all < 0.7


def test_classes_of_earlier_versions_stand_by_themselves() -> None:
    made = made_outcomes({Arm(n, 0, "sft"): 0.5 for n in SIZES[:3]})
    old = made.with_columns(pl.col("error_class").replace({"wrong-plan": "reasoning"}))
    names = [curve.name for curve in error_curves(old)]
    assert names == [ALL, "arithmetic", "reasoning"]


@pytest.mark.parametrize(
    "arms", [[], [BASE], [BASE, Arm(16, 0, "sft")], [Arm(0, 16, "dpo"), Arm(16, 16, "dpo")]]
)
def test_too_few_sizes_have_no_curves(arms: list[Arm]) -> None:
    made = made_outcomes(dict.fromkeys(arms, 0.5), items=20)
    assert error_curves(made if arms else made_outcomes({BASE: 0.5}).clear()) == ()
    assert error_curves(made_outcomes({Arm(8, 0, "sft"): 0.5, Arm(9, 0, "sft"): 0.5}, metric="nll")) == ()


def test_two_sizes_have_shares_and_a_change() -> None:
    (first, *_) = error_curves(made_outcomes({Arm(16, 0, "sft"): 0.2, Arm(32, 0, "sft"): 0.9}))
    assert first.since == 16 and first.trend == "falls"
    assert np.isfinite(first.at([64])[0])
    assert "(underdetermined)" in first.formula or "no law" in first.formula


def test_one_of_many_classes_that_alone_would_change_is_tied() -> None:
    rng = np.random.default_rng(1)
    classes = ["none", "malformed", "truncated", "refused", "repetition", "arithmetic", "wrong-plan", "other"]
    arms = (Arm(64, 0, "sft"), Arm(256, 0, "sft"))
    made = made_outcomes(dict.fromkeys(arms, 0.5), items=400)
    noise = pl.Series("error_class", rng.choice(classes, len(made), p=[0.3] + [0.1] * 7))
    curves = error_curves(made.with_columns(noise))
    refused = next(curve for curve in curves if curve.name == "refused")
    assert refused.change is not None and standing(refused.change) != "tied"
    assert refused.p is not None and refused.p > 0.05
    assert {curve.trend for curve in curves} == {"tied"}
