"""Judging in pairs: verdicts read, both orders, junk, length, and the real sets with their labels."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.errors import UserError
from apportion.studies.judges import compared_by, filled, win_rate
from apportion.tasks.judged_sets import read_judged
from apportion.tasks.judging import (
    Comparison,
    Judged,
    human_agreement,
    judged,
    length_controlled,
    longer_judge,
    read_verdict,
    summed,
)

PAIR = Comparison("p", "Say hello.", "Hello!", "No.", "first")


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("[[A]]", "first"),
        ("First I thought [[A]]. My final verdict is: [[B]]", "second"),
        ("[[C]]", "tie"),
        ("A", "first"),
        ("2", "second"),
        ("Output (a)", "first"),
        ("**B**.", "second"),
        ("A>B", "first"),
        ("My verdict is B >> A", "first and second"),
        ("A=B", "tie"),
        ("Response B is better because it is right.", "second"),
        ("Output (a) is better. Output (b) is better.", "junk"),
        ("Both are fine", "junk"),
        ("tie", "tie"),
        ("", "junk"),
        ("A or B?", "junk"),
        ("I cannot judge this.", "junk"),
        ("A>A", "junk"),
        ("Response A is not better than response B.", "junk"),
        ("Response A isn't better.", "junk"),
        ("I don’t think that response A is better.", "junk"),
        ("Neither answer A nor B is better.", "junk"),
        ("Output (a) is worse; nothing is better.", "junk"),
        ("Output (a) or output (b) is better.", "junk"),
        ("Response A is better if you like jokes.", "junk"),
        ("Response A is better in style, but B is right.", "junk"),
        ("Is response A better? Maybe response A is better.", "junk"),
        ("Response A is better?", "junk"),
        ("Response A is better than response B because it does not ramble.", "first"),
        ("Response B does not answer; therefore response A is clearly the better one.", "first"),
        ("Answer 2 wins.", "second"),
        ("Summary 1 gives the better summary.", "first"),
        ("Between [[A]] and [[B]] I cannot decide.", "junk"),
        ("[[A]] or [[B]]?", "junk"),
        ("[[A]]?", "junk"),
        ("I would not say [[A]].", "junk"),
        ("My verdict is not [[A]].", "junk"),
        ("[[B]] is worse.", "junk"),
        ("[[A]]\n[[B]]", "junk"),
        ("[[A]]. Answer B is better.", "junk"),
        ("My verdict is [[A]]. My verdict is [[B]].", "junk"),
        ("My verdict is not [[C]].", "junk"),
        ("Neither is better, [[C]]", "tie"),
        ("Assistant B does not say why, so [[A]].", "first"),
        ("Response B is better in style.\n\nMy final verdict is: [[A]]", "first"),
        ("[[A]] if answer A is better, [[B]] if answer B is better.\n\n**[[B]]**", "second"),
        ("[[A]]\n\nAnswer A is better because it is", "first"),
        ("My final verdict is: [[A>>B]]", "first"),
        ("My final verdict is tie: [[A=B]].", "tie"),
        ("A < B", "second"),
        ("A>B>A", "junk"),
        ("A > B > A", "junk"),
        ("A >= B", "junk"),
        ("Not A>B.", "junk"),
        ("A>B or B>A", "junk"),
        ("<a>b</a>", "junk"),
        ("<A>B</A>", "junk"),
        ("let a = b", "junk"),
        ("A?", "junk"),
        ("not A", "junk"),
        ("Verdict: **B**", "second"),
        (None, "junk"),
        (3, "junk"),
        ({"verdict": "A"}, "junk"),
    ],
)
def test_verdicts_are_read(said: object, verdict: str) -> None:
    assert read_verdict(said) == ("second" if verdict == "first and second" else verdict)


@given(st.text(max_size=100))
def test_whatever_is_said_is_read(said: str) -> None:
    assert read_verdict(said) in ("first", "second", "tie", "junk")


@given(
    st.sampled_from(["not [[A]]", "[[A]]", "[[B]]", "A>B", "Answer B is better", "or", "so", ".", "\n", "?"])
)
def test_adding_what_denies_or_contradicts_gives_no_other_side(more: str) -> None:
    assert read_verdict(f"[[A]] {more}") in ("first", "junk")


@pytest.mark.parametrize(
    "piece", [" ", "\n", "(", "*", "[[", "[[A]] ", "A>", "answer ", "not ", "is the ", ":"]
)
def test_long_sayings_are_read_in_linear_time(piece: str) -> None:
    assert read_verdict(piece * (100_000 // len(piece))) in ("junk", "first")


def test_both_orders_are_asked() -> None:
    asked = []

    def judge(prompt: str, first: str, second: str) -> str:
        asked.append((first, second))
        return "[[A]]" if first == "Hello!" else "[[B]]"

    assert judged(judge, PAIR) == Judged("p", "first", "first")
    assert asked == [("Hello!", "No."), ("No.", "Hello!")]


def test_a_judge_of_places_ties_with_itself() -> None:
    found = judged(lambda *_: "[[A]]", PAIR)
    assert (found.forward, found.backward, found.verdict, found.score) == ("first", "second", "tie", 0.5)
    counts = summed([found])
    assert (counts.ties, counts.inconsistent, counts.first_place) == (1, 1, 1)


def test_junk_is_recorded_as_junk() -> None:
    def raises(*_: str) -> str:
        raise ValueError("no answer")

    for judge in (raises, lambda *_: "banana", lambda *_: "", lambda *_: 1.5):
        found = judged(judge, PAIR)  # type: ignore[arg-type]
        assert found.verdict == "junk"
        assert np.isnan(found.score)
    result = win_rate([PAIR], [judged(raises, PAIR)])
    assert result.rate is None and result.counts.win_rate is None and result.counts.junk == 1
    assert np.isnan(result.at_equal_length)
    assert human_agreement([PAIR], [judged(raises, PAIR)]).share == 0


@pytest.mark.parametrize(
    "error", [KeyError("choices"), TimeoutError(), ConnectionError("refused"), OSError()]
)
def test_a_judge_that_raises_said_junk(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def raises(prompt: str, first: str, second: str) -> str:
        if first == "No.":
            raise error
        return "[[A]]"

    assert compared_by(raises, [PAIR]) == [Judged("p", "first", "junk")]
    assert "comparison p" in caplog.text and type(error).__name__ in caplog.text


@pytest.mark.parametrize("error", [UserError("judge", "no key", "a key", "Set it."), KeyboardInterrupt()])
def test_what_the_user_can_mend_ends_the_judging(error: BaseException) -> None:
    def raises(*_: str) -> str:
        raise error

    with pytest.raises(type(error)):
        judged(raises, PAIR)


def test_win_rates_have_intervals() -> None:
    results = [Judged(str(n), "first", "first" if n < 60 else "second") for n in range(100)]
    found = win_rate([PAIR] * 100, results)
    assert found.rate is not None
    assert found.rate.mean == pytest.approx(0.8) == found.counts.win_rate
    assert found.rate.low < 0.8 < found.rate.high
    assert (found.counts.wins, found.counts.ties) == (60, 40)


def test_a_judge_of_length_has_no_preference_at_equal_length() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.normal(300, 100, 400)  # the first answers are longer, by much
    raw = (lengths + rng.normal(0, 150, 400) > 0).astype(float)
    assert raw.mean() > 0.9
    assert length_controlled(raw, lengths) < 0.75
    fair = rng.random(4000) < 0.7  # length says nothing
    assert length_controlled(fair.astype(float), rng.normal(50, 40, 4000)) == pytest.approx(0.7, abs=0.06)


def test_length_control_is_finite() -> None:
    assert length_controlled(np.ones(5), np.zeros(5)) > 0.99
    assert length_controlled(np.array([1.0, 0.0]), np.array([5.0, -5.0])) == pytest.approx(0.5)
    assert length_controlled(np.array([0.5, np.nan]), np.array([5.0, 1e9])) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "form", "rows"),
    [
        ("llmbar_pairs", "llmbar", 1092),
        ("pandalm_test_pairs", "pandalm", 999),
        ("judgebench_math_pairs", "judgebench", 112),
        ("hh_rlhf_harmless_base_test", "hh", 2308),
    ],
)
def test_the_real_sets(data_folder: Path, name: str, form, rows: int) -> None:
    found = read_judged(data_folder / "text" / f"{name}.jsonl.gz", form)
    assert len(found) == rows
    assert len({one.id for one in found}) == len(found)
    firsts = sum(one.human == "first" for one in found) / sum(one.human != "tie" for one in found)
    assert 0.35 < firsts < 0.65


def test_length_fools_nobody_on_llmbar_s_adversarial_pairs(data_folder: Path) -> None:
    pairs = read_judged(data_folder / "text" / "llmbar_pairs.jsonl.gz", "llmbar")
    adversarial = [pair for pair in pairs if pair.subset.lower().startswith("adversarial")]
    assert len(adversarial) > 100
    share = human_agreement(adversarial, compared_by(longer_judge, adversarial)).share
    assert share is not None and share < 0.5


@pytest.mark.parametrize(
    ("form", "row", "field"),
    [
        ("llmbar", {"id": "x", "input": "i", "output_1": "a", "output_2": "b", "label": 3}, "label"),
        ("llmbar", {"id": "x", "input": "i", "output_1": "a", "label": 1}, "output_2"),
        ("pandalm", {"instruction": "i", "response1": "a", "response2": "b", "annotator1": 1}, "annotator2"),
        (
            "judgebench",
            {"pair_id": "x", "question": "q", "response_A": "a", "response_B": "b", "label": "A"},
            "label",
        ),
    ],
)
def test_wrong_columns_are_named(tmp_path: Path, form, row: dict, field: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n")
    with pytest.raises(UserError, match=f"row 1, field '{field}'"):
        read_judged(path, form)


def test_answers_with_braces_stay_as_they_are() -> None:
    assert filled("{prompt}|{first}|{second}", "{first}", "{second}", "x") == "{first}|{second}|x"
