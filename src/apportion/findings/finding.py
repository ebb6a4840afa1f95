"""A finding: a claim, whether what was measured bears it out, and the numbers."""

from dataclasses import dataclass
from typing import Literal

from apportion.statistics import Estimate, standing

Verdict = Literal["holds", "fails", "undecided"]
Number = float | int | str | None | list[float | None]


@dataclass(frozen=True, slots=True)
class Said:
    """What a paper says of a claim, in our words, with its numbers; `arxiv` is its id, or else `paper` names it."""

    arxiv: str | None
    sentence: str
    paper: str = ""

    @property
    def cited(self) -> str:
        """Return the paper as it is cited."""
        return f"arXiv {self.arxiv}" if self.arxiv else self.paper


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim and its verdict on measured outcomes.

    "holds" and "fails" mean that intervals at the 95 % level leave no other reading; everything else is
    "undecided", missing cells included. `numbers` holds plain values; intervals are [mean, low, high] with
    None for an end that is not known. `sentence` says the same for a reader. `said` is what the paper whose
    claim it is says, None where the claim is our own.
    """

    claim: str
    verdict: Verdict
    numbers: dict[str, Number]
    sentence: str
    said: Said | None = None


def interval(estimate: Estimate) -> list[float | None]:
    """Return [mean, low, high], rounded to 6 digits, with None for an end that is not finite."""
    return [round(x, 6) if abs(x) < float("inf") else None for x in estimate[:3]]


def sample(*estimates: Estimate) -> dict[str, Number]:
    """Return the numbers of seeds and items behind estimates, the smallest of each; None where it is not known."""
    return (
        {"seeds": min(e.seeds for e in estimates), "items": min(e.items for e in estimates) or None}
        if estimates
        else {}
    )


def in_points(estimate: Estimate) -> str:
    """Return a difference of scores in [0, 1] in points with its interval; "tied" is said where 0 is in it.

    >>> in_points(Estimate(0.123, 0.1, 0.15, 3, 100, "seeds and items"))
    '+12.3 points [+10.0, +15.0]'
    """
    ends = f"{100 * estimate.mean:+.1f} points [{100 * estimate.low:+.1f}, {100 * estimate.high:+.1f}]"
    return ends + tied(estimate)


def tied(estimate: Estimate) -> str:
    """Return ", tied" for a difference whose interval has 0 in it, else nothing.

    >>> tied(Estimate(0.01, -0.02, 0.04, 1, 100, "items"))
    ', tied'
    """
    return ", tied" if standing(estimate) == "tied" else ""


def as_share(estimate: Estimate) -> str:
    """Return a mean with its interval.

    >>> as_share(Estimate(0.5, 0.4, 0.6, 1, 100, "items"))
    '.500 [.400, .600]'
    """
    mean, low, high = (f"{x:.3f}".replace("0.", ".", 1) if abs(x) < 1 else f"{x:.3f}" for x in estimate[:3])
    return f"{mean} [{low}, {high}]"


def missing(claim: str, what: str, said: Said | None = None) -> Finding:
    """Return the finding of a claim whose cells are not there."""
    return Finding(claim, "undecided", {}, f"Not measured: {what}.", said)


def one_seed_note(*estimates: Estimate) -> str:
    """Return a sentence to append where an interval does not allow for another seed, else nothing."""
    if all(estimate.seeds_were_varied for estimate in estimates):
        return ""
    return " One seed only: the noise of training is not in these intervals."
