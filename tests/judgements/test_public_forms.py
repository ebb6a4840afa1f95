"""Public sets in their own columns, on small files of that form."""

import json
from pathlib import Path

import pytest

from apportion.errors import UserError
from apportion.judgements.demonstrations import Message
from apportion.judgements.public_forms import read_demonstration_form, read_pair_form, tldr_prompt
from apportion.judgements.readers import read_demonstrations, read_pairs

POST = {"id": "t3_1", "post": "My dog ate my homework.", "title": "Dog [F 3]", "subreddit": "pets", "site": None,
        "article": None}  # fmt: skip
TLDR = {
    "info": POST, "split": "train", "summaries": [{"text": " Dog ate homework.", "policy": "sup2", "note": "ok"},
    {"text": " I have a dog.", "policy": "ref", "note": None}], "choice": 0, "worker": "w", "batch": "batch3",
    "extra": {"confidence": None},
}  # fmt: skip


def write(folder: Path, rows: list[dict], name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_tldr_comparisons(tmp_path: Path) -> None:
    other = TLDR | {"choice": 1}
    same = TLDR | {"summaries": [{"text": "a"}, {"text": " a"}]}
    news = TLDR | {"info": POST | {"post": None, "article": "A storm."}}
    found = read_pair_form(write(tmp_path, [TLDR, other, same, news]), "tldr")
    assert [(pair.chosen, pair.rejected) for pair in found[:2]] == [
        ("Dog ate homework.", "I have a dog."),
        ("I have a dog.", "Dog ate homework."),
    ]
    assert (
        found[0].prompt == "SUBREDDIT: r/pets\n\nTITLE: Dog [F 3]\n\nPOST: My dog ate my homework.\n\nTL;DR:"
    )
    assert found[0].prompt == tldr_prompt(POST)
    assert (len(found), found[2].prompt) == (3, "A storm.\n\nTL;DR:")


def test_tldr_demonstrations(tmp_path: Path) -> None:
    path = write(tmp_path, [{"prompt": tldr_prompt(POST), "label": "Dog ate homework."}])
    (found,) = read_demonstration_form(path, "tldr")
    assert (found.prompt, found.response) == (tldr_prompt(POST), "Dog ate homework.")


def rated(prompt: str, response: str, helpfulness: int) -> dict:
    return {"prompt": prompt, "response": response, "helpfulness": helpfulness, "correctness": 3, "coherence": 4,
            "complexity": 1, "verbosity": 2}  # fmt: skip


def test_helpsteer(tmp_path: Path) -> None:
    rows = [rated("q", "good", 4), rated("q", "bad", 0), rated("q", "fine", 4), rated("r", "alone", 2)]
    path = write(tmp_path, rows)
    pairs = read_pair_form(path, "helpsteer")
    assert {(pair.prompt, pair.chosen, pair.rejected) for pair in pairs} == {
        ("q", "good", "bad"),
        ("q", "fine", "bad"),
    }
    assert len({pair.id for pair in pairs}) == 2
    assert [one.response for one in read_demonstration_form(path, "helpsteer")] == ["good", "fine"]


def test_helpsteer2_preferences(tmp_path: Path) -> None:
    row = {"split": "train", "prompt": "q", "response_1": "one", "response_2": "two", "preference_strength": -2,
           "preference_statement": "Response 1 is better.", "preference_elaboration": "It is.",
           "three_most_similar_preferences": [], "all_preferences_unprocessed": []}  # fmt: skip
    rows = [row, row | {"preference_strength": 1}, row | {"preference_strength": 0}]
    found = read_pair_form(write(tmp_path, rows), "helpsteer2")
    assert [(pair.chosen, pair.rejected) for pair in found] == [("one", "two"), ("two", "one")]


def test_ultrafeedback(tmp_path: Path) -> None:
    completions = [
        {"model": name, "response": f"by {name}", "overall_score": score, "annotations": {}, "critique": ""}
        for name, score in (("gpt-4", 9.0), ("alpaca-7b", 4.0), ("llama", 6.5), ("twin", 9.0))
    ]
    row = {"source": "sharegpt", "instruction": "q", "models": [], "completions": completions}
    ties = row | {"completions": [one | {"overall_score": 5.0} for one in completions]}
    (found,) = read_pair_form(write(tmp_path, [row, ties, row | {"completions": []}]), "ultrafeedback")
    assert found.chosen == "by gpt-4" and found.rejected in ("by alpaca-7b", "by llama")
    assert read_pair_form(write(tmp_path, [row]), "ultrafeedback")[0].rejected == found.rejected


def test_tulu_persona_sets_and_binarized_ultrafeedback_are_read_as_they_are(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "List three."}, {"role": "assistant", "content": "1, 2, 3"}]
    sft = {"id": "personas_IF_x", "prompt": "List three.", "messages": chat, "constraints": ["length"]}
    (demonstration,) = read_demonstrations(write(tmp_path, [sft], "sft.jsonl"))
    assert demonstration.prompt == (Message("user", "List three."),)
    assert (demonstration.id, demonstration.response) == ("personas_IF_x", "1, 2, 3")
    worse = [chat[0], {"role": "assistant", "content": "1, 2"}]
    pref = {"id": "y", "prompt": "List three.", "constraints": ["length"], "chosen": chat, "rejected": worse,
            "chosen_model": "gpt-4o", "rejected_model": "gpt-4o"}  # fmt: skip
    binarized = {"prompt": "List three.", "prompt_id": "z", "chosen": chat, "rejected": worse, "messages": chat,
                 "score_chosen": 8.0, "score_rejected": 5.5}  # fmt: skip
    for name, row in (("pref.jsonl", pref), ("binarized.jsonl", binarized)):
        (pair,) = read_pairs(write(tmp_path, [row], name))
        assert (pair.chosen, pair.rejected) == ("1, 2, 3", "1, 2")
        assert read_pair_form(tmp_path / name, "pairs") == (pair,)


@pytest.mark.parametrize(
    ("form", "row", "field"),
    [
        ("tldr", TLDR | {"choice": 2}, "choice"),
        ("tldr", TLDR | {"summaries": [{"text": "a"}]}, "choice"),
        ("tldr", TLDR | {"summaries": [{"text": "a"}, "b", "c"]}, "choice"),
        ("tldr", TLDR | {"summaries": [{"text": "a"}, {"note": "b"}]}, r"summaries\[1\].text"),
        ("tldr", TLDR | {"info": None}, "info"),
        ("tldr", TLDR | {"info": POST | {"post": ""}}, "info.post"),
        ("helpsteer", {"prompt": "q", "response": "r"}, "helpfulness"),
        ("helpsteer", rated("", "r", 1), "prompt"),
        ("helpsteer2", {"prompt": "q", "response_1": "a", "response_2": "b", "preference_strength": 7},
         "preference_strength"),
        ("ultrafeedback", {"instruction": "q", "completions": [{"response": "a"}]}, r"completions\[0\].overall_score"),
        ("ultrafeedback", {"instruction": "q", "completions": ["a"]}, r"completions\[0\].overall_score"),
        ("ultrafeedback", {"instruction": "q"}, "completions"),
    ],
)  # fmt: skip
def test_wrong_columns_are_named(tmp_path: Path, form, row: dict, field: str) -> None:
    with pytest.raises(UserError, match=f"row 1, field '{field}'"):
        read_pair_form(write(tmp_path, [row]), form)
