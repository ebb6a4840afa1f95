"""A task of the user's own: a function in a Python file beside the study file, run as their code."""

import functools
import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, is_dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import msgspec

from apportion.errors import UserError
from apportion.studies.tables import from_table, near
from apportion.tasks.task import Grade, Problem, Task

_SEPARATOR = ".py:"


@dataclass(frozen=True, slots=True)
class OwnTask:
    """A function by its file, relative to the study file, with the keys of [task] as they stand there.

    Nothing of the file is read before the task is loaded: a report of a study runs nobody's code.
    """

    file: str
    function: str
    keys: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OwnGrader:
    """The grader of a task of the user's own, in any process: the file is run again where it has not been.

    Its repr is what a cell's name has of it: the function, its keys and the file's text, not where the file lies.
    """

    name: str
    keys: str
    sha256: str
    folder: Path = field(repr=False)

    def __call__(self, problem: Problem, text: str) -> Grade:
        """Return the grade of an answer; raises UserError if the file is no longer what the study began with."""
        return _made(self.name, self.keys, self.sha256, self.folder).grade(problem, text)


def names_own_file(name: object) -> bool:
    """Return whether the name of a task is that of a function in a Python file."""
    return isinstance(name, str) and (_SEPARATOR in name or name.endswith(".py"))


def own_task(name: str, keys: dict[str, Any], where: str) -> OwnTask:
    """Return what "my_task.py:reversed_task" names; raises UserError for a file elsewhere or no function."""
    file, _, function = name.partition(_SEPARATOR)
    file = f"{file}.py"
    if not function.isidentifier() or Path(file).is_absolute() or ".." in Path(file).parts:
        expected = '"FILE.py:FUNCTION", a file in the study file\'s folder'
        cure = 'Write name = "my_task.py:my_task".'
        raise UserError(f"{where}, [task], name", repr(name), expected, cure)
    return OwnTask(file, function, keys)


def load_own_task(own: OwnTask, folder: Path) -> Task:
    """Return the task that the function makes; `folder` is the study file's, where its own paths count from.

    Raises UserError for a file that is missing or fails, a function that is missing, has no settings dataclass, fails
    or returns no `Task`, and for keys that the dataclass refuses.
    """
    keys = msgspec.json.encode(own.keys, order="sorted").decode()
    name = f"{own.file}:{own.function}"
    sha256 = hashlib.sha256(_text(folder / own.file)).hexdigest()
    task = _made(name, keys, sha256, folder)
    return replace(task, grade=OwnGrader(name, keys, sha256, folder))


@functools.cache
def _made(name: str, keys: str, sha256: str, folder: Path) -> Task:
    """Run the file and its function, once in each process."""
    file, _, function = name.rpartition(":")
    path = folder / file
    text = _text(path)
    if hashlib.sha256(text).hexdigest() != sha256:
        cure = "Run the study again; nothing is trained twice."
        raise UserError(str(path), "another text than when the study began", "the same file", cure)
    module = ModuleType(f"apportion_task_{sha256[:16]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses look up what annotations name
    _run(path, lambda: exec(compile(text, str(path), "exec", dont_inherit=True), vars(module)))
    make = vars(module).get(function)
    if not callable(make):
        defined = [name for name, value in vars(module).items() if callable(value)]
        raise UserError(
            str(path),
            f"no function '{function}'",
            "the one that [task] names",
            near(function, defined, "Write it."),
        )
    kind = next(iter(_run(path, lambda: get_type_hints(make, vars(module))).values()), None)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        cure = f"Write def {function}(settings: MySettings, base: Path) -> Task."
        raise UserError(
            f"{path}, {function}", f"first parameter {kind}", "one annotated with a dataclass", cure
        )
    settings = from_table(kind, msgspec.json.decode(keys), f"{path}, the keys of [task]")
    task = _run(path, lambda: make(settings, folder))
    if not isinstance(task, Task):
        cure = "Return apportion.tasks.task.Task(...)."
        raise UserError(f"{path}, {function}", f"a {type(task).__name__} returned", "a Task", cure)
    return task


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else f"{error.strerror}"
        cure = "Put it there, or change name under [task]."
        raise UserError(str(path), found, "the Python file that [task] names", cure) from None


def _run(path: Path, code: Callable[[], Any]) -> Any:
    """Return what the user's code returns; what it raises becomes one line with the last of its own line numbers."""
    try:
        return code()
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        lines = [error.lineno] if isinstance(error, SyntaxError) else _lines(error, str(path))
        place = f"{path}, line {lines[-1]}" if lines else str(path)
        found = f"{type(error).__name__}: {error}"
        raise UserError(place, found, "code that runs", "Mend it.") from error


def _lines(error: BaseException, file: str) -> list[int | None]:
    """The line numbers of a traceback in one file, outermost first."""
    found, frame = [], error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == file:
            found.append(frame.tb_lineno)
        frame = frame.tb_next
    return found
