"""Contamination: what counts as one prompt, and when it is refused."""

import pytest

from apportion.errors import UserError
from apportion.judgements.contamination import contamination, refuse_contamination
from apportion.judgements.demonstrations import Message

TRAIN = ["How many eggs?", "What is 2 + 2?", (Message("system", "s"), Message("user", "u"))]


@pytest.mark.parametrize(
    "prompt",
    [
        "how many\n EGGS?",
        (Message("user", "How many eggs? "),),
        (Message("system", "S"), Message("user", "u")),
    ],
)
def test_case_space_and_form_do_not_hide_a_prompt(prompt: str | tuple[Message, ...]) -> None:
    assert len(contamination(TRAIN, [prompt, prompt, "fresh"])) == 1
    assert refuse_contamination(TRAIN, [prompt, prompt], "task", allow=True) == 1


def test_other_prompts_are_let_pass() -> None:
    assert refuse_contamination(TRAIN, ["How many egg s?", (Message("user", "u"),)], "task", allow=False) == 0


def test_shared_prompts_are_refused_in_one_line() -> None:
    with pytest.raises(UserError) as caught:
        refuse_contamination(TRAIN, ["what is 2 + 2?", "fresh"], "a.jsonl against b.jsonl", allow=False)
    assert str(caught.value) == (
        "a.jsonl against b.jsonl: found held-out prompts among the training prompts: 1, such as 'what is 2 "
        "+ 2?'; "
        "expected no prompt on both sides. Remove them from one side, or go on "
        "knowingly with --allow-contamination (in a study file: allow_contamination)."
    )
