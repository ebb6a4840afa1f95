"""IFEval's accuracies of responses that are already there, per kind of instruction.

    APPORTION_DATA=... python -m benchmarks.ifeval [RESPONSES] [--unfollowed KIND]

RESPONSES has the fields prompt and response; without it, GPT-4's responses that came with the benchmark. Prints a
Markdown table: strict and loose, by prompt, by instruction and by kind. `--unfollowed` prints what fails instead.
"""

import argparse
from collections import defaultdict
from pathlib import Path

from apportion.judgements.readers import read_demonstrations
from apportion.tasks.instructions import Followed, Instruction, followed, read_instructions
from apportion.tasks.sources import located

PROMPTS = "$APPORTION_DATA/text/ifeval_prompts.jsonl.gz"
GPT4 = "$APPORTION_DATA/text/ifeval_responses_gpt4.jsonl.gz"

Graded = list[tuple[str, str, tuple[Instruction, ...], Followed]]


def graded(source: str) -> tuple[Graded, int]:
    """Return every prompt with its response and what it follows, and how many prompts have no response.

    A response whose prompt differs from the benchmark's in its last words, as one of GPT-4's does, is found by
    the prompt's first 200 characters.
    """
    here = Path.cwd()
    rows = read_demonstrations(located(source, here))
    exact = {str(row.prompt): row.response for row in rows}
    nearly = {str(row.prompt)[:200]: row.response for row in rows}
    found: Graded = []
    missing = 0
    for id_, text, instructions in read_instructions(PROMPTS, here):
        response = exact.get(text, nearly.get(text[:200]))
        if response is None:
            missing += 1
            continue
        found.append((id_, response, instructions, followed(instructions, response)))
    return found, missing


def table(rows: Graded) -> list[str]:
    """Return the accuracies as lines of a Markdown table."""
    kinds: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for _, _, instructions, (strict, loose) in rows:
        for instruction, *both in zip(instructions, strict, loose, strict=True):
            kinds[instruction.kind].append((both[0], both[1]))
    whole = [(all(strict), all(loose)) for _, _, _, (strict, loose) in rows]
    each = [both for found in kinds.values() for both in found]
    lines = ["| kind | count | strict % | loose % |", "| --- | ---: | ---: | ---: |"]
    for name, found in [("prompts", whole), ("instructions", each), *sorted(kinds.items())]:
        strict, loose = (100 * sum(both[i] for both in found) / len(found) for i in (0, 1))
        lines.append(f"| {name} | {len(found)} | {strict:.1f} | {loose:.1f} |")
    return lines


def main() -> None:
    """Print the table, or what was not followed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("responses", nargs="?", default=GPT4)
    parser.add_argument("--unfollowed", metavar="KIND")
    arguments = parser.parse_args()
    rows, missing = graded(arguments.responses)
    if arguments.unfollowed:
        for id_, response, instructions, (strict, _) in rows:
            for instruction, kept in zip(instructions, strict, strict=True):
                if instruction.kind == arguments.unfollowed and not kept:
                    print(f"## {id_} {dict(instruction.details)}\n\n{response}\n")
        return
    print("\n".join(table(rows)))
    print(f"\nprompts without a response: {missing}")


if __name__ == "__main__":
    main()
