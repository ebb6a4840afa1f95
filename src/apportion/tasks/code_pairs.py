"""Pairs of a right program and a near miss: the same text but for one sign, name or number, failing a test."""

import io
import tokenize
from collections.abc import Callable
from dataclasses import replace

from apportion.identity import generator
from apportion.tasks.code_problems import CodeProblem
from apportion.tasks.sandbox.sandbox import Outcome

_SWAPS = {
    "+": "-", "-": "+", "*": "+", "//": "%", "%": "//", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=",
    "!=": "==", "+=": "-=", "-=": "+=", "and": "or", "or": "and", "in": "not in", "True": "False", "False": "True",
    "min": "max", "max": "min", "append": "remove", "any": "all", "all": "any", "upper": "lower", "lower": "upper",
}  # fmt: skip
_MOST_TRIES = 6


def near_miss(problem: CodeProblem, run: Callable[[CodeProblem], Outcome]) -> CodeProblem | None:
    """Return the problem with a solution that differs in one token and fails a test, or None if none is found.

    Tokens are tried in an order that is drawn from the problem's id, up to six of them. One that raises, loops or
    passes is no near miss: what is left is code that looks right and is not.
    """
    if not problem.program.endswith(problem.solution):
        return None
    start = len(problem.program) - len(problem.solution)
    changed = changes(problem.solution)
    order = generator(problem.id, "near miss").permutation(len(changed))
    for place in order[:_MOST_TRIES]:
        solution = changed[place]
        missed = replace(problem, solution=solution, program=problem.program[:start] + solution)
        if run(missed) == "wrong":
            return missed
    return None


def changes(solution: str) -> list[str]:
    """Return every text that differs from a function's body in one token.

    >>> changes("    return x + 1")
    ['    return x - 1', '    return x + 2']
    """
    lines = solution.splitlines(keepends=True)
    starts = [sum(map(len, lines[:i])) for i in range(len(lines) + 1)]
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(solution).readline):
            other = _SWAPS.get(token.string)
            if token.type == tokenize.NUMBER and token.string.isdecimal():
                other = str(int(token.string) + 1)
            if other is not None and token.type in (tokenize.OP, tokenize.NAME, tokenize.NUMBER):
                begin, end = (starts[row - 1] + column for row, column in (token.start, token.end))
                found.append(solution[:begin] + other + solution[end:])
    except (tokenize.TokenError, IndentationError):  # a body by itself need not be a text that ends well
        pass
    return found
