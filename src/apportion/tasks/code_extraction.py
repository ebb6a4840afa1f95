"""Extraction of programs from what a model wrote: a continuation that is cut off, or a fenced block."""

import re
from textwrap import indent
from typing import Literal

CodeForm = Literal["completion", "chat"]
"""completion: the answer continues a function; chat: it holds the whole function in a fenced block."""

# Where a continued function is over (the stops of HumanEval's paper, and where a chat goes on), and a whole program
FUNCTION_STOPS = (
    "\nclass ", "\ndef ", "\n@", "\n#", "\nif ", "\nprint(", "\nassert ", "\nfrom ", "\nimport ", "\n```", "\n[DONE]",
)  # fmt: skip
PROGRAM_STOPS = ('\n"""', "\nprint(", "\nassert ", "\nif __name__", "\n```", "\n[DONE]")
_FENCE = re.compile(r"^[ \t]*```[^\n`]*$", re.MULTILINE)
_START = re.compile(r"^(?:async def |def |class |import |from |@)", re.MULTILINE)


def continuation(text: str, stops: tuple[str, ...] = FUNCTION_STOPS) -> str:
    """Return the part of a continuation that belongs to the function, or with other stops to the program.

    >>> continuation("    return 1\\ndef other():\\n    pass")
    '    return 1\\n'
    """
    ends = [place for stop in stops if (place := text.find(stop, 1)) >= 0]
    return text[: min(ends) + 1] if ends else text


def blocks(text: str) -> list[str]:
    """Return what stands between fences of three backticks; a last fence may be left open.

    >>> blocks("Sure:\\n```python\\nx = 1\\n```\\nand\\n```\\ny")
    ['x = 1\\n', 'y']
    """
    marks = [(match.start(), match.end() + 1) for match in _FENCE.finditer(text)]
    opens, closes = marks[::2], [start for start, _ in marks[1::2]]
    closes += [len(text)] * (len(opens) - len(closes))
    return [text[end:close] for (_, end), close in zip(opens, closes, strict=True)]


def fenced(text: str, entry_point: str) -> str | None:
    """Return the first block that defines the function, else the first block, else None."""
    found = blocks(text)
    return next((block for block in found if f"def {entry_point}" in block), found[0] if found else None)


def strict_program(text: str, form: CodeForm, stub: str, preamble: str, entry_point: str) -> str | None:
    """Return the program that an answer gives in the demanded form, or None where it gives none.

    A continuation follows the stub; a block stands for itself, after the imports and helpers that the stub gave.
    """
    if form == "completion":
        return (
            stub.rstrip() + _after(stub, continuation(text, _stops(stub, entry_point)))
            if text.strip()
            else None
        )
    block = fenced(text, entry_point)
    return None if block is None else preamble + block


def other_programs(text: str, form: CodeForm, stub: str, preamble: str, entry_point: str) -> list[str]:
    """Return the programs that the answer gives in any other form, the likeliest first."""
    block = fenced(text, entry_point)
    found = [] if block is None else [preamble + block, stub.rstrip() + "\n" + block]
    start = _START.search(text)
    if start is not None and f"def {entry_point}" in text:
        end = text.find("\n```", start.start())
        found.append(preamble + (text[start.start() :] if end < 0 else text[start.start() : end + 1]))
    if text.strip():
        rest = continuation("\n" + text.lstrip("\n"), _stops(stub, entry_point))
        found += [stub.rstrip() + rest, stub.rstrip() + indent(rest, "    ")]
    given = strict_program(text, form, stub, preamble, entry_point)
    return [program for program in dict.fromkeys(found) if program != given]


def _stops(stub: str, entry_point: str) -> tuple[str, ...]:
    return FUNCTION_STOPS if f"def {entry_point}" in stub else PROGRAM_STOPS


def _after(stub: str, text: str) -> str:
    """Return a continuation as it follows the stub's last sign: on a line of its own, whether it says so or not."""
    return text if text[:1] == "\n" or not stub.endswith("\n") else "\n" + text
