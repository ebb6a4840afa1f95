"""The candidate's side: runs a program, then calls its functions as the tester asks. Nothing here is trusted.

Whatever a program does to this process, to its builtins or to these functions, all that it can win is to send other
answers over the pipe, and it has never seen what the right ones are.
"""

import errno
import itertools
import os
import random
import sys
import types
from typing import Any

from apportion.tasks.sandbox.values import decode, encode, receive, send

_MOST_ITEMS = 100_000
_MOST_BYTES = 1 << 30
_RESOURCES = (errno.EFBIG, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.EAGAIN)


def serve(program: int, calls: int, answers: int) -> None:
    """Run the program in the descriptor `program`, say how that went, and answer calls until there are no more."""
    module = types.ModuleType("candidate")
    sys.modules["candidate"] = module
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    with open(program, encoding="utf-8", errors="surrogatepass") as file:
        source = file.read()
    try:
        code = compile(source, "program.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        send(answers, {"outcome": "syntax", "detail": str(error)[:200]})
        return
    result = _attempt(lambda: exec(code, module.__dict__))
    send(answers, {"value": None} if "value" in result else result)
    objects: list[Any] = []

    def handle(value: Any) -> int:
        objects.append(value)
        return len(objects) - 1

    while True:
        try:
            request = receive(calls, _MOST_BYTES)
        except EOFError:
            return
        send(answers, _answer(request, module, objects, handle))


def _answer(
    request: dict[str, Any], module: types.ModuleType, objects: list[Any], handle: Any
) -> dict[str, Any]:
    def work() -> Any:
        args = decode(request["args"], objects.__getitem__)
        kwargs = {key: decode(value, objects.__getitem__) for key, value in request["kwargs"].items()}
        if request["do"] == "items":
            return encode(list(itertools.islice(iter(args[0]), _MOST_ITEMS)), handle)
        function = (
            getattr(module, request["name"]) if request["name"] is not None else objects[request["object"]]
        )
        return encode(function(*args, **kwargs), handle)

    if request["do"] == "find":
        return {"value": callable(getattr(module, request["name"], None))}
    return _attempt(work)


def _attempt(work: Any) -> dict[str, Any]:
    try:
        return {"value": work()}
    except BaseException as error:
        name = type(error).__name__
        detail = f"{name}: {_text(error)}"
        if isinstance(error, SystemExit):
            return {"outcome": "exited", "detail": detail}
        if isinstance(error, MemoryError):
            return {"outcome": "memory", "detail": detail}
        if isinstance(error, OSError) and error.errno in _RESOURCES:
            return {"outcome": "files", "detail": detail}
        if isinstance(error, PermissionError) and error.errno in (errno.EPERM, errno.EACCES):
            return {"outcome": "forbidden", "detail": detail, "raised": name}
        return {"outcome": "raised", "detail": detail, "raised": name}


def _text(error: BaseException) -> str:
    try:
        return str(error)[:200]
    except BaseException:
        return ""


def main(program: int, calls: int, answers: int) -> None:
    """Serve and end the process without running what a program left for its exit."""
    try:
        serve(program, calls, answers)
    finally:
        os._exit(0)
