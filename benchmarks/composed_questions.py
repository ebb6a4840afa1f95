"""New knowledge on all composed questions: python -m benchmarks.composed_questions RUN RUN.

Puts together studies that ask about different people (studies/new-knowledge-all-smollm2.toml and its mirror) and
prints the 2 x 2 x 2 table of start, way of learning and kind of question, with what post-training adds. Intervals are
over people, whose questions go together, and over seeds where there are several. APPORTION_DATA has to be set.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from apportion.findings.measured import Arm, Measured, Scores, lined_up, measured
from apportion.findings.new_knowledge import KINDS, PAPER, part_of
from apportion.identity import generator
from apportion.reports.record import read_record
from apportion.statistics import Estimate, cluster_bootstrap
from apportion.tasks.composed_knowledge import FILE, person_of
from apportion.tasks.multihop import read_questions
from apportion.tasks.sources import located


def people() -> dict[str, str]:
    """Return the person that each question is about, by the question's id."""
    return {q.id: person_of(q) for q in read_questions(located(FILE, Path()), "composed-facts")}


def over_people(scores: Scores, person: dict[str, str], ends: tuple[float, float]) -> Estimate:
    clusters = [person[item.rpartition("/")[2]] for item in scores.items]
    draw = generator("benchmarks/composed questions", "")
    return cluster_bootstrap(scores.values, clusters, ends=ends, draw=draw)


def difference(table: Measured, arms: Sequence[Arm], prefix: str) -> Scores:
    both = {arm: part_of(table[arm], prefix) for arm in arms}
    lined = lined_up(both, arms)
    assert lined is not None
    items = tuple(sorted(set.intersection(*(set(one.items) for one in both.values()))))
    return Scores((), items, lined[0] - lined[1])


def main(folders: Sequence[str]) -> None:
    outcomes = pl.concat([read_record(Path(folder)).outcomes for folder in folders])
    right, formed = measured(outcomes, "accuracy"), measured(outcomes, "accuracy", "form")
    person, most = people(), max(arm.n_demonstrations for arm in right)
    rows = (
        ("fine-tuning", "recalled", Arm(0, 0, "taught"), Arm(most, 0, "taught")),
        ("context", "told", Arm(0, 0, "base"), Arm(most, 0, "sft")),
        ("not at all", "recalled", Arm(0, 0, "base"), Arm(most, 0, "sft")),
    )
    columns = ("learned", "asked", "questions", "people", "base", "post-trained", "difference (points)",
               "in form: base, post-trained", "paper: base, post-trained")  # fmt: skip
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for way, items, base, trained in rows:
        for kind in KINDS:
            prefix = f"{items}/{kind}/"
            scores = [part_of(right[arm], prefix) for arm in (base, trained)]
            form = [part_of(formed[arm], prefix).values.mean() for arm in (base, trained)]
            each = [over_people(one, person, (0.0, 1.0)) for one in scores]
            gain = over_people(difference(right, (trained, base), prefix), person, (-1.0, 1.0))
            paper = ", ".join(f"{x:.2f}" for x in PAPER[way][kind]) if way in PAPER else ""
            said = " | ".join(f"{e.mean:.3f} [{max(e.low, 0):.3f}, {e.high:.3f}]" for e in each)
            points = f"{100 * gain.mean:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
            print(f"| {way} | {kind} | {len(scores[0].items):,} | {gain.items} | {said} | {points} "
                  f"| {form[0]:.2f}, {form[1]:.2f} | {paper} |")  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
