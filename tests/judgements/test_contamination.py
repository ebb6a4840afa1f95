"""Contamination: what counts as one prompt, and when it is refused."""

import pytest

from apportion.errors import UserError
from apportion.judgements.contamination import contamination, refuse_contamination
from apportion.judgements.demonstrations import Message

TRAIN = [
    "How many eggs?",
    "What is 2 + 2?",
    "Le caf\u00e9, et la fin?",
    (Message("system", "s"), Message("user", "u")),
    (Message("user", "u"), Message("assistant", "a"), Message("user", "more")),
    (Message("system", "alone"),),
]


@pytest.mark.parametrize(
    "prompt",
    [
        "how many\n EGGS?",
        (Message("user", "How many eggs? "),),
        (Message("system", "S"), Message("user", "u")),
        (Message("system", "another"), Message("user", "u")),
        (Message("system", "s"), Message("user", "How many eggs?")),
        (Message("system", "s"), Message("user", "u"), Message("assistant", "a"), Message("user", "more")),
        "u",
        "Le cafe\u0301, et la \ufb01n?",
        "How ma\u200bny\u00a0eg\u00adgs?\ufeff",
        "\uff28ow many eggs?",
    ],
)
def test_case_space_form_and_system_turns_do_not_hide_a_prompt(prompt: str | tuple[Message, ...]) -> None:
    assert len(contamination(TRAIN, [prompt, prompt, "fresh"])) == 1
    assert refuse_contamination(TRAIN, [prompt, prompt], "task", allow=True) == 1


def test_other_prompts_are_let_pass() -> None:
    others = [
        "How many egg s?",
        "Le cafe, et la fin?",
        (Message("user", "more"),),
        (Message("user", "u"), Message("assistant", "b"), Message("user", "more")),
        (Message("system", "other"),),
    ]
    assert refuse_contamination(TRAIN, others, "task", allow=False) == 0


def test_shared_prompts_are_refused_in_one_line() -> None:
    with pytest.raises(UserError) as caught:
        refuse_contamination(TRAIN, ["what is 2 + 2?", "fresh"], "a.jsonl against b.jsonl", allow=False)
    assert str(caught.value) == (
        "a.jsonl against b.jsonl: found held-out prompts among the training prompts: 1, such as 'what is 2 "
        "+ 2?'; "
        "expected no prompt on both sides. Remove them from one side, or go on "
        "knowingly with --allow-contamination (in a study file: allow_contamination)."
    )
