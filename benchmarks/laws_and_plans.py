"""Every number about laws and plans, written as one table: APPORTION_DATA=... python -m benchmarks.laws_and_plans.

    python -m benchmarks.laws_and_plans [--tables 500] [--unknown 500] [--fuzz 10000] [--out FILE]

Runs `benchmarks.laws` and `benchmarks.plans` one after the other and writes what they print, under a heading each,
to FILE, docs/results/laws-and-plans.md by default, as well as to the terminal. With the defaults some forty minutes
of one core; `--tables 40 --unknown 20 --fuzz 500` takes five.
"""

import argparse
import contextlib
import datetime
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from benchmarks import laws, plans

OUT = Path(__file__).parents[1] / "docs" / "results" / "laws-and-plans.md"


class Both:
    """A stream that is written to the terminal and to a file."""

    def __init__(self, file: TextIO) -> None:
        self.streams = (sys.stdout, file)

    def write(self, text: str) -> int:
        for stream in self.streams:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        for stream in self.streams:
            stream.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="Every number about laws and plans")
    parser.add_argument("--tables", type=int, default=500)
    parser.add_argument("--unknown", type=int, default=500)
    parser.add_argument("--fuzz", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    parts: dict[str, Callable[[], None]] = {
        "Fine-tuning losses foretold from few examples": laws.extrapolation,
        "Whole curves": laws.whole_curves,
        "Chinchilla": laws.chinchilla,
        "Coefficients of arXiv 2410.03717, and laws compared by roll-out": laws.coefficients,
        "Noise": lambda: laws.noise(max(asked.tables // 10, 1)),
        "Intervals of laws of one variable": lambda: laws.coverage(asked.tables, asked.unknown),
        "Intervals of joint laws": lambda: plans.coverage_table(asked.tables),
        "Regret on published surfaces": plans.regret_table,
        "Speed": plans.speed_table,
        "What a user waits for": plans.start_table,
        "Generated tables": lambda: plans.fuzz(asked.fuzz),
    }
    options = f"--tables {asked.tables} --unknown {asked.unknown} --fuzz {asked.fuzz}"
    begun = asked.out.with_suffix(".part")
    with begun.open("w", encoding="utf-8") as file, contextlib.redirect_stdout(Both(file)):
        print(f"# Laws and plans: every number\n\n    python -m benchmarks.laws_and_plans {options}\n")
        print(
            f"{datetime.date.today()}, apportion {version('apportion')}, Python {platform.python_version()}."
        )
        for name, part in parts.items():
            print(f"\n## {name}\n", flush=True)
            part()
    begun.rename(asked.out)


if __name__ == "__main__":
    main()
