"""The base of the facts world: what is shipped knows the known names, reads closely, and has not seen the form."""

import pytest

from apportion.facts_language import GROUPS, KNOWN_FACTS, NEW_GROUPS, draw_facts, two_hops, worked
from apportion.identity import generator
from apportion.models.facts_base import (
    facts_base_path,
    facts_tokenizer,
    score_facts_base,
)
from apportion.models.facts_corpus import documents, token_rows, vocabulary
from apportion.models.small_llama import IGNORED

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def shipped():
    folder = facts_base_path()
    return (
        transformers.AutoModelForCausalLM.from_pretrained(folder),
        transformers.AutoTokenizer.from_pretrained(folder),
    )


def test_the_shipped_base_is_small_and_knows_what_it_should(shipped):
    assert sum(path.stat().st_size for path in facts_base_path().iterdir()) < 3_000_000
    score = score_facts_base(*shipped, questions=100)
    assert score.known > 0.95
    assert score.read > 0.6
    assert score.read_two_hops > 0.6


def test_the_shipped_tokenizer_reads_all_that_is_asked_and_answered(shipped):
    _, tokenizer = shipped
    assert tokenizer.get_vocab() == facts_tokenizer().get_vocab()
    for group in NEW_GROUPS:
        facts = draw_facts(GROUPS[group], generator("test", group))
        for question in two_hops(facts)[:50]:
            assert tokenizer.unk_token_id not in tokenizer(worked(question))["input_ids"]


def test_the_corpus_tells_nothing_of_new_names_and_shows_no_working():
    new = {
        name
        for group in NEW_GROUPS
        for kind in ("person", "town", "event")
        for name in getattr(GROUPS[group], kind)
    }
    stream = documents(generator("test", "corpus"))
    for _ in range(2000):
        text = next(stream)
        assert "the answer is" not in text
        fiction, mark, _ = text.partition("|")
        if set(text.replace(".", "").replace(",", "").replace("?", "").split()) & new:
            assert mark, text  # in fictions and rolls only
            assert fiction


def test_what_is_only_read_has_no_loss_and_every_fact_is_told():
    rows = token_rows(generator("test", "rows"), 200, 80)
    assert rows.tokens.shape == rows.labels.shape == (200, 80)
    counted = rows.labels != IGNORED
    assert 0.5 < counted.mean() < 1
    assert (rows.labels[counted] == rows.tokens[counted]).all()
    assert len(KNOWN_FACTS) == 3 * 96
    assert rows.tokens.max() < len(vocabulary())
