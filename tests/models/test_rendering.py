"""From texts to tokens: what TRL would do, and nothing dropped for its length."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.errors import UserError
from apportion.judgements.demonstrations import Message
from apportion.models.causal import load_tokenizer, model_identity
from apportion.models.rendering import render, render_prompt
from apportion.models.settings import ModelSettings
from apportion.models.world_base import world_base_path

TOKENIZER: Any = load_tokenizer(ModelSettings(), Path())
PROMPT = "Q : Tom has 9 coins . he buys 3 . how many ? A :"
RESPONSE = " 9 + 3 = 12 ; #### 12"


def test_a_response_continues_its_prompt_and_ends() -> None:
    rendered = render(TOKENIZER, PROMPT, (RESPONSE,), "plain", 256)
    whole = TOKENIZER(PROMPT + RESPONSE)["input_ids"]
    assert rendered.prompt == TOKENIZER(PROMPT)["input_ids"]
    assert rendered.prompt + rendered.responses[0] == [*whole, TOKENIZER.eos_token_id]
    assert rendered.prompt == render_prompt(TOKENIZER, PROMPT, "plain")


@given(limit=st.integers(8, 60), short=st.integers(1, 12), long=st.integers(1, 40))
def test_what_is_cut_keeps_the_end_of_the_prompt_and_the_start_of_the_response(
    limit: int, short: int, long: int
) -> None:
    chosen, rejected = " 9" * short, " 3" * long
    whole = render(TOKENIZER, PROMPT, (chosen, rejected), "plain", 10_000)
    cut = render(TOKENIZER, PROMPT, (chosen, rejected), "plain", limit)
    assert whole.prompt[-len(cut.prompt) :] == cut.prompt
    assert len(cut.prompt) >= min(len(whole.prompt), limit // 2)
    for before, after in zip(whole.responses, cut.responses, strict=True):
        assert len(after) >= 1
        assert len(cut.prompt) + len(after) <= limit
        assert before[: len(after)] == after
        assert after == before or len(cut.prompt) + len(after) == limit


class _Chat:
    """A tokenizer with a template and a token that opens every text, one token a character."""

    bos_token_id, eos_token_id = 1, 2

    def apply_chat_template(self, turns: list, *, add_generation_prompt: bool, **_: Any) -> dict:
        text = "".join(f"<{turn['role']}>{turn['content']}</s>" for turn in turns)
        text += "<assistant>" if add_generation_prompt else ""
        return {"input_ids": [1, *map(ord, text)]}


def test_a_chat_template_ends_where_the_assistant_begins() -> None:
    rendered = render(_Chat(), "Why?", ("So.",), "chat", 256)  # type: ignore[arg-type]
    assert "".join(map(chr, rendered.prompt[1:])) == "<user>Why?</s><assistant>"
    assert "".join(map(chr, rendered.responses[0])) == "So.</s>"


def test_a_cut_prompt_keeps_the_token_that_opens_every_text() -> None:
    turns = (Message("system", "x" * 50), Message("user", "Why?"))
    rendered = render(_Chat(), turns, ("So.",), "chat", 32)  # type: ignore[arg-type]
    assert rendered.prompt[0] == 1
    assert "".join(map(chr, rendered.prompt[1:])).endswith("Why?</s><assistant>")
    assert len(rendered.prompt) + len(rendered.responses[0]) <= 32


def test_a_model_without_a_template_is_refused_for_chats() -> None:
    with pytest.raises(UserError, match='rendering = "plain"'):
        load_tokenizer(ModelSettings(rendering="chat"), Path())


def test_a_models_name_is_its_content_and_how_it_is_read(tmp_path: Path) -> None:

    copy = Path(shutil.copytree(world_base_path(), tmp_path / "copy"))
    here = ModelSettings(source=str(copy))
    assert model_identity(here, tmp_path) == model_identity(ModelSettings(), tmp_path)
    assert model_identity(ModelSettings(max_length=77), tmp_path) != model_identity(ModelSettings(), tmp_path)
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert model_identity(here, tmp_path) != model_identity(ModelSettings(), tmp_path)
