"""The sample of wrong answers that a person read: which they are, and what each reading says.

    python -m benchmarks.anatomy_readings --show first     prints the sample to read, without any rule's opinion

The rules of reading are in docs/results/anatomy.md; the readings in docs/results/anatomy-readings.csv.
"""

import argparse
import gzip
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from apportion.identity import generator
from apportion.tasks.arithmetic import without_marks

SYSTEMS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
SAMPLES = {"first": 25, "second": 10, "third": 10}  # answers of each system


class Wrong(NamedTuple):
    """A wrong solution of one system to one problem; `item` counts the file's rows from 0."""

    item: int
    system: str
    question: str
    reference: str
    solution: str


def solutions(folder: Path) -> list[dict[str, Any]]:
    with gzip.open(folder / "text" / "gsm8k_model_solutions.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def sample(rows: list[dict[str, Any]], which: str = "first") -> list[Wrong]:
    """Return the wrong answers of a sample: so many of each system, by a fixed seed, none in two samples.

    The second and the third were drawn when the rules had been changed to agree with those before.
    """
    drawn = []
    earlier = list(SAMPLES)[: list(SAMPLES).index(which)]
    taken = {(one.system, one.item) for name in earlier for one in sample(rows, name)}
    for system in SYSTEMS:
        wrong = [
            item for item, row in enumerate(rows)
            if not row[system]["is_correct"] and (system, item) not in taken
        ]  # fmt: skip
        purpose = system if which == "first" else f"{system}/{which}"
        places = generator("anatomy/readings", purpose).choice(len(wrong), SAMPLES[which], replace=False)
        for item in sorted(wrong[place] for place in places):
            row = rows[item]
            drawn.append(Wrong(item, system, row["question"], row["ground_truth"], row[system]["solution"]))
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", choices=SAMPLES, default="first")
    which = parser.parse_args().show
    for wrong in sample(solutions(Path(os.environ["APPORTION_DATA"])), which):
        print(f"=== {wrong.item} {wrong.system}\nQ {wrong.question}\nREF {without_marks(wrong.reference)}")
        print(f"SOL {without_marks(wrong.solution)}")


if __name__ == "__main__":
    main()
