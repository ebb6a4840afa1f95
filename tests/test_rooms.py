"""Imports point one way: a room imports only the rooms that its row names, and a light room no torch."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import apportion

SOURCE = Path(apportion.__file__).parent
ARCHITECTURE = Path(__file__).parents[1] / "docs" / "architecture.md"

MAY_IMPORT: dict[str, set[str]] = {
    "judgements": set(),
    "statistics": set(),
    "laws": set(),
    "tasks": {"judgements"},
    "models": {"judgements"},
    "training": {"judgements", "models"},
    "studies": {"judgements", "tasks", "models", "training", "statistics"},
    "plans": {"laws"},
    "signed": {"statistics", "laws"},
    "findings": {"statistics", "laws", "plans"},
}
MAY_IMPORT["reports"] = set(MAY_IMPORT)
MAY_IMPORT["cli"] = set(MAY_IMPORT)

LIGHT = ("judgements", "statistics", "laws", "plans")
HEAVY = ("torch", "transformers", "trl", "peft", "accelerate", "sklearn")


def modules() -> Iterator[tuple[str, str]]:
    """Yield the dotted name and the text of every module of Apportion."""
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        yield ".".join(parts), path.read_text()


def imports(module: str, text: str) -> Iterator[str]:
    """Yield the dotted name of everything that a module's text imports, wherever in the text it does so.

    `module` is a dotted name, a package's one ends in `.__init__`. From `from a.b import c` comes `a.b.c`,
    since c may be a module.
    """
    for node in ast.walk(ast.parse(text, module)):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                parents = module.split(".")[: -node.level] if node.level else []
                origin = ".".join([*parents, *([node.module] if node.module else [])])
                yield from (f"{origin}.{alias.name}" for alias in node.names)
            case ast.Call(
                func=ast.Name(called) | ast.Attribute(attr=called), args=[ast.Constant(str(name)), *_]
            ):
                if called in ("import_module", "__import__"):
                    yield name


def faults(module: str, text: str) -> list[str]:
    """Return the imports of a module that break a rule, each with the rule."""
    home = room_of(module)
    if home is None:
        surface = {"apportion.__main__": {"cli"}, "apportion.__init__": set(MAY_IMPORT) - {"cli"}}
        allowed: set[str] = surface.get(module, set())
    else:
        allowed = MAY_IMPORT[home] | {home}
    found = []
    for name in imports(module, text):
        room = room_of(name)
        if room is not None and room not in allowed:
            found.append(
                f"{module} imports {name}: {home or 'a module outside the rooms'} may not import {room}"
            )
        if name.split(".")[0] in HEAVY and (home is None or home in LIGHT):
            found.append(f"{module} imports {name}: it is to work without {name.split('.')[0]}")
    return found


def room_of(name: str) -> str | None:
    """Return the room that a dotted name lies in; None for what is not Apportion's or outside the rooms."""
    parts = name.split(".")
    return parts[1] if parts[0] == "apportion" and len(parts) > 1 and parts[1] in MAY_IMPORT else None


def prints(module: str, text: str) -> bool:
    """Return whether a module outside `cli` prints."""
    calls = (node for node in ast.walk(ast.parse(text, module)) if isinstance(node, ast.Call))
    return room_of(module) != "cli" and any(
        isinstance(c.func, ast.Name) and c.func.id == "print" for c in calls
    )


def attempted(code: str, forbidden: tuple[str, ...] = HEAVY) -> set[str]:
    """Return which forbidden packages a fresh process tries to import while it runs some code.

    The attempt fails there, as if the package were not installed, so an import that is optional is found too. To
    ask whether a package is there, as polars does, is no attempt.
    """
    guard = f"""
import importlib.machinery, sys
class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {forbidden!r}:
            return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec):
        print("attempted:" + spec.name.split(".")[0], file=sys.stderr, flush=True)
        raise ModuleNotFoundError(spec.name)
    def exec_module(self, module):
        pass
sys.meta_path.insert(0, Guard())
"""
    run = subprocess.run([sys.executable, "-c", guard + code], capture_output=True, text=True, check=False)
    found = set(re.findall(r"^attempted:(\w+)$", run.stderr, re.MULTILINE))
    assert run.returncode == 0 or found, run.stderr
    return found


def test_every_import_points_the_right_way():
    assert [fault for module, text in modules() for fault in faults(module, text)] == []


def test_the_rooms_are_the_folders():
    assert {path.parent.name for path in SOURCE.glob("*/__init__.py")} == set(MAY_IMPORT)


def test_no_two_rooms_import_each_other():
    def reach(room: str) -> set[str]:
        return MAY_IMPORT[room].union(*(reach(other) for other in MAY_IMPORT[room]))

    assert all(room not in reach(room) for room in MAY_IMPORT)


def test_the_table_in_the_documents_is_this_one():
    rows = re.findall(r"^\| `(\w+)/` \|.*\| (.+?) \|$", ARCHITECTURE.read_text(), re.MULTILINE)
    everything = {"every room but `cli`": MAY_IMPORT["reports"], "every room": MAY_IMPORT["cli"]}
    written = {room: everything.get(cell, set(re.findall(r"`(\w+)`", cell))) for room, cell in rows}
    assert written == MAY_IMPORT


@pytest.mark.parametrize(("room", "other"), [(a, b) for a in MAY_IMPORT for b in MAY_IMPORT if a != b])
def test_each_rule_can_fail(room, other):
    expected = 0 if other in MAY_IMPORT[room] else 1
    assert len(faults(f"apportion.{room}.made_up", f"from apportion.{other}.thing import name")) == expected


WAYS = {
    "import": "import apportion.cli.app",
    "from a package": "from apportion import cli",
    "from a module": "from apportion.cli.app import main",
    "in a function": "def f():\n    from apportion.cli import app",
    "for types only": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import apportion.cli as c",
    "relative": "from ..cli import app",
    "relative, the room itself": "from .. import cli",
    "by name": "import importlib\nimportlib.import_module('apportion.cli.app')",
}


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("module", ["apportion.laws.made_up", "apportion.laws.__init__"])
def test_no_way_to_import_is_overlooked(module, text):
    (fault,) = faults(module, text)
    assert fault.endswith("laws may not import cli")


@pytest.mark.parametrize("room", LIGHT)
@pytest.mark.parametrize("heavy", HEAVY)
def test_a_heavy_import_in_a_light_room_is_found(room, heavy):
    assert faults(f"apportion.{room}.made_up", f"def f():\n    from {heavy}.inside import thing") == [
        f"apportion.{room}.made_up imports {heavy}.inside.thing: it is to work without {heavy}"
    ]
    assert faults("apportion.training.made_up", f"import {heavy}") == []


def test_modules_outside_the_rooms_import_no_room():
    pair = "from apportion.judgements.pairs import PreferencePair"
    assert len(faults("apportion.identity", pair)) == 1
    assert faults("apportion.__init__", pair) == []  # the public surface
    for module in ("apportion.__init__", "apportion.identity"):
        assert len(faults(module, "import torch")) == 1
        assert faults(module, "from apportion.errors import UserError") == []
    assert faults("apportion.__main__", "from apportion.cli.app import main") == []
    assert len(faults("apportion.__main__", "from apportion.laws import fit")) == 1


def test_only_the_command_line_prints():
    assert [module for module, text in modules() if prints(module, text)] == []
    assert prints("apportion.laws.made_up", "def f():\n    print(1)")
    assert not prints("apportion.cli.made_up", "print(1)")


@pytest.mark.parametrize("room", LIGHT)
def test_a_light_room_works_where_torch_is_not_installed(room):
    walk = f"""
import importlib, pkgutil
room = importlib.import_module("apportion.{room}")
for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
    importlib.import_module(module.name)
"""
    assert attempted(walk) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["study", "--help"],
        ["study", "run", "--help"],
        ["study", "status", "nowhere"],
        ["signed", "--help"],
        ["signed", "train", "--help"],
        ["signed", "info", "nowhere.csv"],
        ["signed", "predict", "nowhere"],
    ],
    ids=" ".join,
)
def test_a_command_that_trains_nothing_loads_no_torch(arguments):
    assert (
        attempted(f"""
from apportion.cli.app import main
try:
    main({arguments!r})
except SystemExit as end:
    assert end.code in (0, 2, None), end.code
""")
        == set()
    )


def test_importing_apportion_loads_no_torch():
    assert attempted("import apportion") == set()


def test_an_attempt_to_load_torch_is_seen():
    assert attempted("import torch") == {"torch"}
    assert attempted("try:\n    import peft.tuners\nexcept ImportError:\n    pass") == {"peft"}
    assert attempted("import apportion.identity", forbidden=("numpy",)) == {"numpy"}
    assert attempted("import importlib.util\nimportlib.util.find_spec('torch')") == set()
