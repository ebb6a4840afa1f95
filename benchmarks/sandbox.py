"""The sandbox: every reference solution of HumanEval and MBPP, and how many programs it runs in a second.

    APPORTION_DATA=... python -m benchmarks.sandbox [--sandboxes 2]

Prints how many solutions pass their tests, then programs a second: all of HumanEval's, by as many sandboxes at
once as are asked for, and the processor time that one program takes of all processes together.
"""

import argparse
import os
import threading
import time
from pathlib import Path

from apportion.tasks.code_problems import CodeProblem, read_humaneval, read_mbpp
from apportion.tasks.sandbox.sandbox import Sandbox

SOURCES = {"HumanEval": ("humaneval", read_humaneval), "MBPP, sanitized": ("mbpp_sanitized", read_mbpp)}


def outcomes(sandbox: Sandbox, problems: tuple[CodeProblem, ...]) -> list[str]:
    """Return the ids of the problems whose own solution does not pass, each with the reason."""
    failed = []
    for problem in problems:
        verdict = sandbox.run(
            problem.program, problem.tests, setup=problem.setup, entry_point=problem.entry_point
        )
        if verdict.outcome != "passed":
            failed.append(f"{problem.id}: {verdict.outcome}, {verdict.detail}")
    return failed


def processor_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sandboxes", type=int, default=2)
    count = parser.parse_args().sandboxes
    read = {
        name: reader(f"$APPORTION_DATA/text/{file}.jsonl.gz", Path.cwd())
        for name, (file, reader) in SOURCES.items()
    }
    with Sandbox() as sandbox:
        print(f"layers: {', '.join(sandbox.layers)}\n")
        print("| set | solutions | pass |\n| --- | ---: | ---: |")
        failed = []
        for name, problems in read.items():
            found = outcomes(sandbox, problems)
            print(f"| {name} | {len(problems)} | {len(problems) - len(found)} |")
            failed += found
        print("\n".join(["", *failed]))
    problems = read["HumanEval"]
    sandboxes = [Sandbox() for _ in range(count)]
    start, used = time.perf_counter(), processor_seconds()
    threads = [
        threading.Thread(target=outcomes, args=(s, problems[i::count])) for i, s in enumerate(sandboxes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    for sandbox in sandboxes:
        sandbox.close()
    each = 1000 * (processor_seconds() - used) / len(problems)
    print(
        f"{len(problems) / seconds:.0f} programs a second, {count} sandboxes at once, load {os.getloadavg()[0]:.1f}"
    )
    print(
        f"{each:.1f} ms of processor time a program (with the start of the sandboxes left out, their end in)"
    )


if __name__ == "__main__":
    main()
