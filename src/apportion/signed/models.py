"""The models that can be compared, by name."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apportion.errors import UserError
from apportion.signed.scorer import Scorer, SignedTask

if TYPE_CHECKING:
    from apportion.signed.semba import SembaSettings

Make = Callable[[SignedTask, int, int], Scorer]  # task, number of users, number of history features


@dataclass(frozen=True, slots=True)
class Model:
    """How a model is made, and what there is to know before.

    `uses_features`: it is given history features. `is_random`: another seed gives another model. `work` is about
    how long it takes beside the others, for the time that is left. `not_for` gives the tasks that it has no answer
    on, with the reason. `group_size` is how many training events it wants to be asked at a time, None for the
    protocol's.
    """

    make: Make
    uses_features: bool
    is_random: bool
    work: float
    not_for: tuple[SignedTask, ...] = ()
    reason: str = ""
    group_size: int | None = None
    keeps_weights: bool = False  # can be written to a folder


def model(name: str) -> Model:
    """Return the model of a name; `UserError` for another."""
    if name not in MODELS:
        near = difflib.get_close_matches(name, MODELS, n=1)
        cure = f"Did you mean {near[0]}?" if near else "Type semba, say."
        raise UserError(f"model {name}", "no such model", f"one of {', '.join(MODELS)}", cure)
    return MODELS[name]()


def _learned(settings: "SembaSettings") -> Model:
    def make(task: SignedTask, n_users: int, n_features: int) -> Scorer:
        from apportion.signed.learned import Learned

        return Learned(settings, task, n_users, n_features)

    return Model(make, settings.features, True, 10.0, group_size=settings.group_size, keeps_weights=True)


def _semba() -> Model:
    from apportion.signed.semba import SembaSettings

    return _learned(SembaSettings())


def _semba_pure() -> Model:
    from apportion.signed.semba import semba_pure

    return _learned(semba_pure())


def _semba_as_published() -> Model:
    from apportion.signed.semba import as_published

    return _learned(as_published())


def _tgn() -> Model:
    from apportion.signed.semba import tgn

    return _learned(tgn())


def _without(part: str) -> Callable[[], Model]:
    def ablated() -> Model:
        from apportion.signed.semba import SembaSettings, without

        return _learned(without(SembaSettings(), part))

    return ablated


def _trees() -> Model:
    def make(task: SignedTask, n_users: int, n_features: int) -> Scorer:
        from apportion.signed.trees import BoostedTrees

        return BoostedTrees(task)

    return Model(make, True, True, 5.0)


def _sgcn() -> Model:
    def make(task: SignedTask, n_users: int, n_features: int) -> Scorer:
        from apportion.signed.sgcn import Sgcn

        return Sgcn(task, n_users)

    return Model(make, False, True, 3.0)


def _gcn() -> Model:
    def make(task: SignedTask, n_users: int, n_features: int) -> Scorer:
        from apportion.signed.gcn import Gcn

        return Gcn(task, n_users)

    return Model(make, False, True, 3.0)


def _reputation() -> Model:
    def make(task: SignedTask, n_users: int, n_features: int) -> Scorer:
        from apportion.signed.reputation import Reputation

        return Reputation(task)

    reason = "reputation is about the sign or weight of a rating, not about whether there is one"
    return Model(make, True, False, 0.2, ("existence", "signed-existence"), reason)


def _positive() -> Model:
    def make(task: SignedTask, n_users: int, n_features: int) -> Scorer:
        from apportion.signed.positive import AlwaysPositive

        return AlwaysPositive(task)

    return Model(make, False, False, 0.1)


MODELS: dict[str, Callable[[], Model]] = {
    "semba": _semba,
    "semba-pure": _semba_pure,
    "semba-as-published": _semba_as_published,
    "tgn": _tgn,
    "reputation": _reputation,
    "trees": _trees,
    "sgcn": _sgcn,
    "gcn": _gcn,
    "positive": _positive,
    **{
        f"semba-no-{part}": _without(part)
        for part in ("memory", "propagation", "balance", "common", "features", "boosting", "signs")
    },
}
"""Every name, and how its model is looked up; only then are the heavy libraries loaded."""
