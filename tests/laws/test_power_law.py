"""The power law as an estimator: parameters that can be got, set and cloned, and clear errors."""

import numpy as np
import pytest

from apportion.errors import UserError
from apportion.laws import PowerLaw

N, Y = [100, 1000, 10_000, 100_000], [0.2, 0.25, 0.3125, 0.390625]


def test_parameters_are_got_and_set():
    law = PowerLaw("loss", family="floor")
    assert law.get_params() == {"kind": "loss", "family": "floor"}
    assert law.set_params(kind="score", family="power") is law
    assert law.get_params() == PowerLaw().get_params()
    with pytest.raises(UserError, match="found 'familiy'; expected kind or family"):
        law.set_params(kind="loss", familiy="power")
    assert law.kind == "score"


def test_scikit_learn_clones_it_unfitted():
    base = pytest.importorskip("sklearn.base")
    law = PowerLaw(family="floor").fit(N, Y)
    clone = base.clone(law)
    assert clone.get_params() == law.get_params()
    assert not hasattr(clone, "curve_")


def test_what_cannot_be_fitted_or_foretold_is_told():
    with pytest.raises(UserError, match="kind: found 'accuracy'; expected one of score, loss"):
        PowerLaw("accuracy").fit(N, Y)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match="family: found 'cubic'; expected one of power, floor"):
        PowerLaw(family="cubic").fit(N, Y)  # pyright: ignore[reportArgumentType]
    for method in (PowerLaw().predict, PowerLaw().interval):
        with pytest.raises(UserError, match="no fitted law"):
            method([10])
    with pytest.raises(UserError, match="no array of numbers"):
        PowerLaw().fit(N, ["a", "b", "c", "d"])
    law = PowerLaw().fit(N, Y)
    for size in (-1, np.nan, 1e16):
        for method in (law.predict, law.interval):
            with pytest.raises(UserError, match="a size of"):
                method([10, size])


def test_the_interval_is_around_the_law_at_sizes_between_whole_ones_too():
    law = PowerLaw().fit(N, Y)
    low, high = law.interval([1500.5, 20_000]).T
    assert (low < law.predict([1500.5, 20_000])).all()
    assert (law.predict([1500.5, 20_000]) < high).all()
