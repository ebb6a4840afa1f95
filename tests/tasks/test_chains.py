"""Chains: numbers linked to the steps that they come from, and chains that are one step apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.tasks import chains
from apportion.tasks.chains import READINGS, Reading, chain, difference, operations, slips, written


def last(text: str, reading: Reading = READINGS[0]):
    return chain(written(text), reading)[-1].terms


def test_a_result_stands_for_its_step() -> None:
    assert last("16 - 3 = 13\n13 * 2 = 26") == last("16 * 2 - 3 * 2 = 26")
    assert last("16 - 3 = <<16-3=13>>13 eggs\nShe makes 13 * 2 = $<<13*2=26>>26") == last("(16 - 3) * 2 = 26")


def test_ways_to_write_a_share_are_one() -> None:
    shares = ["80 * 25% = 20", "80 * .25 = 20", "80 / 4 = 20", "80 * 1/4 = 20", "80 * 25/100 = 20"]
    assert len({last(text) for text in shares}) == 1


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("(16 - 3) * 2 = 26", "(16 - 3 - 4) * 2 = 18", "less"),
        ("16 - 3 - 4 = 9", "(16 - 3 - 4) * 2 = 18", "less"),
        ("(16 - 3 - 4) * 2 = 18", "(16 - 3) * 2 = 26", "more"),
        ("250 / 2 = 125", "250 / (2 + 3) = 50", "less"),
        ("20 / (15 + 45) = 3", "20 / (15 + 45 + 40) = 2", "less"),
        ("(16 - 3 - 4) * 2 = 18", "(16 - 3 - 4) * 2 = 18", "other"),
        ("(16 + 3) * 2 = 38", "(16 - 3 - 4) * 2 = 18", "other"),
        ("16 * 2 = 32", "16 * 3 + 5 = 53", "other"),
        ("8 + 6 = 14", "8 * 25 + 6 * 10 = 260", "other"),  # two different factors are two steps
    ],
)
def test_one_step_apart(answer: str, reference: str, expected: str) -> None:
    assert difference(last(answer), last(reference)) == expected


numbers = st.integers(2, 60)


@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=5), st.data())
def test_leaving_out_a_summand_or_a_factor_of_all_is_found(products, data) -> None:
    whole = " + ".join(f"{a}*{b}" for a, b in products)
    total = sum(a * b for a, b in products)
    reference = last(f"{whole} = {total}")
    place = data.draw(st.integers(0, len(products) - 1))
    rest = [pair for number, pair in enumerate(products) if number != place]
    part = " + ".join(f"{a}*{b}" for a, b in rest) + f" = {sum(a * b for a, b in rest)}"
    assert difference(last(part), reference) == "less"
    assert difference(reference, last(part)) == "more"
    assert difference(reference, last(f"({whole}) * 7 = {7 * total}")) == "less"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("2 + 2 = 5", 1),
        ("25 - 50 = <<25-50=-25>>25", 1),
        ("0.1+0.2 = <<0.1+0.2=0.30000000000000004>>0.3", 0),
        ("10/3 = <<10/3=3.3333333333333335>>3", 0),
        ("5/20 = <<5/20=0.25>>25%", 0),
        ("24 + 27 + (-48) = <<24+27+(-48)=85>>85", 1),
        ("so 33 / 2 = 2x / 2", 0),
        ("3(4) = 12 and 3(4) = 13", 1),
    ],
)
def test_slips(text: str, count: int) -> None:
    assert len(slips(text, written(text))) == count


def test_operations_count_what_does_something() -> None:
    assert operations(written("1*12=12\n30*12 = 360\n360*2 = 720")) == 2


def test_units_between_numbers_are_passed_over() -> None:
    assert [float(step.claim) for step in written("8 degrees Celsius + 3 degrees Celsius = 11 degrees")] == [
        11.0
    ]


def test_a_result_is_looked_for_among_the_64_steps_before() -> None:
    def written_out(between: int):
        lines = [
            "16 - 3 = 13",
            *(f"{n} + 1 = {n + 1}" for n in range(1000, 1000 + 2 * between, 2)),
            "13 * 7 = 91",
        ]
        return last("\n".join(lines))

    assert written_out(0) == written_out(63) == last("16 * 7 - 3 * 7 = 91")
    assert written_out(64) == last("13 * 7 = 91")


def test_work_is_linear_in_distinct_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[float] = []
    monkeypatch.setattr(chains, "_same", lambda one, other: compared.append(one) or one == other)

    def count(steps: int) -> int:
        compared.clear()
        chain(written("\n".join(f"{n} + {n + 1} = {2 * n + 1}" for n in range(2, 2 + steps))))
        return len(compared)

    assert count(800) <= 2.1 * count(400)


@given(st.text(alphabet="0123456789+-*/()=.,$% x<>\n", max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = written(text)
    for reading in READINGS:
        chain(found, reading)
    slips(text, found)
    operations(found)
