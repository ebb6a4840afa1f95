"""The metrics of the four tasks, from scored queries; each may weight its rows, in many ways at once.

Weights are [n] or [b, n]; a metric is then a number or [b]. Resampled users are weights, so that an interval is one
call. A metric that does not exist (one class only, no variance) is NaN here and left out or null where it is shown.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from apportion.signed.scored import KINDS, Scored
from apportion.signed.scorer import CLASSES, SignedTask

Floats = NDArray[np.float64]

METRICS: dict[SignedTask, tuple[str, ...]] = {
    "sign": ("auroc", "ap_negative", "f1_macro", "f1_negative", "mcc", "f1_weighted", "f1_positive"),
    "existence": ("auroc", "ap", "mrr"),
    "signed-existence": ("f1_macro", "f1_weighted", "auroc", "f1_negative", "f1_none", "f1_positive"),
    "weight": ("rmse", "mae", "r2", "pearson", "spearman", "kl"),
}
LOWER_IS_BETTER = ("rmse", "mae", "kl")
BOUNDS = {
    **dict.fromkeys(METRICS["sign"] + METRICS["existence"] + METRICS["signed-existence"], (0.0, 1.0)),
    **dict.fromkeys(("mcc", "pearson", "spearman"), (-1.0, 1.0)),
    **dict.fromkeys(LOWER_IS_BETTER, (0.0, np.inf)),
    "r2": (-np.inf, 1.0),
}
BINS = 20  # of the histograms of weights


class Decision(NamedTuple):
    """What turns scores into answers, chosen on validation.

    `threshold`: a sign is positive from this score on. `boosts` [3]: added to the log-probabilities of `CLASSES`
    before the largest is taken. `range`: between which weights histograms are made.
    """

    threshold: float = 0.5
    boosts: tuple[float, float, float] = (0.0, 0.0, 0.0)
    range: tuple[float, float] = (-10.0, 10.0)


def auroc(positive: NDArray[np.bool_], score: Floats, weight: Floats) -> Floats:
    """Return the share of (positive, other) pairs in which the positive scores higher; ties count half."""
    p, n = _cumulated(positive, score, weight)
    area = (np.diff(n, axis=-1) * (p[..., :-1] + np.diff(p, axis=-1) / 2)).sum(axis=-1)
    return _ratio(area, p[..., -1] * n[..., -1])


def average_precision(positive: NDArray[np.bool_], score: Floats, weight: Floats) -> Floats:
    """Return sum over thresholds of (recall gained) x precision there, without interpolation, as scikit-learn."""
    p, n = _cumulated(positive, score, weight)
    precision = _ratio(p[..., 1:], p[..., 1:] + n[..., 1:], empty=0.0)
    return _ratio((np.diff(p, axis=-1) * precision).sum(axis=-1), p[..., -1])


def f1s(label: NDArray, answer: NDArray, n_classes: int, weight: Floats) -> Floats:
    """Return the F1 of each class, [..., n_classes]; 0 for a class that is neither there nor answered."""
    columns = []
    for c in range(n_classes):
        hit = weight @ ((label == c) & (answer == c)).astype(float)
        both = weight @ ((label == c).astype(float) + (answer == c))
        columns.append(_ratio(2 * hit, both, empty=0.0))
    return np.stack(columns, axis=-1)


def choose_decision(task: SignedTask, validation: Scored, training_weights: Floats) -> Decision:
    """Return the decision that gives the best macro F1 on validation, and the range of training's weights."""
    span = (float(training_weights.min()), float(training_weights.max()))
    if task == "sign" and len(validation):
        return Decision(threshold=_best_threshold(validation.label == 1, validation.score), range=span)
    if task == "signed-existence" and len(validation):
        return Decision(boosts=_best_boosts(validation.label, validation.score), range=span)
    return Decision(range=span)


def measure(
    task: SignedTask, scored: Scored, decision: Decision, weight: Floats | None = None
) -> dict[str, Floats]:
    """Return the metrics of a task, in the order of `METRICS`; existence against the non-links in the rows.

    `weight` [n] or [b, n] weights the rows, default one each. In existence an event and all its non-links together
    weigh the same, so that average precision has a chance level of one half whatever their number.
    """
    if weight is None:
        weight = np.ones(len(scored))
    if not len(scored):
        return {name: np.full(weight.shape[:-1], np.nan) for name in METRICS[task]}
    found = _BY_TASK[task](scored, decision, weight)
    return {name: found[name] for name in METRICS[task]}


def validation_score(task: SignedTask, scored: Scored) -> float:
    """Return the one number to choose by, higher is better.

    Sign: mean of AUROC and AP of the negatives. Existence: mean of AUROC and AP over the kinds of non-links, each
    apart. Signed existence: mean of the one-vs-rest AUROC and AP over classes. Weight: R2. Where that does not exist
    (validation has one class, or one weight, or asks nothing), minus the mean squared error, 0 at best.
    """
    value = _validation_score(task, scored)
    if np.isfinite(value):
        return value
    if not len(scored):
        return 0.0
    wanted = np.eye(len(CLASSES))[scored.label.astype(int)] if task == "signed-existence" else scored.label
    return -float(((scored.score - wanted) ** 2).mean())


def _validation_score(task: SignedTask, scored: Scored) -> float:
    weight = np.ones(len(scored))
    if task == "weight":
        return float(measure(task, scored, Decision())["r2"])
    if task == "signed-existence":
        each = [
            f(scored.label == c, scored.score[:, c], weight)
            for c in range(3)
            for f in (auroc, average_precision)
        ]
        return float(np.mean(each))
    if task == "existence":
        kinds = [kind for i, kind in enumerate(KINDS) if i and (scored.kind == i).any()]
        each = [measure(task, scored.against(kind), Decision()) for kind in kinds]
        return float(np.mean([(found["auroc"] + found["ap"]) / 2 for found in each])) if each else np.nan
    found = measure(task, scored, Decision())
    return float((found["auroc"] + found["ap_negative" if task == "sign" else "ap"]) / 2)


def _of_sign(scored: Scored, decision: Decision, weight: Floats) -> dict[str, Floats]:
    positive, answer = scored.label == 1, scored.score >= decision.threshold
    f1 = f1s(scored.label, answer, 2, weight)
    share = _ratio(weight @ positive.astype(float), weight.sum(axis=-1))
    return {
        "auroc": auroc(positive, scored.score, weight),
        "ap_negative": average_precision(~positive, -scored.score, weight),
        "f1_macro": f1.mean(axis=-1),
        "f1_negative": f1[..., 0],
        "mcc": _mcc(positive, answer, weight),
        "f1_weighted": (1 - share) * f1[..., 0] + share * f1[..., 1],
        "f1_positive": f1[..., 1],
    }


def _of_existence(scored: Scored, decision: Decision, weight: Floats) -> dict[str, Floats]:
    happened = scored.kind == 0
    event, place = np.unique(scored.event, return_inverse=True)
    beside = np.bincount(place[~happened], minlength=len(event))
    with_any = beside[place] > 0
    fair = np.where(happened, with_any, 1 / np.maximum(beside[place], 1)) * weight
    return {
        "auroc": auroc(happened, scored.score, fair),
        "ap": average_precision(happened, scored.score, fair),
        "mrr": _mrr(scored, happened, place, fair),
    }


def _mrr(scored: Scored, happened: NDArray[np.bool_], place: NDArray, weight: Floats) -> Floats:
    """Return the mean over events of 1 / rank among the event and its non-links; ties count half a rank."""
    own = np.zeros(place.max() + 1)
    own[place[happened]] = scored.score[happened]
    other = ~happened
    above = (scored.score > own[place]) + 0.5 * (scored.score == own[place])
    rank = 1 + np.bincount(place[other], weights=above[other], minlength=len(own))
    weight = weight[..., happened]
    return _ratio((weight / rank[place[happened]]).sum(axis=-1), weight.sum(axis=-1))


def _of_signed_existence(scored: Scored, decision: Decision, weight: Floats) -> dict[str, Floats]:
    answer = boosted(scored.score, decision.boosts).argmax(axis=1)
    f1 = f1s(scored.label, answer, 3, weight)
    share = np.stack([weight @ (scored.label == c).astype(float) for c in range(3)], axis=-1)
    each = np.stack([auroc(scored.label == c, scored.score[:, c], weight) for c in range(3)], axis=-1)
    return {
        "f1_macro": f1.mean(axis=-1),
        "f1_weighted": _ratio((f1 * share).sum(axis=-1), share.sum(axis=-1)),
        "auroc": each.mean(axis=-1),
        **{f"f1_{name}": f1[..., c] for c, name in enumerate(CLASSES)},
    }


def _of_weight(scored: Scored, decision: Decision, weight: Floats) -> dict[str, Floats]:
    true, found = scored.label, scored.score
    total = weight.sum(axis=-1)
    square = _ratio(weight @ (true - found) ** 2, total)
    around = true - true.mean()  # squares of numbers far from 0 would swallow their spread
    variance = _ratio(weight @ around**2, total) - _ratio(weight @ around, total) ** 2
    least = 1e-12 * np.max(around**2)
    return {
        "rmse": np.sqrt(square),
        "mae": _ratio(weight @ np.abs(true - found), total),
        "r2": 1 - _ratio(square, np.where(variance > least, variance, 0)),
        "pearson": _correlation(true, found, weight),
        "spearman": _correlation(rankdata(true), rankdata(found), weight),
        "kl": _kl(true, found, decision.range, weight),
    }


_BY_TASK: dict[SignedTask, Callable[[Scored, Decision, Floats], dict[str, Floats]]] = {
    "sign": _of_sign,
    "existence": _of_existence,
    "signed-existence": _of_signed_existence,
    "weight": _of_weight,
}


def boosted(score: Floats, boosts: tuple[float, float, float]) -> Floats:
    """Return log-probabilities of the classes with the boosts added, [m, 3]."""
    return np.log(np.maximum(score, 1e-12)) + np.array(boosts)


def _ratio(above: Floats, below: Floats, empty: float = float("nan")) -> Floats:
    """Return a quotient, `empty` where there is nothing to divide by."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=float), np.asarray(below, dtype=float))
    return np.divide(above, below, out=np.full(above.shape, empty), where=below > 0)


def _cumulated(positive: NDArray[np.bool_], score: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return the weights of positives and of others with at least each distinct score, from 0 up, highest first."""
    order = np.argsort(-score, kind="stable")
    score = score[order]
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True)) if len(score) else np.array([], dtype=int)
    columns = []
    for chosen in (positive, ~positive):
        sums = np.cumsum((weight * chosen)[..., order], axis=-1)[..., last]
        columns.append(np.concatenate([np.zeros((*sums.shape[:-1], 1)), sums], axis=-1))
    return columns[0], columns[1]


def _mcc(positive: NDArray[np.bool_], answer: NDArray[np.bool_], weight: Floats) -> Floats:
    """Return Matthews' correlation coefficient, 0 where one class is missing in truth or answers."""
    tp, tn, fp, fn = (
        weight @ (a & b).astype(float)
        for a, b in ((positive, answer), (~positive, ~answer), (~positive, answer), (positive, ~answer))
    )
    below = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return _ratio(tp * tn - fp * fn, below, empty=0.0)


def _correlation(x: Floats, y: Floats, weight: Floats) -> Floats:
    """Return Pearson's correlation, weighted; of ranks it is Spearman's, whose ranks are those of the whole."""
    if np.ptp(y) < 1e-12:
        return np.full(weight.shape[:-1], np.nan)
    x, y = x - x.mean(), y - y.mean()
    total = weight.sum(axis=-1)
    mx, my = _ratio(weight @ x, total), _ratio(weight @ y, total)
    cov = _ratio(weight @ (x * y), total) - mx * my
    vx, vy = _ratio(weight @ x**2, total) - mx**2, _ratio(weight @ y**2, total) - my**2
    return _ratio(cov, np.sqrt(np.maximum(vx, 0) * np.maximum(vy, 0)))


def _kl(true: Floats, found: Floats, span: tuple[float, float], weight: Floats) -> Floats:
    """Return KL(true || found) in nats between histograms of weights, one half added to each of the bins."""
    low, high = span

    def histogram(values: Floats) -> Floats:
        place = np.clip((values - low) / max(high - low, 1e-12) * BINS, 0, BINS - 1).astype(int)
        counts = np.stack([weight @ (place == b).astype(float) for b in range(BINS)], axis=-1) + 0.5
        return counts / counts.sum(axis=-1, keepdims=True)

    p, q = histogram(true), histogram(found)
    return (p * np.log(p / q)).sum(axis=-1)


def _best_threshold(positive: NDArray[np.bool_], score: Floats) -> float:
    """Return the threshold of the best macro F1, half-way between two scores; all are positive where none is better.

    Among equals the lowest: it calls fewest negative.
    """
    order = np.argsort(score, kind="stable")
    s, y = score[order], positive[order]
    cuts = np.append(0, np.flatnonzero(s[1:] != s[:-1]) + 1)  # this many are called negative
    below = np.append(0, np.cumsum(y))[cuts]  # positives called negative
    p, n = y.sum(), (~y).sum()
    true_negative = cuts - below
    f_negative = _ratio(2.0 * true_negative, n + cuts, empty=0.0)
    f_positive = _ratio(2.0 * (p - below), p + len(y) - cuts, empty=0.0)
    best = int(cuts[np.argmax(f_negative + f_positive)])
    if not best:
        return float(s[0])
    middle = (s[best - 1] + s[best]) / 2
    return float(middle if middle > s[best - 1] else s[best])  # between neighbours there is no middle


def _best_boosts(label: Floats, score: Floats) -> tuple[float, float, float]:
    """Return the boosts of the best macro F1 on a grid, "none" kept at 0."""
    grid = np.linspace(-3, 3, 25)
    logs, ones = boosted(score, (0.0, 0.0, 0.0)), np.ones(len(label))
    best, chosen = -1.0, (0.0, 0.0, 0.0)
    for negative in sorted(grid, key=abs):
        for positive in sorted(grid, key=abs):
            answer = (logs + np.array([negative, 0.0, positive])).argmax(axis=1)
            value = float(f1s(label, answer, 3, ones).mean())
            if value > best + 1e-12:
                best, chosen = value, (float(negative), 0.0, float(positive))
    return chosen
