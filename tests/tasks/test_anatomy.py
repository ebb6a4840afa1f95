"""The anatomy of errors: each class on real text, and what the rules do with hostile answers."""

import csv
import gzip
import json
from pathlib import Path
from typing import get_args

import pytest
from benchmarks.anatomy import classed, disagreements, table
from benchmarks.anatomy_readings import solutions
from hypothesis import given
from hypothesis import strategies as st

from apportion.error_classes import ErrorClass
from apportion.statistics import agreement
from apportion.tasks.anatomy import (
    classify_solution,
    is_cut_off,
    is_refusal,
    is_repetition,
    unanswered,
)
from apportion.tasks.grade import strict_number

MILK = (
    "He extracts 5*3=<<5*3=15>>15 liters of milk in a day.\nHe should extract 25-15=<<25-15=10>>10 liters more "
    "in a day.\nFor that, he needs 10/5=<<10/5=2>>2 more cows.\nA: 2"
)
STICKERS = (
    "Jasmine had 15 stickers - 7 stickers = <<15-7=8>>8 stickers after losing 7.\nThen, she now has "
    "8 stickers + 5 stickers = <<8+5=13>>13 stickers at the end.\nA: 13"
)
MARBLES = "So after receiving 2 dozen marbles he has 2 * 12 = <<2*12=24>>24.\n60 - 24 = <<60-24=36>>36\nA: 36"

REAL: list[tuple[ErrorClass, str, str]] = [
    ("none", MILK, MILK),
    ("style-only", MILK, "He needs 10/5=<<10/5=2>>2 more cows, so the farmer has to buy 2"),
    (
        "missing-or-extra-step",  # the last step of the reference is left out
        MILK,
        "The farmer extracts a total of 5 x 3 = <<5*3=15>>15 liters a day from his 3 cows.\nTherefore, he needs to "
        "have 25 - 15 = <<25-15=10>>10 more cows to be able to produce 25 liters a day.\nA: 10",
    ),
    (
        "missing-or-extra-step",  # the third, and what he grows
        "The first shop needs 20 x 4 = <<20*4=80>>80 roses.\nThe second needs 15 x 4 = <<15*4=60>>60.\nIn all "
        "80 + 60 = <<80+60=140>>140.\nFord lacks 140 - 40 = <<140-40=100>>100.\nA: 100",
        "The first flower shop needs 20 roses/week * 4 weeks/month = <<20*4=80>>80 roses/month.\nThe second needs "
        "15 * 4 = <<15*4=60>>60.\nTherefore, 80 + 60 = <<80+60=140>>140 roses/month.\nA: 140",
    ),
    (
        "missing-or-extra-step",  # 2 weeks are not 2 times 12 months
        "After 2 years, 2*12=<<2*12=24>>24 months.\nAfter 24 months, 24*$100 = $<<24*100=2400>>2400.\nThe remaining "
        "amount is $3000-$2400=$<<3000-2400=600>>600\nA: 600",
        "After 2 years, she will have removed $100*12 = $<<100*12=1200>>1200 from her account.\nThe amount remaining "
        "after 2 years is $3000-$1200 = $<<3000-1200=1800>>1800.\nA: 1800",
    ),
    (
        "missing-or-extra-step",  # one more times 5
        "Charlie wears 5 * 5 = <<5*5=25>>25.\nTogether 25 + 5 = <<25+5=30>>30\nThe average is 30/2 = <<30/2=15>>15\n"
        "A: 15",
        "Charlie's boots are 5*5=<<5*5=25>>25 times the size of Sophie's.\nIf Sophie wears size five boots, Charlie "
        "wears 25*5=<<25*5=125>>125.\nTogether, they wear 125+5=<<125+5=130>>130 shoes.\nThe average size of shoe "
        "worn by the two is 130/2=<<130/2=65.0>>65 shoes.\nA: 65",
    ),
    (
        "wrong-plan",
        STICKERS,
        "Jasmine has 15 + 7 = <<15+7=22>>22 stickers.\nAfter her teacher gave her 5 more stickers, she has "
        "22 + 5 = <<22+5=27>>27 stickers.\nA: 27",
    ),
    (
        "arithmetic",  # a step that does not hold
        STICKERS,
        "He wants to get 22 cupcakes because 25 - 3 = <<25-3=22>>22\nHe needs 10 because 22 x .5 = <<22*.5=11.0>>10\n"
        "A: 10",
    ),
    (
        "arithmetic",  # another number than the mark's
        STICKERS,
        "The total earnings from the sale of MTB bikes was $500/bike * 105 bikes = $<<500*105=52500>>52000.\nA: 52000",
    ),
    (
        "arithmetic",  # an answer from nowhere
        STICKERS,
        "Finally, a tree produces 20 times the initial amount, totaling 20*50 = <<20*50=1000>>1000 fruits.\n"
        "Altogether it can produce 1000+800 = <<1000+800=1800>>1800 fruits.\nA: 1",
    ),
    (
        "refused",
        STICKERS,
        "I'm sorry, but I cannot provide a response to that query as it may be inappropriate or offensive. As an AI "
        "language model, I have been designed to help users in a safe and ethical manner.",
    ),
    ("refused", STICKERS, "I'm sorry, but I don't have access to your email at this time."),
    (
        "truncated",
        STICKERS,
        "Then find the height the beanstalk is after 13 days: 16384 feet * 2 = <<16384*2=32768>>32768 feet\nThen find "
        "the height the beanstalk is after 14 days: 32768 feet * 2 =",
    ),
    ("repetition", STICKERS, "There are 96 / 44 = <<96/44=2." + "18" * 60),
    (
        "repetition",
        STICKERS,
        "We know that 33 = x + 2x\n"
        + (
            "Dividing both sides by 2, we get 33 / 2 = 2x / 2\nMultiplying both sides by 2, we get 33 * 2 = 2x * 2\n"
            "Adding x to both sides, we get 33 + x = 2x + x\nSubtracting x from both sides, we get 33 = 2x\n"
        )
        * 4
        + "Dividing both sides by",
    ),
    (
        "malformed",  # of gemma-3-270m: a unit behind the number
        "Matteo = 55 * 4 = <<55*4=220>>220 miles\nShandy = 45 * 10 = <<45*10=450>>450 miles\n"
        "450 - 220 = <<450-220=230>>230 miles\nShandy drove 230 miles farther than Matteo.\nA: 230",
        "Shandy traveled 4 hours + 10 hours = 14 hours.\nMatteo traveled 4 hours + 55 = 145 miles.\nA: 145 miles",
    ),
    ("malformed", STICKERS, ""),
    (
        "other",  # with unknowns, which are no steps of numbers
        "Let L be the number of losses.\nThe number of wins is L + <<+8=8>>8.\nThe team played (L+8) + L = 2L + 8 = "
        "22 games.\nSo, 2L = 22 - 8 = 14\nSo L = 14/2 = <<14/2=7>>7 losses.\nTherefore, the team won "
        "22 – 7 = <<22-7=15>>15 games.\nA: 15",
        "Let x be the number of games they won.\nx+x+8=22\n2x+8=22\n2x=14\nx=7\nThey won 7 games.\nA: 7",
    ),
    (
        "other",  # the reference has no steps that can be read
        "Scottish Unicorns:27(1/3)=9\nFemale:9(2/3)=6 unicorns\nA: 6",
        "There are 27/3 = <<27/3=9.0>>9.0 Scottish unicorns in the Highlands.\nThere are 9.0*2 = <<9.0*2=18.0>>18.0 "
        "Scottish unicorns that are female.\nA: 18",
    ),
]


def answer_of(text: str):
    return strict_number(text, "A:")


@pytest.mark.parametrize(("expected", "reference", "text"), REAL)
def test_every_class_on_real_text(expected: ErrorClass, reference: str, text: str) -> None:
    strict = answer_of(text) == answer_of(reference)
    flexible = strict or expected == "style-only"
    finished = True if expected == "malformed" else None  # else it may as well be cut off
    assert classify_solution(reference, text, strict, flexible, finished, answer_of=answer_of) == expected


def test_every_class_of_solutions_is_tested() -> None:
    assert {expected for expected, *_ in REAL} == set(get_args(ErrorClass)) - {"wrong-hop"}


def test_whether_the_model_ended_decides_when_it_is_known() -> None:
    text = "Then find the height after 14 days: 32768 feet * 2 ="
    assert unanswered(text, None) == unanswered(text, False) == "truncated"
    assert unanswered(text, True) == "malformed"
    assert unanswered("All is said.", False) == "truncated"


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("As an AI, I'm unable to predict specific future events such as the date of a crash.", True),
        ("Adobe Sensei\n\nAs an AI language model, I can continue this as per your requirements.", False),
        ("I don’t know who that is.", True),
        ("Ann is sorry that she has 3 apples left.", False),
        ("x" * 400 + " I cannot", False),
    ],
)
def test_refusals(text: str, refuses: bool) -> None:
    assert is_refusal(text) == refuses


@pytest.mark.parametrize(
    ("text", "goes_in_circles"),
    [
        ("1/3 = 0.3333333333333333", False),
        ("no " * 20, True),
        ("-" * 200, False),
        ("ab" * 20, False),  # 40 characters
        ("The total is 3.\n" * 9, True),
        ("A long line that is said over and over, and it is a long one, is it not?\n" * 5, True),
        ("", False),
    ],
)
def test_repetition(text: str, goes_in_circles: bool) -> None:
    assert is_repetition(text) == goes_in_circles


def test_cut_off() -> None:
    assert is_cut_off("So she has 3 and") and not is_cut_off("So she has 3.") and not is_cut_off("")


hostile = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="0123456789+-*/()=.,$% x<>\nA:", max_size=120),
    st.sampled_from([reference for _, reference, _ in REAL]),
)


@given(hostile, hostile, st.booleans(), st.booleans(), st.sampled_from([True, False, None]))
def test_every_answer_has_exactly_one_class(reference, text, strict, flexible, finished) -> None:
    found = classify_solution(reference, text, strict, flexible, finished)
    assert found in get_args(ErrorClass)
    assert (found == "none") == strict
    assert (found == "style-only") == (flexible and not strict)


def test_an_answer_of_100_000_characters_takes_no_time() -> None:
    assert classify_solution(MILK, "1 + 1 = 3 " * 10_000, False, False, answer_of=answer_of) == "repetition"
    assert classify_solution(MILK, "(" * 100_000, False, False, answer_of=answer_of) == "truncated"


def test_the_proving_ground(data_folder: Path) -> None:
    rows = solutions(data_folder)[:330]
    for counts in table(rows).values():
        assert counts["other"] <= 0.1 * (counts.total() - counts["none"])
    assert not disagreements(rows)


def test_the_rules_agree_with_the_reader(data_folder: Path) -> None:
    rows = solutions(data_folder)
    path = Path(__file__).parents[2] / "docs" / "results" / "anatomy-readings.csv"
    with path.open(encoding="utf-8", newline="") as file:
        readings = list(csv.DictReader(file))
    found = [classed(rows[int(r["item"])]["ground_truth"], rows[int(r["item"])][r["system"]]["solution"])
             for r in readings]  # fmt: skip
    assert found == [reading["rule"] for reading in readings]
    first = [(r["reading"], rule) for r, rule in zip(readings, found, strict=True) if r["sample"] == "first"]
    both = agreement(*zip(*first, strict=True))
    assert both.items == 100
    assert both.share >= 0.85 and both.kappa > 0.6


def test_references_are_right(data_folder: Path) -> None:
    with gzip.open(data_folder / "text" / "gsm8k_test.jsonl.gz", "rt", encoding="utf-8") as file:
        answers = [json.loads(line)["answer"] for line in file]
    assert {classify_solution(one, one, strict_number(one) is not None, True) for one in answers} == {"none"}
