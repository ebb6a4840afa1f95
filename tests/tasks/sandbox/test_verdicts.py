"""Verdicts: what passes, what fails and how, and what tests may do with the answers."""

import sys
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apportion.errors import UserError
from apportion.tasks.sandbox.sandbox import Sandbox
from apportion.tasks.sandbox.system_calls import Refused, filter_program
from apportion.tasks.sandbox.tester import wanted_names
from apportion.tasks.sandbox.values import Malformed, decode, encode

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as made:
        yield made


PROGRAMS = {
    "right": ("def f(x): return x + 1", "assert f(1) == 2", "passed"),
    "wrong": ("def f(x): return x", "assert f(1) == 2", "wrong"),
    "wrong in one of two": ("def f(x): return 2", "assert f(1) == 2\nassert f(2) == 3", "wrong"),
    "an odd type": ("def f(x): return None", "assert abs(f(1) - 2) < 1", "wrong"),
    "raises": ("def f(x): return 1 / 0", "assert f(1) == 2", "raised"),
    "raises what is asked for": (
        "def f(x): raise ValueError(x)",
        "try:\n    f(1)\n    raise AssertionError\nexcept ValueError:\n    pass",
        "passed",
    ),
    "raises something else": (
        "def f(x): raise KeyError(x)",
        "try:\n    f(1)\nexcept ValueError:\n    pass",
        "raised",
    ),
    "ends a loop of the tests": (
        "def f(x): raise StopIteration",
        "for y in map(f, [1]):\n    assert y == 2",
        "raised",
    ),
    "goes on by itself": ("def f(n):\n    yield from range(n)", "assert list(f(3)) == [0, 1, 2]", "passed"),
    "returns a function": ("def f(n): return lambda x: x + n", "assert f(3)(4) == 7", "passed"),
    "has classes": (
        "class P:\n def __init__(self, x): self.x = x\ndef f(ps): return sum(p.x for p in ps)",
        "assert f([P(1), P(2)]) == 3",
        "passed",
    ),
    "counts": (
        "from collections import Counter\ndef f(s): return Counter(s)",
        "assert f('aa') == {'a': 2}",
        "passed",
    ),
    "is a NumPy number": (
        "import numpy as np\ndef f(x): return np.int64(x) + 1",
        "assert f(1) == 2",
        "passed",
    ),
    "imports half the library": (
        "import re, math, heapq, json, datetime, decimal, statistics, itertools, functools, hashlib, asyncio, typing\n"
        "import string, bisect, random, collections.abc, xml.etree.ElementTree, urllib.parse, dataclasses, enum\n"
        "@dataclasses.dataclass\nclass A:\n x: int\n"
        "def f(x): return A(x).x + 1",
        "assert f(1) == 2",
        "passed",
    ),
    "works on files of its own": (
        "def f(x):\n with open('a', 'w') as file: file.write(str(x))\n return int(open('a').read()) + 1",
        "assert f(1) == 2",
        "passed",
    ),
    "runs threads": (
        "import threading\ndef f(x):\n found = []\n t = threading.Thread(target=lambda: found.append(x + 1))\n"
        " t.start(); t.join()\n return found[0]",
        "assert f(1) == 2",
        "passed",
    ),
    "prints a little": ("def f(x):\n print(x)\n return x + 1", "assert f(1) == 2", "passed"),
    "asks for input": ("def f(x): return input()", "assert f(1) == 2", "raised"),
    "has a main part": (
        "def f(x): return x + 1\nif __name__ == '__main__':\n raise SystemExit",
        "assert f(1) == 2",
        "passed",
    ),
}


@pytest.mark.parametrize(("program", "tests", "outcome"), PROGRAMS.values(), ids=PROGRAMS)
def test_verdict(sandbox, program, tests, outcome):
    verdict = sandbox.run(program, tests)
    assert verdict.outcome == outcome, verdict


def test_the_setup_helps_the_tests_and_gives_nothing_to_the_program(sandbox):
    setup = "def double(x): return 2 * x\ndef f(x): return 4\n"
    assert (
        sandbox.run("def f(x): return x", "assert double(f(2)) == 4", setup=setup, entry_point="f").outcome
        == "passed"
    )
    assert (
        sandbox.run("def f(x): return 3", "assert f(2) == 4", setup=setup, entry_point="f").outcome == "wrong"
    )
    assert (
        sandbox.run("def f(x): return double(x)", "assert f(2) == 4", setup=setup, entry_point="f").outcome
        == "raised"
    )
    assert sandbox.run("", "assert f(2) == 4", setup=setup, entry_point="f").outcome == "missing"


def test_chance_and_order_are_the_same_each_time(sandbox):
    program = "import random\ndef f(): return random.random(), list({'a', 'b', 'c', 'd'}), hash('x')"
    with Sandbox() as other:
        first = sandbox.run(program, "assert f() == 0").detail
        tests = "first = f()\nassert False, repr(first)"
        assert sandbox.run(program, tests) == sandbox.run(program, tests) == other.run(program, tests)
        assert first == "AssertionError: "


def test_tests_that_are_broken_are_our_own_fault(sandbox):
    with pytest.raises(RuntimeError, match="SyntaxError"):
        sandbox.run("def f(x): return 1", "assert f(")


def test_where_nothing_keeps_files_away_no_program_runs():
    with pytest.raises(UserError, match=r"neither Landlock nor .*chroot"):
        Sandbox(unprivileged=True, without=["landlock", "network"])


def test_another_system_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UserError, match="darwin"):
        Sandbox()
    with pytest.raises(Refused, match="sparc"):
        filter_program(1, "sparc")


def test_a_probe_that_gets_through_is_refused(monkeypatch):
    monkeypatch.setattr("apportion.tasks.sandbox.sandbox._PROBE", "def reached(): return ['a file outside']")
    with pytest.raises(UserError, match="a file outside"):
        Sandbox()


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_jumps_inside_itself(machine):
    code = filter_program(1234, machine)
    instructions = [code[i : i + 8] for i in range(0, len(code), 8)]
    assert len(instructions) < 4096
    for place, (kind, _, true, false, *_rest) in enumerate(instructions):
        if kind & 7 == 5:
            assert place + 1 + max(true, false) < len(instructions)
    assert all(one[0] == 6 for one in instructions[-2:])


def test_names_that_tests_want():
    tests = "import math\nfor i in range(3):\n    assert g(lambda y: y, h(i)) == math.pi\ndef k(z): return z"
    assert wanted_names(tests, {"h": 1}) == ["g"]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.complex_numbers(allow_nan=False) | st.fractions() | st.integers(10**4400, 10**4500),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner)
    | st.sets(st.integers()) | st.frozensets(st.text()),
    max_leaves=10,
)  # fmt: skip


@given(plain)
@settings(max_examples=60, deadline=None)
def test_values_come_back_as_they_were(value):
    def refuse(_):
        raise AssertionError

    found = decode(encode(value, refuse), refuse)
    assert found == value and type(found) is type(value)


def test_what_is_not_plain_is_a_handle_and_doctored_values_are_only_their_contents():
    class Always(int):
        def __eq__(self, other):
            return True

        __hash__ = int.__hash__

    kept = []
    assert encode(object(), lambda v: kept.append(v) or 7) == {"h": 7}
    found = decode(encode([Always(3)], len), len)
    assert found != [4] and type(found[0]) is int
    assert decode(encode(Fraction(1, 3), len), len) == Fraction(1, 3)
    for junk in (
        {"x": 1},
        {"t": 3},
        {"d": [1]},
        {"s": [[1]]},
        {"i": 5},
        {"a": 1, "b": 2},
        {"q": ["0x1", "0x0"]},
    ):
        with pytest.raises(Malformed):
            decode(junk, len)
