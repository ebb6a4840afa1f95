"""What a network is like, against slow and obvious counts."""

from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.errors import UserError
from apportion.signed import description
from apportion.signed.description import describe, triads
from apportion.signed.events import Events
from apportion.signed.generator import NetworkSettings, generate
from apportion.signed.protocol import refuse_what_cannot_be_learned
from apportion.signed.splits import Split

Row = tuple[int, int, int, int]
ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 50), st.sampled_from([-1, 1])).filter(
        lambda row: row[0] != row[1]
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda row: row[2],
)


def store(rows: list[Row]) -> Events:
    return Events.of(*([row[column] for row in rows] for column in range(4)))


def obvious_triads(rows: list[Row]) -> tuple[int, int]:
    signs = {frozenset(row[:2]): row[3] for row in sorted(rows, key=lambda row: row[2])}
    products = [
        signs[frozenset((a, b))] * signs[frozenset((b, c))] * signs[frozenset((a, c))]
        for a, b, c in combinations(range(7), 3)
        if {frozenset((a, b)), frozenset((b, c)), frozenset((a, c))} <= set(signs)
    ]
    return len(products), products.count(1)


@given(ROWS)
def test_triads_against_the_obvious(rows: list[Row]) -> None:
    counted, balanced = obvious_triads(rows)
    found = triads(store(rows))
    assert (found.counted, found.is_sample) == (counted, False)
    if counted:
        assert found.balanced == pytest.approx(balanced / counted)
    else:
        assert found.balanced is found.expected is None


def test_work_in_parts_and_on_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    events = generate(NetworkSettings(users=100, events=1_500))
    whole = triads(events)
    monkeypatch.setattr(description, "WEDGES", 10)
    assert triads(events) == whole
    part = triads(events, most_pairs=400)
    assert part.is_sample and part.balanced is not None
    assert part.balanced == pytest.approx(whole.balanced, abs=0.05)


def test_balance_is_seen_where_it_is_planted_and_not_where_not() -> None:
    settings = NetworkSettings(users=200, events=8_000, rise=0.0, drift=0.0, negatives=0.3)
    steady = triads(generate(settings))
    assert steady.balanced is not None and steady.expected is not None
    assert steady.balanced > steady.expected + 0.15
    random = triads(generate(settings.without_structure()))
    assert random.balanced == pytest.approx(random.expected, abs=0.02)
    assert random.expected == pytest.approx(0.5, abs=0.02)


@given(ROWS)
def test_the_counts_against_the_obvious(rows: list[Row]) -> None:
    found = describe(store(rows))
    pairs = {row[:2] for row in rows}
    assert found.reciprocity == pytest.approx(sum(pair[::-1] in pairs for pair in pairs) / len(pairs))
    assert found.repeated == pytest.approx(1 - len(pairs) / len(rows))
    assert (found.raters, found.rated) == (len({row[0] for row in rows}), len({row[1] for row in rows}))
    assert (found.instants, found.largest_group) == (len(rows), 1)
    assert found.negatives == sum(row[3] < 0 for row in rows)
    if len(rows) > 7:
        assert found.split is not None and sum(found.split) == len(rows)


def test_times_that_are_shared() -> None:
    found = describe(generate(NetworkSettings(whole_days=True, days=50.0)))
    assert found.instants == 50 and 300 < found.largest_group < 600


def line(weights: list[int], times: list[int] | None = None) -> Events:
    count = len(weights)
    return Events.of(range(count), range(1, count + 1), times or range(count), weights)


def ring(weights: list[int]) -> Events:
    """Return events in which everybody rates and is rated again and again."""
    count = len(weights)
    return Events.of(
        [i % 3 for i in range(count)], [(i + 1) % 3 for i in range(count)], range(count), weights
    )


def test_tasks_that_cannot_be_done_are_named() -> None:
    assert describe(ring([1, -2] * 20)).cannot == {}
    one_sign = describe(ring([1] * 80))
    assert (
        one_sign.cannot["sign"]
        == one_sign.cannot["signed-existence"]
        == "no event is negative in the training part"
    )
    assert one_sign.cannot["weight"] == "all weights of the training part are the same"
    assert "existence" not in one_sign.cannot and one_sign.of_little_use == {}
    assert describe(ring([-1] * 40)).cannot["sign"] == "no event is positive in the training part"
    late = describe(ring([-1] * 50 + [1] * 90 + [2] * 60))
    assert late.cannot == {}
    assert late.of_little_use == {
        "sign": "no event is negative in the validation part",
        "signed-existence": "no event is negative in the validation part",
    }
    few = describe(ring([-1] * 50 + [1] * 90 + [2] * 51 + [-1] * 9)).of_little_use
    assert few["sign"] == "no event is negative in the validation part"
    few = describe(ring([-1, 1] * 80 + [1] * 31 + [-1] * 9)).of_little_use
    assert few["sign"] == "9 negative events in the test part" and "weight" not in few
    assert set(describe(ring([1, -2] * 20)).of_little_use.values()) == {"6 events in the validation part"}
    once = describe(line([1, -2] * 20)).cannot
    assert once.keys() == {"existence", "signed-existence"} and "seen before" in once["existence"]


@pytest.mark.parametrize("weights", [[1] * 40, [-1] * 40, [1, -2] * 20, [1] * 30 + [-1] * 10])
@pytest.mark.parametrize("many", [line, ring, lambda w: Events.of([0, 1] * 20, [1, 0] * 20, range(40), w)])
def test_what_cannot_be_done_is_what_training_refuses(many: Callable, weights: list[int]) -> None:
    events = many(weights)
    split = Split.by_quantiles(events)
    refused = set()
    for task in ("existence", "sign", "signed-existence", "weight"):
        try:
            refuse_what_cannot_be_learned(split, task)
        except UserError:
            refused.add(task)
    assert describe(events).cannot.keys() == refused


def test_events_at_one_time_cannot_be_split() -> None:
    at_once = describe(line([1, -1] * 20, [5] * 40))
    assert at_once.split is None and set(at_once.cannot) == {
        "existence",
        "sign",
        "signed-existence",
        "weight",
    }
