"""Does a judge's win rate say what the objective score says? (arXiv 2410.03717, table 2)."""

from apportion.findings.finding import Finding, Number, Said, Verdict, as_share, in_points, interval, sample
from apportion.statistics import Estimate

MISLED = Said(
    "2410.03717",
    "On math, 1,000 LIMA-style examples score 14.7 % and 1,000 of the task 46.5 %, yet a judge prefers the first, 84.4 "
    "to .24.",
)


def win_rate_disagrees(
    score_lead: Estimate, win_rate: Estimate, *, arms: tuple[str, str] = ("A", "B")
) -> Finding:
    """Return whether a judge prefers the arm that scores lower.

    `score_lead` is the paired difference of the first arm's objective score to the second's, `win_rate` how often a
    judge prefers the first, ties for a half. Holds if one interval lies above its middle (0, .5) and the other below,
    fails if both lie on one side.
    """
    claim = f"A judge prefers the answers that score lower ({arms[0]} against {arms[1]})."
    sides = [_side(score_lead, 0.0), _side(win_rate, 0.5)]
    verdict: Verdict = "undecided"
    if 0 not in sides:
        verdict = "holds" if sides[0] != sides[1] else "fails"
    numbers: dict[str, Number] = {"score_lead": interval(score_lead), "win_rate": interval(win_rate)}
    sentence = f"{arms[0]} scores {in_points(score_lead)} against {arms[1]} and is preferred in {as_share(win_rate)}."
    return Finding(claim, verdict, numbers | sample(score_lead, win_rate), sentence, MISLED)


def _side(estimate: Estimate, middle: float) -> int:
    return 1 if estimate.low > middle else -1 if estimate.high < middle else 0
