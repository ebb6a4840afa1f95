"""Do scores grow as a power law of the demonstrations? (arXiv 2410.03717)."""

import numpy as np

from apportion.findings.finding import Finding, Number, Said, Verdict, missing, sample
from apportion.findings.measured import Measured, mean
from apportion.laws import Runs, forecast

POWER = Said(
    "2410.03717",
    "Scores grow as a power law, P = a D^(1/b), P in percent: on math with Llama-3-8B a is 19.47 and b 7.66.",
)
BEYOND_DOUBT = 0.95
LEAST_SIZES = 5


def power_law_against_rivals(accuracy: Measured) -> Finding:
    """Return whether the paper's power law explains accuracy by demonstrations, SFT alone, better than other laws.

    Judged by its weight among the families that `laws.fit_curves` fits (a softmax of evidences, which punishes
    parameters): holds from .95 on, fails at .05 and below. It takes five sizes, below which no law is determined. The
    errors in foretelling the largest sizes from the others are given beside, in the logit of the score.
    """
    claim = "Accuracy grows with the demonstrations as a power law, better than by any other law."
    arms = sorted(arm for arm in accuracy if arm.n_pairs == 0 and arm.method == "sft")
    if len(arms) < LEAST_SIZES:
        return missing(claim, f"accuracy at {LEAST_SIZES} numbers of demonstrations, SFT alone", POWER)
    rows = [
        (arm.n_demonstrations, seed, float(values.mean()), values.size)
        for arm in arms
        for seed, values in zip(accuracy[arm].seeds, accuracy[arm].values, strict=True)
    ]
    n, seed, y, items = (np.array(column) for column in zip(*rows, strict=True))
    found = forecast([Runs(None, None, "score", n, 0 * n, y, items.astype(float), seed)])[0]
    weight = found.weights["power"]
    verdict: Verdict = "undecided"
    if found.status in {"converged", "at-bound"}:
        verdict = (
            "holds" if weight >= BEYOND_DOUBT else "fails" if weight <= 1 - BEYOND_DOUBT else "undecided"
        )
    best = max(found.weights, key=lambda name: found.weights[name])
    numbers: dict[str, Number] = {"weight": round(weight, 6), "best_law": best, "status": found.status}
    numbers |= {f"weight_{name}": round(w, 6) for name, w in found.weights.items()}
    numbers |= {f"roll_out_{name}": round(float(e), 6) for name, e in found.roll_out.items()}
    numbers |= {"sizes": len(arms)} | sample(*(mean(accuracy[arm], "accuracy") for arm in arms))
    sentence = (
        f"Of the laws' weights the power law has {weight:.2f}; most has {best}, {found.weights[best]:.2f}"
    )
    if found.roll_out:
        errors = ", ".join(f"{name} {error:.2f}" for name, error in found.roll_out.items())
        sentence += f". The largest sizes foretold from the others, errors in logits: {errors}"
    return Finding(claim, verdict, numbers, f"{sentence}.", POWER)
