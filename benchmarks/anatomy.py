"""The anatomy of errors on four real systems: a table of classes, agreement with a reader, extraction, speed.

python -m benchmarks.anatomy              prints everything; needs APPORTION_DATA
python -m benchmarks.anatomy --write      and writes docs/results/: the rule's class beside each reading,
                                          and every disagreement of a grading rule with the release
"""

import argparse
import csv
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any, get_args

from benchmarks.anatomy_readings import SAMPLES, SYSTEMS, solutions

from apportion.error_classes import ErrorClass
from apportion.statistics import agreement, wilson
from apportion.tasks.anatomy import classify_solution
from apportion.tasks.grade import last_number, number, strict_number
from apportion.tasks.math import grade_solution
from apportion.tasks.task import Problem

RESULTS = Path(__file__).parents[1] / "docs" / "results"
MARKER = "A:"


def classed(reference: str, solution: str) -> ErrorClass:
    """Return the class of a public solution: the reference's marker and the solutions' are the same, `A:`."""
    truth = number(reference.rpartition(MARKER)[2].strip())

    def answer_of(text: str):
        return strict_number(text, MARKER)

    strict, flexible = answer_of(solution) == truth, last_number(solution) == truth
    return classify_solution(reference, solution, strict, flexible, answer_of=answer_of)


def table(rows: list[dict[str, Any]]) -> dict[str, Counter[str]]:
    """Return, for each system, how many solutions each class has."""
    return {
        system: Counter(classed(row["ground_truth"], row[system]["solution"]) for row in rows)
        for system in SYSTEMS
    }


def readings(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the readings with the rule's class filled in."""
    with (RESULTS / "anatomy-readings.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    for reading in found:
        row = rows[int(reading["item"])]
        reading["rule"] = classed(row["ground_truth"], row[reading["system"]]["solution"])
    return found


def disagreements(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the solutions that strict or flexible grading judges otherwise than the release does."""
    found = []
    for item, row in enumerate(rows):
        problem = Problem(str(item), row["question"], row["ground_truth"].rpartition(MARKER)[2].strip())
        for system in SYSTEMS:
            grade = grade_solution(problem, row[system]["solution"], MARKER)
            released = row[system]["is_correct"]
            if (grade.strict, grade.flexible) != (released, released):
                said = {"release": released, "strict": grade.strict, "flexible": grade.flexible}
                found.append({"item": item, "system": system} | said | {"end": row[system]["solution"][-60:]})
    return found


def write_csv(path: Path, fields: list[str], rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def print_table(found: dict[str, Counter[str]]) -> None:
    print("| class | " + " | ".join(SYSTEMS) + " |\n| --- |" + " ---: |" * len(SYSTEMS))
    for name in get_args(ErrorClass):
        if any(counts[name] for counts in found.values()):
            print(
                f"| {'correct' if name == 'none' else name} | "
                + " | ".join(f"{counts[name]:,}" for counts in found.values())
                + " |"
            )
    shares = (counts["other"] / (counts.total() - counts["none"]) for counts in found.values())
    print("| other, of the wrong | " + " | ".join(f"{share:.1%}" for share in shares) + " |")


def print_agreement(found: list[dict[str, str]]) -> None:
    for name in (*SAMPLES, "all"):
        some = [reading for reading in found if name in (reading["sample"], "all")]
        both = agreement([one["reading"] for one in some], [one["rule"] for one in some])
        low, high = wilson(both.share, both.items)
        interval = f"[{low:.1%}, {high:.1%}]"
        print(
            f"agreement, {name} sample: {both.share:.1%} {interval} of {both.items}, kappa {both.kappa:.2f}"
        )
    pairs = Counter((one["reading"], one["rule"]) for one in found)
    for (read, rule), count in pairs.most_common():
        print(f"  read {read}, rule {rule}: {count}")


def print_speed(rows: list[dict[str, Any]]) -> None:
    for system in SYSTEMS:
        wall, cpu = time.perf_counter(), time.process_time()
        for item, row in enumerate(rows):
            final = row["ground_truth"].rpartition(MARKER)[2].strip()
            problem = Problem(str(item), row["question"], f"{final}\n\n{row['ground_truth']}")
            grade_solution(problem, row[system]["solution"], MARKER)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"grading and classing {len(rows):,} solutions of {system}: {wall:.2f} s, {cpu:.2f} CPU s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    rows = solutions(Path(os.environ["APPORTION_DATA"]))
    print_speed(rows)
    print_table(table(rows))
    read = readings(rows)
    print_agreement(read)
    odd = disagreements(rows)
    for rule in ("strict", "flexible"):
        count = sum(one[rule] != one["release"] for one in odd)
        print(f"{rule} grading against is_correct: {count} disagreements of {len(rows) * len(SYSTEMS):,}")
    if write:
        write_csv(RESULTS / "anatomy-readings.csv", list(read[0]), read)
        fields = ["item", "system", "release", "strict", "flexible", "end"]
        write_csv(RESULTS / "gsm8k-extraction-disagreements.csv", fields, odd)


if __name__ == "__main__":
    main()
