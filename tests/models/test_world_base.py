"""The world's base model: what is shipped loads, knows what it should, and can be built again."""

from pathlib import Path

import pytest

from apportion.identity import generator
from apportion.models.world_base import (
    build_world_base,
    score_world_base,
    world_base_path,
    world_tokenizer,
)
from apportion.models.world_corpus import documents, vocabulary
from apportion.world_language import VERBS, draw_story, question, worked_answer

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def shipped():
    folder = world_base_path()
    return (
        transformers.AutoModelForCausalLM.from_pretrained(folder),
        transformers.AutoTokenizer.from_pretrained(folder),
    )


def test_the_shipped_base_is_small_and_a_plain_transformers_folder(shipped):
    model, _ = shipped
    assert type(model).__name__ == "LlamaForCausalLM"
    assert 300_000 < model.num_parameters() < 700_000
    assert {path.suffix for path in world_base_path().iterdir()} == {".json", ".safetensors"}
    assert sum(path.stat().st_size for path in world_base_path().iterdir()) < 3_000_000


def test_the_shipped_base_knows_arithmetic_and_neither_form_nor_answers(shipped):
    score = score_world_base(*shipped, problems=100)
    assert score.arithmetic >= 0.99
    assert score.strict == 0
    assert score.form == 0


def test_the_shipped_tokenizer_is_that_of_the_language(shipped):
    _, tokenizer = shipped
    assert tokenizer.get_vocab() == world_tokenizer().get_vocab()
    assert tokenizer.convert_ids_to_tokens(list(range(len(vocabulary())))) == list(vocabulary())
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


def test_tokens_of_a_prompt_begin_those_of_prompt_and_response(shipped):
    _, tokenizer = shipped
    rng = generator("test", "tokens")
    for _ in range(50):
        story = draw_story(rng)
        prompt, response = question(story), worked_answer(story.start, story.steps)
        before, whole = (
            tokenizer(prompt)["input_ids"],
            tokenizer(prompt + response + tokenizer.eos_token)["input_ids"],
        )
        assert whole[: len(before)] == before
        assert whole[-1] == tokenizer.eos_token_id
        assert tokenizer.unk_token_id not in whole
        assert tokenizer.decode(whole, skip_special_tokens=True) == prompt + response


def test_the_corpus_has_no_answer_form_no_prompt_and_no_unknown_word():
    words = set(vocabulary())
    known = {verb.word for verb in VERBS if verb.known}
    unknown = {verb.word for verb in VERBS} - known
    stream = documents(generator("test", "corpus"))
    for _ in range(3000):
        text = next(stream)
        tokens = text.split()
        assert set(tokens) <= words
        assert "####" not in tokens
        assert "how many ? A :" not in text
        if unknown & set(tokens):
            assert "=" not in tokens
            assert "left" not in tokens


@pytest.mark.slow
def test_building_the_base_again_gives_a_model_as_good_as_the_shipped_one(tmp_path: Path, shipped):
    score = build_world_base(tmp_path)
    expected = score_world_base(*shipped)
    assert score.arithmetic == pytest.approx(expected.arithmetic, abs=0.02)
    assert (score.strict, score.form) == (expected.strict, expected.form)
