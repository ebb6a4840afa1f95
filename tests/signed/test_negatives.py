import numpy as np
import pytest
from tests.signed.made_networks import network, noise

from apportion.signed.events import Events
from apportion.signed.negatives import NEGATIVE_KINDS, Negatives

EVENTS = noise(30, 1500, 0, instants=400)


@pytest.mark.parametrize("kind", NEGATIVE_KINDS)
def test_only_what_was_seen_before_is_drawn(kind):
    position = np.arange(len(EVENTS))
    drawn = Negatives(EVENTS, 0).draw(kind, position, 4)
    for i in range(0, len(EVENTS), 37):
        before = EVENTS.time < EVENTS.time[i]
        raters, ratees = set(EVENTS.source[before]), set(EVENTS.target[before])
        pairs = set(zip(EVENTS.source[before], EVENTS.target[before], strict=True))
        now = EVENTS.time == EVENTS.time[i]
        happening = set(zip(EVENTS.source[now], EVENTS.target[now], strict=True))
        for u, v in zip(drawn.source[i], drawn.target[i], strict=True):
            if u < 0:
                assert v < 0
                assert len(pairs) < 10  # at the very start
                continue
            assert u in raters
            assert v in ratees
            assert u != v
            assert (u, v) not in happening
            assert kind != "historical" or (u, v) in pairs


def test_nothing_is_drawn_from_no_past():
    drawn = Negatives(EVENTS, 0).draw("uniform", np.array([0]), 3)
    assert (drawn.source == -1).all()
    assert (drawn.target == -1).all()


@pytest.mark.parametrize("kind", NEGATIVE_KINDS)
def test_a_draw_depends_on_seed_position_and_past_alone(kind):
    position = np.arange(600, 900)
    whole = Negatives(EVENTS, 0).draw(kind, position, 3)
    alone = Negatives(EVENTS, 0).draw(kind, position[100:101], 3)
    assert np.array_equal(alone.source[0], whole.source[100])
    assert np.array_equal(alone.target[0], whole.target[100])
    kept = int(np.searchsorted(EVENTS.time, EVENTS.time[900]))
    later = noise(30, 200, 9)
    other = Events(
        np.concatenate([EVENTS.source[:kept], later.source]),
        np.concatenate([EVENTS.target[:kept], later.target]),
        np.concatenate([EVENTS.time[:kept], EVENTS.time[900] + later.time]),
        np.concatenate([EVENTS.weight[:kept], later.weight]),
        EVENTS.users,
    )
    position = np.arange(600, kept)
    changed = Negatives(other, 0).draw(kind, position, 3)
    assert np.array_equal(changed.target, whole.target[: kept - 600])
    for other_seed in (
        Negatives(EVENTS, 1).draw(kind, position, 3),
        Negatives(EVENTS, 0).draw(kind, position, 3, 1),
    ):
        assert (other_seed.target != changed.target).mean() > 0.5


def test_kinds_have_their_frequencies():
    """User 0 rates half of the time: uniform draws it as often as others, the others half of the time.

    Less what happens now, one of user 0's seven pairs.
    """
    rows = [(0 if i % 2 else 1 + i // 2 % 9, 10 + i % 7, float(i), 1.0) for i in range(2000)]
    events = network(rows)
    position = np.full(1, 1999)
    half = (1 / 2 - 1 / 14) / (1 - 1 / 14)
    for kind, share in (
        ("uniform", (1 / 10 - 1 / 70) / (1 - 1 / 70)),
        ("historical", half),
        ("degree_matched", half),
    ):
        drawn = Negatives(events, 0).draw(kind, position, 4000)
        assert (drawn.source == 0).mean() == pytest.approx(share, abs=0.02)


def test_as_published_half_of_the_targets_exist_nowhere():
    drawn = Negatives(EVENTS, 0).draw_as_published(np.arange(1000), 2)
    assert np.array_equal(drawn.source[:, 0], EVENTS.source[:1000])
    assert (drawn.target >= EVENTS.n_users).mean() == pytest.approx(0.5, abs=0.04)
    assert drawn.target.max() < 2 * EVENTS.n_users


def test_seen_is_about_the_role():
    events = network([(0, 1, 1.0, 1), (1, 0, 2.0, 1), (0, 1, 3.0, 1), (0, 2, 4.0, 1), (2, 1, 5.0, 1)])
    assert Negatives(events, 0).seen(np.arange(5)).tolist() == [False, False, True, False, False]
