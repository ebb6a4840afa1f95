"""Simulated coverage of the paired cluster bootstrap, and of the formula that it resamples.

python -m benchmarks.statistics [--tables 2000]
python -m benchmarks.statistics --rules

`--rules` integrates, without drawing, the coverage of three ways to give few seeds their degrees of freedom.
"""

import argparse
import time

import numpy as np
from scipy.stats import chi2, norm
from scipy.stats import t as student

from apportion.identity import generator
from apportion.statistics import contrast, paired_cluster_bootstrap, wilson


def drawn(draw: np.random.Generator, *, seeds: int, prompts: int, each: int, effect: float, luck: float):
    """Return right and wrong of two arms [seeds, items] whose prompts differ in difficulty and in the effect.

    Both arms have the same items and, seed by seed, the same luck in part; the effect of a prompt is common to its
    items. Scores are 0 and 1, so the true difference is taken from the probabilities themselves, over many prompts.
    """
    difficulty = draw.normal(0, 1.2, prompts)
    gain = effect + draw.normal(0, 0.6, prompts)
    shared, own = draw.normal(0, luck, (seeds, 1)), draw.normal(0, luck, (seeds, 1))
    left = 1 / (1 + np.exp(-(difficulty + gain + shared + own)))
    right = 1 / (1 + np.exp(-(difficulty + shared)))
    noise = draw.random((2, seeds, prompts * each))
    wide = (np.repeat(left, each, axis=1), np.repeat(right, each, axis=1))
    return (noise[0] < wide[0]).astype(float), (noise[1] < wide[1]).astype(float)


def truth(*, effect: float, luck: float) -> float:
    """Return the true difference, over a million prompts with a seed of their own each."""
    draw = generator("benchmarks/statistics", "truth")
    n = 1_000_000
    difficulty, shared, own = draw.normal(0, 1.2, n), draw.normal(0, luck, n), draw.normal(0, luck, n)
    gain = effect + draw.normal(0, 0.6, n)
    left = 1 / (1 + np.exp(-(difficulty + gain + shared + own)))
    return float((left - 1 / (1 + np.exp(-(difficulty + shared)))).mean())


def coverage(
    tables: int, *, seeds: int, prompts: int, each: int, effect: float, luck: float
) -> tuple[int, float]:
    """Return in how many tables the interval holds the truth, and the mean width of the intervals."""
    right, hits, width = truth(effect=effect, luck=luck), 0, 0.0
    clusters = np.repeat(np.arange(prompts), each).tolist()
    for table in range(tables):
        draw = generator("benchmarks/statistics", f"{seeds}/{prompts}/{each}/{effect}/{luck}", table)
        arms = drawn(draw, seeds=seeds, prompts=prompts, each=each, effect=effect, luck=luck)
        found = paired_cluster_bootstrap(*arms, clusters, bounded=True, draw=draw, resamples=400)
        hits += found.low <= right <= found.high
        width += found.high - found.low
    return hits, width / tables


def rule_coverage(rule: str, *, seeds: int, items: float, excess: float) -> float:
    """Return the coverage of a normal mean's interval over all that few seeds may show of their own spread.

    In units of the noise's part of the variance: `items` is that of the items, `excess` that of the seeds. What
    items and noise add is taken as known (they have many degrees of freedom); the variance of the seeds' means is
    (1 + excess) chi^2 / (seeds - 1). Rules: "satterthwaite" is the present one; "positive part" counts only what the
    seeds show beyond noise, in the variance and in its degrees of freedom; "by quantiles" adds half widths squared,
    each by its own t (Graybill and Wang 1980, for the same positive part).
    """
    chances = (np.arange(20_000) + 0.5) / 20_000
    by_seeds = (1 + excess) * chi2.ppf(chances, seeds - 1) / (seeds - 1)
    by_items, beyond = 1 + items, np.maximum(0.0, by_seeds - 1)
    variance = np.maximum(by_items + beyond, by_seeds)
    many, few = student.ppf(0.975, 199), student.ppf(0.975, seeds - 1)
    own = by_seeds if rule == "satterthwaite" else beyond
    degrees = variance**2 / (by_items**2 / 199 + own**2 / (seeds - 1))
    half = student.ppf(0.975, degrees) * np.sqrt(variance)
    if rule == "by quantiles":
        half = np.sqrt(many**2 * by_items + few**2 * beyond)
    return float((2 * norm.cdf(half / np.sqrt(by_items + excess)) - 1).mean())


def print_rules() -> None:
    """Print the coverage of each rule by the seeds' own variance, in units of the noise's."""
    excesses = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0, 20.0)
    print(f"| seeds | rule | {' | '.join(f'{excess:g}' for excess in excesses)} |")
    print("| ---: | --- |" + " ---: |" * len(excesses))
    for seeds in (2, 3, 5):
        for rule in ("satterthwaite", "positive part", "by quantiles"):
            found = (rule_coverage(rule, seeds=seeds, items=0.1, excess=excess) for excess in excesses)
            print(f"| {seeds} | {rule} | {' | '.join(f'{share:.1%}' for share in found)} |")


DESIGNS = [
    {"seeds": 1, "prompts": 200, "each": 1, "effect": 0.0, "luck": 0.0},
    {"seeds": 1, "prompts": 200, "each": 1, "effect": 0.6, "luck": 0.0},
    {"seeds": 1, "prompts": 100, "each": 2, "effect": 0.3, "luck": 0.0},
    {"seeds": 1, "prompts": 50, "each": 4, "effect": 0.3, "luck": 0.0},
    {"seeds": 3, "prompts": 200, "each": 1, "effect": 0.3, "luck": 0.15},
    {"seeds": 3, "prompts": 100, "each": 2, "effect": 0.3, "luck": 0.15},
    {"seeds": 3, "prompts": 200, "each": 1, "effect": 0.3, "luck": 0.5},
    {"seeds": 5, "prompts": 100, "each": 2, "effect": 0.3, "luck": 0.15},
    {"seeds": 5, "prompts": 50, "each": 4, "effect": 0.0, "luck": 0.3},
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=2000)
    parser.add_argument("--rules", action="store_true")
    asked = parser.parse_args()
    if asked.rules:
        print_rules()
        return
    tables = asked.tables
    print("| seeds | prompts | items each | effect | luck | coverage | mean width |\n" + "| ---: " * 7 + "|")
    total = 0
    for design in DESIGNS:
        hits, width = coverage(tables, **design)  # type: ignore[arg-type]
        total += hits
        low, high = wilson(hits / tables, tables)
        cells = " | ".join(str(value) for value in design.values())
        print(f"| {cells} | {hits / tables:.1%} [{low:.1%}, {high:.1%}] | {width:.3f} |", flush=True)
    print(f"all designs: {total / tables / len(DESIGNS):.1%}")
    arms = drawn(
        generator("benchmarks/statistics", "speed"), seeds=3, prompts=1319, each=1, effect=0.3, luck=0.1
    )
    start = time.process_time()
    paired_cluster_bootstrap(*arms, range(1319), bounded=True, draw=np.random.default_rng(0))
    middle = time.process_time()
    contrast(arms, (1.0, -1.0), bounded=True)
    print(f"1,319 items, 3 seeds, 1,000 resamples: {middle - start:.2f} CPU s, "
          f"the formula {time.process_time() - middle:.4f} CPU s")  # fmt: skip


if __name__ == "__main__":
    main()
