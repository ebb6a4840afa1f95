"""The tester's side: runs the tests, whose calls of the candidate's functions go over the pipe.

The verdict is made here, in a process that has run nothing of the program. A candidate passes if every call that
the tests made came back with a value that satisfied them, and in no other way.
"""

import ast
import builtins
import os
import sys
import types
from typing import Any

from apportion.tasks.sandbox.values import Malformed, decode, encode, receive, send

# Exceptions that tests may expect of a function. Not StopIteration, which would end a loop of the tests silently.
_EXPECTABLE = (
    "ArithmeticError", "AttributeError", "EOFError", "Exception", "FileNotFoundError", "IndexError", "KeyError",
    "LookupError", "NameError", "NotImplementedError", "OSError", "OverflowError", "PermissionError",
    "RecursionError", "RuntimeError", "TypeError", "UnicodeError", "ValueError", "ZeroDivisionError",
)  # fmt: skip


class CandidateFailed(Exception):
    """A call that did not come back with a value; also an instance of the builtin exception that was raised."""

    outcome = "raised"


class CandidateGone(BaseException):
    """The candidate is not there any more, or sends what no candidate sends; tests cannot catch it."""


class Candidate:
    """The functions of a program in another process."""

    def __init__(self, calls: int, answers: int, answer_bytes: int) -> None:
        self._calls, self._answers, self._most = calls, answers, answer_bytes
        self.failure: CandidateFailed | None = None

    def started(self) -> dict[str, Any]:
        """Return how the run of the program itself went."""
        return self._received(1 << 16)

    def ask(
        self, do: str, name: str | None, args: tuple = (), kwargs: Any = None, number: int | None = None
    ) -> Any:
        """Return the value of a call, or raise what it raised as `CandidateFailed`."""
        request = {
            "do": do,
            "name": name,
            "object": number,
            "args": encode(list(args), self._number),
            "kwargs": {key: encode(value, self._number) for key, value in (kwargs or {}).items()},
        }
        try:
            send(self._calls, request)
        except BrokenPipeError:
            raise CandidateGone("gone") from None
        answer = self._received(self._most)
        if "value" in answer:
            try:
                return decode(answer["value"], self._remote)
            except Malformed as error:
                raise CandidateGone(f"malformed answer: {error}") from None
        self.failure = _failure(answer)
        raise self.failure

    def function(self, name: str) -> Any:
        """Return a function that calls the one of that name there."""
        return lambda *args, **kwargs: self.ask("call", name, args, kwargs)

    def has(self, name: str) -> bool:
        """Return whether the program defines something of that name that can be called."""
        return self.ask("find", name) is True

    def _received(self, most: int) -> dict[str, Any]:
        try:
            answer = receive(self._answers, most)
        except EOFError:
            raise CandidateGone("gone") from None
        except Malformed as error:
            raise CandidateGone(f"malformed answer: {error}") from None
        if not isinstance(answer, dict):
            raise CandidateGone("malformed answer: no object")
        return answer

    def _remote(self, number: Any) -> "Remote":
        if not isinstance(number, int):
            raise Malformed("a handle that is no number")
        return Remote(self, number)

    def _number(self, value: Any) -> int:
        if isinstance(value, Remote):
            return value.number
        raise TypeError(f"tests cannot hand a {type(value).__name__} to a candidate")


class Remote:
    """An object that stays with the candidate; it can be called, gone through and handed back."""

    def __init__(self, candidate: Candidate, number: int) -> None:
        self._candidate, self.number = candidate, number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the object there returns when it is called."""
        return self._candidate.ask("call", None, args, kwargs, self.number)

    def __iter__(self) -> Any:
        found = self._candidate.ask("items", None, (self,))
        return iter(found if isinstance(found, list) else [])


def _failure(answer: dict[str, Any]) -> CandidateFailed:
    outcome, detail, raised = (answer.get(key) for key in ("outcome", "detail", "raised"))
    kinds: tuple[type, ...] = (CandidateFailed,)
    if raised in _EXPECTABLE and raised != "Exception":
        kinds = (CandidateFailed, getattr(builtins, raised))
    failure = type("CandidateFailed", kinds, {})(str(detail)[:200])
    allowed = ("raised", "forbidden", "memory", "files", "exited")
    failure.outcome = outcome if outcome in allowed else "raised"
    return failure


def wanted_names(tests: str, setup: dict[str, Any]) -> list[str]:
    """Return the names that the tests use and neither they nor their setup nor Python define."""
    tree = ast.parse(tests)
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in used if not isinstance(node.ctx, ast.Load)}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    names = dict.fromkeys(node.id for node in used if isinstance(node.ctx, ast.Load))
    return [n for n in names if n not in bound and n not in setup and not hasattr(builtins, n)]


def judge(candidate: Candidate, setup: str, tests: str, entry_point: str | None) -> dict[str, str]:
    """Return the verdict: "passed", "wrong" for a test that fails, or how the candidate failed.

    `setup` is run first, here; `entry_point` is taken from the candidate even if the setup defines it.
    """
    space: dict[str, Any] = types.ModuleType("tests").__dict__
    exec(compile(setup, "setup.py", "exec", dont_inherit=True), space)
    names = [*wanted_names(tests, space), *([entry_point] if entry_point else [])]
    start = candidate.started()
    if "value" not in start:
        outcome = start.get("outcome")
        known = ("syntax", "raised", "forbidden", "memory", "files", "exited")
        return _verdict(outcome if outcome in known else "raised", str(start.get("detail")))
    try:
        for name in names:
            if candidate.has(name):
                space[name] = candidate.function(name)
            elif name in sys.stdlib_module_names and name in sys.modules:
                space[name] = sys.modules[name]  # tests of MBPP rely on the program's imports
            else:
                return _verdict("missing", f"no function {name}")
        exec(compile(tests, "tests.py", "exec", dont_inherit=True), space)
    except CandidateFailed as failure:
        return _verdict(failure.outcome, str(failure))
    except CandidateGone:
        raise
    except BaseException as error:
        return _verdict("wrong", f"{type(error).__name__}: {str(error)[:200]}")
    return _verdict("passed", "")


def _verdict(outcome: str, detail: str) -> dict[str, str]:
    return {"outcome": outcome, "detail": detail[:200]}


def main(tests: int, calls: int, answers: int, verdict: int, answer_bytes: int) -> None:
    """Read setup, tests and entry point from the descriptor `tests` and write the verdict."""
    job = receive(tests, 1 << 30)
    try:
        result = judge(Candidate(calls, answers, answer_bytes), **job)
    except CandidateGone as error:
        result = _verdict("gone", str(error))
    send(verdict, result)
    os._exit(0)
