"""IFEval as a task: strict and loose, classes, pools, and GPT-4's responses at the published level."""

import json
from collections import Counter
from pathlib import Path

import pytest
from benchmarks.ifeval import GPT4, graded

from apportion.errors import UserError
from apportion.judgements.contamination import prompt_key
from apportion.tasks.instructions import (
    IFEvalSettings,
    Instruction,
    followed,
    grade_instructions,
    ifeval_task,
    read_instructions,
)
from apportion.tasks.task import Problem

COMMA = Instruction("punctuation:no_comma", {})
TITLE = Instruction("detectable_format:title", {})
BULLETS = Instruction("detectable_format:number_bullet_lists", {"num_bullets": 1})
ROWS = [
    {
        "key": 1,
        "prompt": "No commas.",
        "instruction_id_list": [COMMA.kind],
        "kwargs": [{"num_bullets": None}],
    },
    {
        "key": 2,
        "prompt": "One bullet and no comma.",
        "instruction_id_list": [BULLETS.kind, COMMA.kind],
        "kwargs": [{"num_bullets": 1}, {}],
    },
]
PAIRS = [{"prompt": f"Say {i}.", "chosen": f"{i}!", "rejected": "no"} for i in range(6)]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in PAIRS))
    return tmp_path


LOOSE = {
    "as it is": ("fine", True, True),
    "without its first line": ("Sure, here:\nfine", False, True),
    "without its last line": ("fine\nHope, that helps", False, True),
    "without both": ("Sure,\nfine\nHope, that helps", False, True),
    "in no reading": ("a, b\nc, d\ne, f", False, False),
    "nothing left": ("Sure, here", False, False),
    "empty": ("", False, False),
    "blank": (" \n\t", False, False),
}


@pytest.mark.parametrize(("text", "strict", "loose"), LOOSE.values(), ids=LOOSE)
def test_strict_and_loose(text, strict, loose):
    assert followed([COMMA], text) == ((strict,), (loose,))


def test_loosely_asterisks_do_not_count():
    repeat = Instruction("combination:repeat_prompt", {"prompt_to_repeat": "Say it."})
    assert followed([repeat], "**Say it.** It") == ((False,), (True,))


def test_loose_takes_each_instruction_by_itself():
    text = "Sure, here:\n* a"
    assert followed([BULLETS, COMMA, TITLE], text) == ((True, False, False), (True, True, False))


WORDS = Instruction("length_constraints:number_words", {"relation": "at least", "num_words": 50})
GERMAN = Instruction("language:response_language", {"language": "de"})


def test_grades_and_classes():
    def grade(instructions, text):
        reference = json.dumps([[one.kind, dict(one.details)] for one in instructions])
        found = grade_instructions(Problem("1", "", reference), text)
        return found.strict, found.flexible, found.error_class, found.detail

    assert grade([COMMA, BULLETS], "* a") == (True, True, "none", None)
    assert grade([COMMA, BULLETS], "Sure, here:\n* a") == (False, True, "style-only", "punctuation")
    assert grade([BULLETS, COMMA], "a, b") == (False, False, "style-only", "detectable_format")
    assert grade([COMMA, WORDS], "a, b") == (False, False, "missing-or-extra-step", "punctuation")
    assert grade([GERMAN, COMMA], "The dog, and the cat.")[2:] == ("other", "language")
    assert grade([COMMA], "I'm sorry, but I can't do that.")[2] == "refused"
    assert grade([COMMA], "and so on, " * 20)[2] == "repetition"
    assert grade([COMMA], "") == grade([COMMA], " \n") == (False, False, "malformed", "punctuation")
    for text in ("x," * 50_000, "\0" * 100_000, "\ud800,", "\n," * 50_000):
        assert not grade([COMMA, BULLETS], text)[0]


def test_pools_are_apart_and_the_same_each_time(files):
    settings = IFEvalSettings("prompts.jsonl", pairs="pairs.jsonl")
    task = ifeval_task(settings, files)
    assert (len(task.demonstrations), len(task.pairs), len(task.problems)) == (3, 3, 2)
    prompts = [
        {prompt_key(row.prompt) for row in rows} for rows in (task.demonstrations, task.pairs, task.problems)
    ]
    assert not prompts[0] & prompts[1] and not (prompts[0] | prompts[1]) & prompts[2]
    assert task.grade(task.problems[1], "* one").strict and not task.grade(task.problems[1], "one").strict
    again = ifeval_task(settings, files)
    assert (again.demonstrations, again.pairs, again.problems) == (
        task.demonstrations,
        task.pairs,
        task.problems,
    )
    assert (
        len(ifeval_task(IFEvalSettings("prompts.jsonl", pairs="pairs.jsonl", items=1), files).problems) == 1
    )


def test_own_demonstrations_and_held_out_kinds(files):
    (files / "own.jsonl").write_text('{"prompt": "Add.", "response": "x"}\n')
    (files / "held.jsonl").write_text('{"prompt": "Hold.", "response": "x"}\n')
    (files / "held_pairs.jsonl").write_text('{"prompt": "Hold.", "chosen": "x", "rejected": "y"}\n')
    settings = IFEvalSettings("prompts.jsonl", "pairs.jsonl", "own.jsonl", "held.jsonl", "held_pairs.jsonl")
    task = ifeval_task(settings, files)
    assert (len(task.demonstrations), len(task.pairs)) == (1, 6)
    assert (len(task.answers), len(task.comparisons)) == (1, 1)


def test_held_out_prompts_in_a_pool_are_refused(files):
    (files / "own.jsonl").write_text('{"prompt": "no  commas.", "response": "x"}\n')
    with pytest.raises(UserError, match="held-out prompts among the training prompts: 1"):
        ifeval_task(IFEvalSettings("prompts.jsonl", "pairs.jsonl", "own.jsonl"), files)


FAULTS = {
    "unknown kind": ({"instruction_id_list": ["style:nice"]}, "one of the 25 kinds"),
    "a detail is missing": ({"instruction_id_list": [BULLETS.kind]}, "no num_bullets"),
    "too few details": ({"kwargs": []}, "as many objects as instructions"),
    "no instruction": ({"instruction_id_list": []}, "field 'instruction_id_list'"),
    "no prompt": ({"prompt": ""}, "field 'prompt'"),
}


DETAILS = {
    "another relation": (
        "length_constraints:number_words",
        {"relation": "about", "num_words": 9},
        "at least or less",
    ),
    "a number in words": (
        "length_constraints:number_words",
        {"relation": "at least", "num_words": "ten"},
        "num_words",
    ),
    "a negative number": ("detectable_format:number_bullet_lists", {"num_bullets": -1}, "0 or more"),
    "half a number": ("detectable_format:number_bullet_lists", {"num_bullets": 1.5}, "0 or more"),
    "a truth value": ("detectable_format:number_bullet_lists", {"num_bullets": True}, "the truth value true"),
    "no number": ("detectable_format:number_bullet_lists", {"num_bullets": float("nan")}, "0 or more"),
    "a text for a list": ("keywords:existence", {"keywords": "cat"}, "a list of texts"),
    "an empty list": ("keywords:forbidden_words", {"forbidden_words": []}, "a list of texts"),
    "a blank word": ("keywords:forbidden_words", {"forbidden_words": ["a", " "]}, "a list of texts"),
    "a number in a list": ("keywords:existence", {"keywords": ["a", 1]}, "a list of texts"),
    "a blank text": ("startend:end_checker", {"end_phrase": ""}, "not blank"),
    "a number for a text": ("startend:end_checker", {"end_phrase": 3}, "the number 3 as end_phrase"),
    "a language's name": ("language:response_language", {"language": "German"}, "one of .*de, "),
    "paragraph 0": (
        "length_constraints:nth_paragraph_first_word",
        {"first_word": "a", "num_paragraphs": 2, "nth_paragraph": 0},
        "1 or more",
    ),
}


@pytest.mark.parametrize(("kind", "details", "message"), DETAILS.values(), ids=DETAILS)
def test_details_of_another_type_are_named(tmp_path, kind, details, message):
    row = ROWS[0] | {"instruction_id_list": [kind], "kwargs": [details]}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(UserError, match=f"row 1, field 'kwargs'.*{message}"):
        read_instructions("rows.jsonl", tmp_path)


def test_a_whole_number_may_have_a_point(tmp_path):
    row = ROWS[0] | {"instruction_id_list": [BULLETS.kind], "kwargs": [{"num_bullets": 1.0}]}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    (found,) = read_instructions("rows.jsonl", tmp_path)
    assert found.instructions == (BULLETS,) and isinstance(found.instructions[0].details["num_bullets"], int)


@pytest.mark.parametrize(("change", "message"), FAULTS.values(), ids=FAULTS)
def test_rows_that_are_none_are_named(tmp_path, change, message):
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROWS[0] | change) + "\n")
    with pytest.raises(UserError, match=message):
        read_instructions("rows.jsonl", tmp_path)


def graded_alone(id_, instructions, response):
    reference = json.dumps([[one.kind, dict(one.details)] for one in instructions])
    return grade_instructions(Problem(id_, "", reference), response).beside


def test_gpt4_is_at_the_published_level(data_folder):
    """Zhou et al., 2023, table 3: prompts 76.89 % strict and 79.30 % loose, instructions 83.57 % and 85.37 %."""
    rows, missing = graded(GPT4)
    assert (len(rows), missing) == (541, 0)
    each = [(strict, loose) for _, _, _, found in rows for strict, loose in zip(*found, strict=True)]
    whole = [(all(found.strict), all(found.loose)) for _, _, _, found in rows]
    assert len(each) == 834
    recorded = [
        score
        for id_, response, instructions, _ in rows
        for score in graded_alone(id_, instructions, response)
    ]
    assert recorded == [float(strict) for strict, _ in each]
    measured = [100 * sum(both[i] for both in pairs) / len(pairs) for pairs in (whole, each) for i in (0, 1)]
    assert measured == pytest.approx([76.89, 79.30, 83.57, 85.37], abs=1.5)


def test_gpt4_s_errors_have_classes(data_folder):
    rows, _ = graded(GPT4)
    grades = [
        grade_instructions(
            Problem(id_, "", json.dumps([[one.kind, dict(one.details)] for one in instructions])), response
        )
        for id_, response, instructions, _ in rows
    ]
    counts = Counter(grade.error_class for grade in grades)
    assert counts == {"none": 419, "missing-or-extra-step": 69, "style-only": 52, "other": 1}
    loose = [grade for grade in grades if grade.flexible and not grade.strict]
    assert loose and {grade.error_class for grade in loose} == {"style-only"}


def test_the_real_task(data_folder):
    task = ifeval_task(IFEvalSettings(), Path.cwd())
    assert len(task.problems) == 541 and len(task.demonstrations) > 400 and len(task.pairs) > 400
