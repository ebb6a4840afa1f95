import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn import metrics as sk

from apportion.signed.metrics import Decision, choose_decision, measure, validation_score
from apportion.signed.scored import Scored


def scored(label, score, kind=None, event=None):
    m = len(label)
    zero = np.zeros(m, dtype=np.int64)
    return Scored(
        np.arange(m) if event is None else np.asarray(event),
        np.zeros(m, dtype=np.int8) if kind is None else np.asarray(kind, dtype=np.int8),
        zero, zero, np.zeros(m), np.asarray(label, dtype=float), np.full(m, 2, dtype=np.int8), zero, zero,
        np.asarray(score, dtype=float),
    )  # fmt: skip


def drawn(seed, m=60, levels=8):
    """Return labels, scores with ties, weights."""
    draw = np.random.default_rng(seed)
    label = (draw.random(m) < 0.7).astype(float)
    label[:2] = 0, 1
    return (
        label,
        draw.integers(0, levels, m) / levels,
        draw.integers(0, 4, m).astype(float) + (np.arange(m) < 2),
    )


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_sign_as_scikit_learn_has_it(seed):
    label, score, weight = drawn(seed)
    found = measure("sign", scored(label, score), Decision(threshold=0.5), weight)
    answer, w = score >= 0.5, {"sample_weight": weight}
    assert found["auroc"] == pytest.approx(sk.roc_auc_score(label, score, **w))
    assert found["ap_negative"] == pytest.approx(sk.average_precision_score(1 - label, -score, **w))
    assert found["f1_macro"] == pytest.approx(sk.f1_score(label, answer, average="macro", **w))
    assert found["f1_weighted"] == pytest.approx(sk.f1_score(label, answer, average="weighted", **w))
    assert found["f1_positive"] == pytest.approx(sk.f1_score(label, answer, **w))
    assert found["f1_negative"] == pytest.approx(sk.f1_score(label, answer, pos_label=0, **w))
    assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(label, answer, **w))


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_signed_existence_as_scikit_learn_has_it(seed):
    draw = np.random.default_rng(seed)
    label = np.append(draw.integers(0, 3, 50), [0, 1, 2])
    score = draw.dirichlet([1, 1, 1], 53)
    weight = draw.random(53)
    found = measure("signed-existence", scored(label, score), Decision(boosts=(0.5, 0, -0.5)), weight)
    answer = (np.log(score) + np.array([0.5, 0, -0.5])).argmax(axis=1)
    w = {"sample_weight": weight}
    f1 = {"labels": [0, 1, 2], "zero_division": 0.0, **w}
    assert found["f1_macro"] == pytest.approx(sk.f1_score(label, answer, average="macro", **f1))
    assert found["f1_weighted"] == pytest.approx(sk.f1_score(label, answer, average="weighted", **f1))
    each = sk.f1_score(label, answer, average=None, **f1)
    assert [found["f1_negative"], found["f1_none"], found["f1_positive"]] == pytest.approx(list(each))
    aurocs = [sk.roc_auc_score(label == c, score[:, c], **w) for c in range(3)]
    assert found["auroc"] == pytest.approx(np.mean(aurocs))


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_weight_as_others_have_it(seed):
    draw = np.random.default_rng(seed)
    true, found = draw.integers(-10, 11, 40).astype(float), draw.normal(0, 5, 40)
    out = measure("weight", scored(true, found), Decision())
    assert out["rmse"] == pytest.approx(sk.root_mean_squared_error(true, found))
    assert out["mae"] == pytest.approx(sk.mean_absolute_error(true, found))
    assert out["r2"] == pytest.approx(sk.r2_score(true, found))
    assert out["pearson"] == pytest.approx(pearsonr(true, found)[0])
    assert out["spearman"] == pytest.approx(spearmanr(true, found)[0])
    edges = np.linspace(-10, 10, 21)
    p, q = (np.histogram(np.clip(x, -10, 10), edges)[0] + 0.5 for x in (true, found))
    assert out["kl"] == pytest.approx(np.sum(p / p.sum() * np.log(p / p.sum() / (q / q.sum()))))
    assert measure("weight", scored(true, true), Decision())["kl"] == pytest.approx(0)


@pytest.mark.parametrize(("scale", "middle"), [(1, 1e8), (1, -1e6), (1e-7, 0), (1e9, 0)])
def test_r2_and_correlation_keep_their_digits_far_from_0_and_in_any_unit(scale, middle):
    draw = np.random.default_rng(0)
    true = draw.normal(0, 1, 200)
    found = true + draw.normal(0, 0.5, 200)
    out = measure("weight", scored(true * scale + middle, found * scale + middle), Decision())
    assert out["r2"] == pytest.approx(sk.r2_score(true, found), rel=1e-6)
    assert out["pearson"] == pytest.approx(pearsonr(true, found)[0], rel=1e-6)


def test_existence_weighs_an_event_as_all_its_non_links():
    """Event 0 is above 3 of 4 non-links, event 1 above none of its 2."""
    kind = [0, 1, 1, 1, 1, 0, 1, 1]
    event = [0, 0, 0, 0, 0, 1, 1, 1]
    rows = scored([k == 0 for k in kind], [5, 6, 1, 1, 1, 0, 2, 2], kind, event)
    found = measure("existence", rows, Decision())
    assert found["mrr"] == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert found["auroc"] == pytest.approx((3 / 4 * 0.5 + 0.5) / 2)
    assert measure("existence", rows.with_scores(np.ones(8)), Decision())["ap"] == pytest.approx(0.5)
    tied = measure("existence", rows.with_scores(np.ones(8)), Decision())["mrr"]
    assert tied == pytest.approx((1 / 3 + 1 / 2) / 2)


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_the_threshold_has_the_best_macro_f1_of_validation(seed):
    label, score, _ = drawn(seed)
    rows = scored(label, score)
    decision = choose_decision("sign", rows, np.array([-1.0, 1.0]))
    best = measure("sign", rows, decision)["f1_macro"]
    tried = [measure("sign", rows, Decision(threshold=t))["f1_macro"] for t in np.linspace(-0.01, 1.01, 60)]
    assert best >= max(tried) - 1e-12


def test_boosts_help_a_class_that_is_never_the_most_likely():
    draw = np.random.default_rng(0)
    label = draw.integers(0, 3, 300)
    score = 0.3 * np.eye(3)[label] + draw.dirichlet([1, 1, 1], 300) * 0.3 + np.array([0.0, 0.4, 0.4])
    rows = scored(label, score / score.sum(axis=1, keepdims=True))
    decision = choose_decision("signed-existence", rows, np.array([-1.0, 1.0]))
    assert decision.boosts[0] > 0
    plain, better = (measure("signed-existence", rows, d)["f1_macro"] for d in (Decision(), decision))
    assert better > plain + 0.1


@pytest.mark.parametrize("low", [0.3, 0.5, 0.7, 0.123])
def test_a_threshold_between_neighbouring_numbers_still_tells_them_apart(low):
    rows = scored([0, 1], np.array([low, np.nextafter(low, 1)]))
    decision = choose_decision("sign", rows, np.array([-1.0, 1.0]))
    assert measure("sign", rows, decision)["f1_macro"] == 1


def test_constant_scores_call_all_positive():
    rows = scored([1, 1, 1, 0], np.full(4, 0.7))
    decision = choose_decision("sign", rows, np.array([-1.0, 1.0]))
    assert measure("sign", rows, decision)["f1_positive"] == pytest.approx(6 / 7)


@pytest.mark.parametrize("task", ["sign", "existence", "signed-existence", "weight"])
def test_one_class_has_no_metric_and_still_a_number_to_choose_by(task):
    score = np.full((4, 3), 1 / 3) if task == "signed-existence" else np.array([0.2, 0.9, 0.8, 0.7])
    rows = scored([1, 1, 1, 1], score)
    assert np.isnan([v for k, v in measure(task, rows, Decision()).items() if k in ("auroc", "r2")]).all()
    perfect = np.eye(3)[[1] * 4] if task == "signed-existence" else np.ones(4)
    assert validation_score(task, rows) < validation_score(task, rows.with_scores(perfect)) == 0


def test_existence_is_chosen_by_every_kind_of_non_links_alike():
    kind, event = [0, 1, 1, 1, 2, 0, 1, 1, 1, 2], [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    label = np.array(kind) == 0
    uniform = np.where(label, 0.9, np.where(np.array(kind) == 1, 0.1, 0.95))
    both = {k: scored(label, uniform, kind, event).against(k) for k in ("uniform", "historical")}
    apart = [measure("existence", rows, Decision()) for rows in both.values()]
    assert [found["auroc"] for found in apart] == [1, 0]
    mean = np.mean([found["auroc"] + found["ap"] for found in apart]) / 2
    assert validation_score("existence", scored(label, uniform, kind, event)) == pytest.approx(mean)


@pytest.mark.parametrize("task", ["sign", "existence", "signed-existence", "weight"])
def test_no_rows_warn_of_nothing(task):
    empty = np.zeros((0, 3)) if task == "signed-existence" else np.zeros(0)
    assert set(measure(task, scored([], empty), Decision()))
    assert validation_score(task, scored([], empty)) == 0


@pytest.mark.parametrize("task", ["sign", "existence", "signed-existence", "weight"])
def test_many_weights_at_once_are_one_after_the_other(task):
    draw = np.random.default_rng(1)
    label = draw.integers(0, 2, 30)
    score = draw.dirichlet([1, 1, 1], 30) if task == "signed-existence" else draw.random(30)
    rows = scored(label, score, kind=1 - label, event=np.arange(30) // 2)
    weights = draw.random((5, 30))
    together = measure(task, rows, Decision(), weights)
    for i in range(5):
        alone = measure(task, rows, Decision(), weights[i])
        for name, values in together.items():
            assert values[i] == pytest.approx(float(alone[name]), nan_ok=True), name
