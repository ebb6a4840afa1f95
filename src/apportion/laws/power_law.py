"""A power law in scikit-learn's manners."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.laws.cells import LARGEST
from apportion.laws.curves import Curve, fit_curves
from apportion.laws.families import BUILDERS, Kind, Name, family, unlink
from apportion.laws.prior import weak_prior
from apportion.laws.runs import Runs

Floats = NDArray[np.float64]


class PowerLaw:
    """One family fitted to sizes and results: `PowerLaw().fit(n, y).predict(n)`.

    `kind` is "score" (in [0, 1]) or "loss"; the default family is P2's power law for scores, P = a n^(1/b) in
    percent (arXiv 2410.03717), and L = A n^-alpha for losses. Learned: `parameters_`, `status_`, `curve_`. Parameters
    are got, set and cloned as those of scikit-learn's estimators, and are checked when it is fitted.

    >>> law = PowerLaw().fit([100, 1000, 10_000, 100_000], [0.2, 0.25, 0.3125, 0.390625])
    >>> round(law.predict([1000]).item(), 3)
    0.25
    """

    def __init__(self, kind: Kind = "score", family: Name = "power") -> None:
        self.kind: Kind = kind
        self.family: Name = family

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; `deep` changes nothing, for none of them has parameters of its own."""
        return {"kind": self.kind, "family": self.family}

    def set_params(self, **params: Any) -> "PowerLaw":
        """Set parameters by name; return self. Raises UserError for a name that is none."""
        known = self.get_params()
        for name in params:
            if name not in known:
                raise UserError("PowerLaw.set_params", repr(name), " or ".join(known), "Correct the name.")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, n: Any, y: Any, items: Any = None) -> "PowerLaw":
        """Fit to sizes n (N,) and results y (N,), optionally with graded items (N,); return self.

        Raises UserError where a parameter is none of the accepted ones, or where the arrays differ in length, have
        under 2 points, or hold what is no size or result.
        """
        for name, value, accepted in (
            ("kind", self.kind, ("score", "loss")),
            ("family", self.family, BUILDERS),
        ):
            if value not in tuple(accepted):
                raise UserError(
                    f"PowerLaw, {name}", repr(value), f"one of {', '.join(accepted)}", "Choose one of them."
                )
        sizes, results = _floats("fit", n).ravel(), _floats("fit", y).ravel()
        graded = np.full(len(results), np.nan) if items is None else _floats("fit", items).ravel()
        if not len(sizes) == len(results) == len(graded) or len(np.unique(sizes)) < 2:
            raise UserError(
                "PowerLaw.fit",
                f"{len(sizes)} sizes, {len(results)} results",
                "two or more of each",
                "Pass both.",
            )
        whole = (sizes == np.floor(sizes)) & (sizes >= 0) & (sizes <= LARGEST)
        if not whole.all():
            found = f"a size of {sizes[~whole][0]:g}"
            raise UserError(
                "PowerLaw.fit", found, "whole numbers from 0 to 1e15", "Pass numbers of examples."
            )
        top = 1.0 if self.kind == "score" else np.inf
        if not ((results >= 0) & (results <= top)).all():
            raise UserError(
                "PowerLaw.fit",
                "a result out of range",
                "scores in [0, 1], or losses of 0 or more",
                "Check them.",
            )
        if not np.isfinite(results).all() or (graded < 1).any():
            raise UserError("PowerLaw.fit", "a result that is no number", "finite numbers", "Leave it out.")
        unknown = np.full(len(sizes), -1, np.int64)
        runs = Runs(None, None, self.kind, sizes.astype(np.int64), 0 * unknown, results, graded, unknown)
        (curve,) = fit_curves([runs], prior=weak_prior(), only=self.family)
        self.curve_: Curve = curve
        self.status_ = curve.status
        self.parameters_ = curve.parameters
        self._theta = np.array(curve.theta)
        return self

    def predict(self, n: Any) -> Floats:
        """Return the law's results at sizes n, in their shape; the fitted curve, not the mean of the posterior.

        Raises UserError before `fit`, and for sizes below 0 or above 1e15.
        """
        sizes = self._sizes("predict", n)
        z = family(self.family, self.kind)(self._theta, sizes.ravel())
        return unlink(z, self.kind).reshape(sizes.shape)

    def interval(self, n: Any) -> Floats:
        """Return the 95 % interval at sizes n (M,), as (M, 2); below one example it is that at one.

        Raises UserError as `predict` does.
        """
        sizes = self._sizes("interval", n).ravel().tolist()
        (curve,) = fit_curves([self.curve_.runs], sizes, prior=weak_prior(), only=self.family)
        return np.array([[p.low, p.high] for p in curve.predictions])

    def _sizes(self, method: str, n: Any) -> Floats:
        if not hasattr(self, "curve_"):
            raise UserError(f"PowerLaw.{method}", "no fitted law", "one", "Type law.fit(n, y) first.")
        sizes = _floats(method, n)
        outside = ~((sizes >= 0) & (sizes <= LARGEST))
        if outside.any():
            found = f"a size of {sizes[outside][0]:g}"
            raise UserError(f"PowerLaw.{method}", found, "sizes from 0 to 1e15", "Pass numbers of examples.")
        return sizes


def _floats(method: str, values: Any) -> Floats:
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"PowerLaw.{method}", f"no array of numbers ({error})", "numbers", "Pass a list of numbers."
        ) from None
