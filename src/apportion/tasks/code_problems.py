"""Problems of HumanEval and MBPP as one kind of value, read from their public files."""

import ast
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from apportion.errors import UserError
from apportion.judgements.findings import Row, described
from apportion.judgements.rows import read_rows
from apportion.tasks.sources import located

Part = Literal["few-shot", "test", "validation", "train"]


@dataclass(frozen=True, slots=True)
class CodeProblem:
    """A function to write, and the tests of it.

    `program` is right as a whole; `stub` is its beginning, up to and with a docstring, and `solution` goes on
    from there. `preamble` is the stub's beginning, imports and helpers. `asked` says in words what to write. `setup`
    and `tests` are what the sandbox runs beside the program; `entry_point` is the function's name.
    """

    id: str
    asked: str
    preamble: str
    stub: str
    solution: str
    program: str
    setup: str
    tests: str
    entry_point: str
    part: Part = "test"


def read_humaneval(source: str, base: Path) -> tuple[CodeProblem, ...]:
    """Return HumanEval's problems: Chen et al., 2021, arXiv 2107.03374."""
    return tuple(_humaneval(row) for row in read_rows(located(source, base)))


def read_mbpp(source: str, base: Path) -> tuple[CodeProblem, ...]:
    """Return MBPP's problems, with the parts of the paper (Austin et al., 2021, arXiv 2108.07732).

    Problems 1 to 10 are for few-shot prompts, 11 to 510 the test, to 600 for validation, to 974 for training.
    """
    return tuple(_mbpp(row) for row in read_rows(located(source, base)))


def _humaneval(row: Row) -> CodeProblem:
    stub, name = _text(row, "prompt"), _text(row, "entry_point")
    start = stub.find(f"def {name}(")
    if start < 0:
        raise _fault(row, "prompt", f"no 'def {name}('", "the function that entry_point names")
    return CodeProblem(
        id=_text(row, "task_id"),
        asked="Complete this Python function.",
        preamble=stub[:start],
        stub=stub,
        solution=_text(row, "canonical_solution"),
        program=stub + _text(row, "canonical_solution"),
        setup=stub,
        tests=f"{_text(row, 'test')}\ncheck({name})\n",
        entry_point=name,
    )


def _mbpp(row: Row) -> CodeProblem:
    number = row.values.get("task_id")
    if not isinstance(number, int):
        raise _fault(row, "task_id", described(number), "a whole number")
    asked, tests = _text(row, "prompt").strip(), _texts(row, "test_list")
    code = _text(row, "code").replace("\r\n", "\n").replace("\t", "    ").rstrip() + "\n"
    name = _tested(row, code, tests)
    stub, solution = _halves(code, name, asked, tests)
    return CodeProblem(
        id=f"MBPP/{number}",
        asked=asked,
        preamble=stub[: stub.index(f"def {name}")],
        stub=stub,
        solution=solution,
        program=code,
        setup="\n".join(_texts(row, "test_imports")),
        tests="\n".join(tests),
        entry_point=name,
        part=_part(number),
    )


def _part(number: int) -> Part:
    ends: dict[Part, int] = {"few-shot": 10, "test": 510, "validation": 600}
    found: list[Part] = [part for part, end in ends.items() if number <= end]
    return found[0] if found else "train"


def _tested(row: Row, code: str, tests: list[str]) -> str:
    """Return the name of the function that the tests call."""
    try:
        defined = [node.name for node in _parsed(code).body if isinstance(node, ast.FunctionDef)]
        called = {node.id for node in ast.walk(_parsed("\n".join(tests))) if isinstance(node, ast.Name)}
    except SyntaxError as error:
        raise _fault(row, "code", f"broken Python ({error})", "Python") from None
    names = [name for name in defined if name in called]
    if not names:
        raise _fault(row, "test_list", "no function that the code defines", "tests of one")
    return names[-1]


def _parsed(code: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes such as "\\w", which real solutions have
        return ast.parse(code)


def _halves(code: str, name: str, asked: str, tests: list[str]) -> tuple[str, str]:
    """Return a program cut as HumanEval's are: up to a docstring with an example, and the body."""
    tree = _parsed(code)
    function = next(n for n in reversed(tree.body) if isinstance(n, ast.FunctionDef) and n.name == name)
    lines = code.split("\n")
    first = function.body[0]
    if first.lineno == function.lineno:  # the body on the line of the head
        column = len(lines[first.lineno - 1].encode()[: first.col_offset].decode())
        head, body = lines[first.lineno - 1][:column].rstrip(), lines[first.lineno - 1][column:]
        lines[first.lineno - 1 : first.lineno] = [head, "    " + body]
        first_line, indent = first.lineno, "    "
    else:
        first_line = first.lineno - 1
        while first_line > 0 and (
            not lines[first_line - 1].strip() or lines[first_line - 1].lstrip().startswith("#")
        ):
            first_line -= 1  # comments above the first statement belong to the body
        indent = " " * first.col_offset
    words = asked.replace("\\", "\\\\").replace('"""', "'''")
    example = tests[0].replace("\\", "\\\\").replace('"""', "'''")
    docstring = f'{indent}""" {words}\n{indent}>>> {example}\n{indent}"""\n'
    return "\n".join(lines[:first_line]) + "\n" + docstring, "\n".join(lines[first_line:])


def _text(row: Row, field: str) -> str:
    value = row.values.get(field)
    if not isinstance(value, str) or not value.strip():
        raise _fault(row, field, described(value), "a text")
    return value


def _texts(row: Row, field: str) -> list[str]:
    value = row.values.get(field)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _fault(row, field, described(value), "a list of texts")
    return value


def _fault(row: Row, field: str, found: str, expected: str) -> UserError:
    return row.finding(field, found, expected, "Use the release's own file: apportion data list.").error()
