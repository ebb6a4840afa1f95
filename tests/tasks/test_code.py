"""HumanEval and MBPP: extraction, grades and error classes, and the real files."""

import json
import os
import sys
import time
import warnings
from pathlib import Path

import pytest

from apportion.errors import UserError
from apportion.judgements.contamination import prompt_key
from apportion.judgements.demonstrations import Message
from apportion.tasks.code import (
    DETAILS,
    HumanEvalSettings,
    MBPPSettings,
    grade_in,
    grade_program,
    humaneval_task,
    mbpp_task,
)
from apportion.tasks.code_extraction import FUNCTION_STOPS, blocks, continuation, strict_program
from apportion.tasks.code_pairs import changes, near_miss
from apportion.tasks.code_problems import read_humaneval, read_mbpp
from apportion.tasks.sandbox.isolation import Limits
from apportion.tasks.sandbox.sandbox import Sandbox, shared_sandbox
from apportion.tasks.task import Grade, Problem

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")

STUB = 'from typing import List\n\n\ndef double(xs: List[int]) -> List[int]:\n    """ Twice each.\n    """\n'
BODY = "\n    return [2 * x for x in xs]\n"
ROW = {
    "task_id": "HumanEval/0",
    "prompt": STUB,
    "entry_point": "double",
    "canonical_solution": "    return [2 * x for x in xs]\n",
    "test": "def check(candidate):\n    assert candidate([1, 2]) == [2, 4]\n    assert candidate([]) == []\n",
}
MBPP_ROWS = [
    {
        "task_id": number,
        "prompt": f"Write a function to add {number}.",
        "code": f"import math\ndef add{number}(x):\n  # a comment\n  return x + {number}",
        "test_imports": [],
        "test_list": [f"assert add{number}(1) == {number + 1}", f"assert add{number}(0) == {number}"],
    }
    for number in (5, 11, 12, 550, 601, 602)
]


def problem(form: str) -> Problem:
    known = {
        "form": form,
        "stub": STUB if form == "completion" else "",
        "preamble": "from typing import List\n\n\n",
        "setup": STUB,
        "tests": ROW["test"] + "\ncheck(double)\n",
        "entry_point": "double",
    }
    return Problem("HumanEval/0", "", json.dumps(known))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "humaneval.jsonl").write_text(json.dumps(ROW) + "\n")
    (tmp_path / "mbpp.jsonl").write_text("".join(json.dumps(row) + "\n" for row in MBPP_ROWS))
    return tmp_path


WHOLE = STUB + BODY.lstrip("\n")
FENCED = f"Here you are:\n\n```python\n{WHOLE}```\nIt doubles."
GRADED = {
    "right": ("completion", BODY, (True, True, "none")),
    "right, then more functions and talk": (
        "completion",
        BODY + "\ndef other():\n    raise SystemExit\n\nprint(double([1]))",
        (True, True, "none"),
    ),
    "right, then a broken next answer": ("completion", BODY + "```\nSo (", (True, True, "none")),
    "right in the wrong form, a block": ("completion", FENCED, (False, True, "style-only")),
    "right in the wrong form, a whole function": ("completion", "\n" + WHOLE, (False, True, "style-only")),
    "right but not indented": ("completion", "\nreturn [2 * x for x in xs]", (False, True, "style-only")),
    "wrong": ("completion", "\n    return xs\n", (False, False, "wrong-plan")),
    "wrong type": ("completion", "\n    return 3\n", (False, False, "wrong-plan")),
    "raises": ("completion", "\n    return xs[5]\n", (False, False, "other")),
    "no Python": ("completion", "\n    return [2 * x for\n", (False, False, "truncated")),
    "leaves": ("completion", "\n    exit(0)\n", (False, False, "other")),
    "looks around": ("completion", "\n    import os\n    return os.fork()\n", (False, False, "other")),
    "empty": ("completion", "", (False, False, "malformed")),
    "blank": ("completion", " \n \n", (False, False, "malformed")),
    "NUL": ("completion", BODY + "\0", (False, False, "truncated")),
    "chat": ("chat", FENCED, (True, True, "none")),
    "chat without its imports": (
        "chat",
        "```python\ndef double(xs: List[int]):\n    return xs + xs if not xs else [2 * x for x in xs]\n```",
        (True, True, "none"),
    ),
    "chat, the second block": ("chat", "```\npip install x\n```\n" + FENCED, (True, True, "none")),
    "chat, a block left open": ("chat", f"```python\n{WHOLE}", (True, True, "none")),
    "chat without a fence": ("chat", f"Sure.\n{WHOLE}", (False, True, "style-only")),
    "chat, talk alone": ("chat", "I would double each element.", (False, False, "malformed")),
    "chat, another name": (
        "chat",
        "```python\ndef twice(xs):\n    return xs\n```",
        (False, False, "malformed"),
    ),
    "chat, empty": ("chat", "", (False, False, "malformed")),
}


@pytest.mark.parametrize(("form", "text", "expected"), GRADED.values(), ids=GRADED)
def test_grade(form, text, expected):
    found = grade_program(problem(form), text)
    assert (found.strict, found.flexible, found.error_class) == expected


def test_the_detail_says_more_than_the_class():
    assert grade_program(problem("completion"), "\n    return xs[5]\n").detail == "exception"
    assert grade_program(problem("completion"), "\n    exit(0)\n").detail == "crash"
    assert grade_program(problem("completion"), BODY).detail is None


def test_long_and_odd_answers_are_graded():
    for text in (
        "x" * 100_000,
        "(" * 100_000,
        "```" * 33_000,
        "\n    #" * 20_000,
        "\n```" * 30_000,
        "\ud800",
        "\0" * 9,
    ):
        for form in ("completion", "chat"):
            grade = grade_program(problem(form), text)
            assert not grade.strict and not grade.flexible and grade.error_class != "none"
    assert grade_program(problem("completion"), BODY + "\n    #" * 16_000).strict


def test_every_outcome_has_a_class():
    assert DETAILS["passed"] == "none"
    assert "none" not in [error for outcome, error in DETAILS.items() if outcome != "passed"]


def test_a_continuation_ends_where_the_function_does():
    for stop in FUNCTION_STOPS:
        assert continuation(f"    return 1{stop}x") == "    return 1\n"
    assert continuation("\ndef f():\n  pass") == "\ndef f():\n  pass"
    assert blocks("a\n```\nb") == ["b"] and blocks("a `b` c") == [] and blocks("```\n```") == [""]
    assert strict_program("no block", "chat", "", "", "f") is None


@pytest.mark.parametrize("form", ["completion", "chat"])
def test_reference_solutions_of_both_forms_pass_and_pools_are_apart(files, form):
    humaneval = humaneval_task(HumanEvalSettings("humaneval.jsonl", "mbpp.jsonl", form=form), files)
    mbpp = mbpp_task(MBPPSettings("mbpp.jsonl", form=form), files)
    assert [row.id for row in humaneval.demonstrations] == [f"MBPP/{row['task_id']}" for row in MBPP_ROWS]
    assert [row.id for row in mbpp.demonstrations] == ["MBPP/601", "MBPP/602"]
    assert {row.id for row in mbpp.problems} == {"MBPP/11", "MBPP/12"}
    for task in (humaneval, mbpp):
        answers = {row.id: row.response for row in task.answers}
        assert all(task.grade(item, answers[item.id]).strict for item in task.problems)
        trained = {prompt_key(row.prompt) for row in task.demonstrations}
        assert trained.isdisjoint(prompt_key(row.prompt) for row in task.problems)
        assert all(isinstance(item.prompt, tuple) == (form == "chat") for item in task.problems)
    again = humaneval_task(HumanEvalSettings("humaneval.jsonl", "mbpp.jsonl", form=form), files)
    assert (again.demonstrations, again.problems, again.answers) == (
        humaneval.demonstrations,
        humaneval.problems,
        humaneval.answers,
    )


def test_mbpp_is_cut_as_humaneval_is(files):
    (row, *_) = read_mbpp("mbpp.jsonl", files)
    assert row.stub == (
        'import math\ndef add5(x):\n  """ Write a function to add 5.\n  >>> assert add5(1) == 6\n  """\n'
    )
    assert row.solution.rstrip() == "  # a comment\n  return x + 5" and row.preamble == "import math\n"
    task = humaneval_task(HumanEvalSettings("humaneval.jsonl", "mbpp.jsonl"), files)
    assert str(task.demonstrations[0].prompt) + task.demonstrations[0].response == (
        row.stub.rstrip() + "\n" + row.solution.rstrip() + "\n"
    )


def test_own_demonstrations_and_pairs_are_the_pools(files):
    (files / "own.jsonl").write_text('{"prompt": "Add.", "response": "x + y"}\n')
    (files / "pairs.jsonl").write_text('{"prompt": "Add two.", "chosen": "x + 2", "rejected": "x"}\n')
    (files / "held.jsonl").write_text('{"prompt": "Add three.", "chosen": "x + 3", "rejected": "x"}\n')
    settings = HumanEvalSettings(
        "humaneval.jsonl",
        mbpp="missing.jsonl",
        demonstrations="own.jsonl",
        pairs="pairs.jsonl",
        held_out_pairs="held.jsonl",
        form="chat",
    )
    task = humaneval_task(settings, files)
    assert [row.prompt for row in task.demonstrations] == [(Message("user", "Add."),)]
    assert (len(task.pairs), len(task.comparisons)) == (1, 1)


def test_held_out_problems_in_the_pool_are_refused(files):
    row = {"prompt": STUB, "response": "x"}
    (files / "own.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(UserError, match="held-out prompts among the training prompts: 1"):
        humaneval_task(HumanEvalSettings("humaneval.jsonl", demonstrations="own.jsonl"), files)


FAULTS = {
    "no entry point": (ROW | {"entry_point": "triple"}, "no 'def triple"),
    "no test": ({k: v for k, v in ROW.items() if k != "test"}, "field 'test'"),
    "blank prompt": (ROW | {"prompt": " "}, "field 'prompt'"),
}


@pytest.mark.parametrize(("row", "message"), FAULTS.values(), ids=FAULTS)
def test_rows_that_are_no_problems_are_named(tmp_path, row, message):
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(UserError, match=message):
        read_humaneval("rows.jsonl", tmp_path)


MBPP_FAULTS = {
    "another id": ({"task_id": "x"}, "field 'task_id'"),
    "broken code": ({"code": "def f("}, "broken Python"),
    "tests of something else": ({"test_list": ["assert g(1) == 2"]}, "no function that the code defines"),
    "no list": ({"test_list": "assert add5(1) == 6"}, "a list of texts"),
}


@pytest.mark.parametrize(("change", "message"), MBPP_FAULTS.values(), ids=MBPP_FAULTS)
def test_rows_that_are_no_mbpp_are_named(tmp_path, change, message):
    (tmp_path / "rows.jsonl").write_text(json.dumps(MBPP_ROWS[0] | change) + "\n")
    with pytest.raises(UserError, match=message):
        read_mbpp("rows.jsonl", tmp_path)


def test_every_real_stub_and_its_solution_are_one_program(data_folder):
    problems = read_mbpp(str(data_folder / "text/mbpp_sanitized.jsonl.gz"), Path.cwd())
    assert len(problems) == 427
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # real solutions have escapes such as \\w
        for row in problems:
            compile(row.stub + row.solution, row.id, "exec")
    parts = [row.part for row in problems]
    assert [parts.count(p) for p in ("few-shot", "test", "validation", "train")] == [7, 257, 43, 120]


@pytest.mark.slow
def test_all_real_solutions_pass(data_folder):
    text = data_folder / "text"
    rows = (
        *read_humaneval(str(text / "humaneval.jsonl.gz"), Path.cwd()),
        *read_mbpp(str(text / "mbpp_sanitized.jsonl.gz"), Path.cwd()),
    )
    assert len(rows) == 164 + 427
    with Sandbox() as sandbox:
        for row in rows:
            verdict = sandbox.run(row.program, row.tests, setup=row.setup, entry_point=row.entry_point)
            assert verdict.outcome == "passed", (row.id, verdict)


def test_a_sample_of_real_solutions_passes_and_an_empty_body_does_not(data_folder):
    rows = read_humaneval(str(data_folder / "text/humaneval.jsonl.gz"), Path.cwd())
    with Sandbox() as sandbox:
        for row in rows[::16]:
            for program, outcome in ((row.program, "passed"), (row.stub + "    return None\n", "wrong")):
                verdict = sandbox.run(program, row.tests, setup=row.setup, entry_point=row.entry_point)
                assert verdict.outcome == outcome, (row.id, verdict)


def test_near_misses_are_pairs_and_take_no_prompt_from_the_demonstrations(files):
    both = HumanEvalSettings("humaneval.jsonl", "mbpp.jsonl", pairs="near-misses")
    chat = MBPPSettings("mbpp.jsonl", pairs="near-misses", form="chat")
    assert humaneval_task(both, files).pairs == humaneval_task(both, files).pairs
    for task in (humaneval_task(both, files), mbpp_task(chat, files)):
        assert task.pairs
        prompts = {row.prompt for row in task.demonstrations}
        for pair in task.pairs:
            assert pair.prompt not in prompts
            assert "return x + " in pair.chosen
            assert len(pair.chosen) == len(pair.rejected) and pair.chosen != pair.rejected


def test_a_near_miss_fails_a_test_and_nothing_else_is_one(files):
    (row, *_) = read_mbpp("mbpp.jsonl", files)
    ran = []

    def run(outcome):
        return lambda problem: ran.append(problem.program) or outcome

    missed = near_miss(row, run("wrong"))
    assert missed.program in (row.program.replace("x + 5", "x - 5"), row.program.replace("x + 5", "x + 6"))
    assert missed.stub == row.stub and missed.tests == row.tests
    for outcome in ("passed", "raised", "timeout", "syntax"):
        assert near_miss(row, run(outcome)) is None
    assert changes("  return 'x + 1' if y else [z]") == [] and changes("  return (") == []


def test_near_misses_beside_ones_own_demonstrations_are_refused(files):
    (files / "own.jsonl").write_text('{"prompt": "Add.", "response": "x + y"}\n')
    with pytest.raises(UserError, match="near-misses"):
        mbpp_task(MBPPSettings("mbpp.jsonl", demonstrations="own.jsonl", pairs="near-misses"), files)


def test_a_forked_process_has_a_sandbox_of_its_own():
    shared_sandbox()
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            grade = grade_program(problem("completion"), BODY)
            os.write(writer, b"right" if grade.strict else b"wrong")
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    assert os.read(reader, 99) == b"right"
    os.close(reader)
    assert grade_program(problem("completion"), BODY).strict


def test_an_endless_answer_is_waited_for_once():
    start = time.monotonic()
    grade = grade_in_time("\n    while True:\n        pass\n")
    assert grade == Grade(False, False, "other", detail="timeout") and time.monotonic() - start < 20


def grade_in_time(text: str) -> Grade:
    with Sandbox(Limits(cpu_seconds=1, wall_seconds=5)) as sandbox:
        return grade_in(sandbox, problem("completion"), text)
