"""The generator: what is planted is there, as strong as the settings say, and without structure there is none."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.linalg import eigsh

from apportion.errors import UserError
from apportion.signed.generator import DAY, Network, NetworkSettings, generate, planted_network

STEADY = NetworkSettings(users=500, events=40_000, rise=0.0, drift=0.0, reciprocity=0.0)


def is_across(network: Network) -> np.ndarray:
    events = network.events
    factions = [network.truth.factions(ends, events.time) for ends in (events.source, events.target)]
    return factions[0] != factions[1]


def near(shares: np.ndarray, expected: float) -> bool:
    """Whether a mean of zeros and ones is within 4 standard errors of what it should be."""
    return abs(shares.mean() - expected) < 4 * np.sqrt(max(expected * (1 - expected), 1e-4) / len(shares))


def auroc(scores: np.ndarray, is_positive: np.ndarray) -> float:
    ranks = np.argsort(np.argsort(scores)) + 1.0
    positives = int(is_positive.sum())
    return float(
        (ranks[is_positive].sum() - positives * (positives + 1) / 2) / (positives * (~is_positive).sum())
    )


def test_the_same_seed_gives_the_same_bytes_and_another_others() -> None:
    assert generate(STEADY, 3).digest == generate(STEADY, 3).digest
    assert generate(STEADY, 3).digest != generate(STEADY, 4).digest


def test_the_strength_of_balance_moves_no_other_draw() -> None:
    one, other = (generate(replace(STEADY, balance=balance)) for balance in (0.1, 0.9))
    assert one.time.tobytes() == other.time.tobytes()
    assert one.source.tobytes() == other.source.tobytes() and one.target.tobytes() == other.target.tobytes()
    assert one.weight.tobytes() != other.weight.tobytes()


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("factions", [2, 4])
def test_signs_follow_the_factions_as_strongly_as_set(balance: float, factions: int) -> None:
    network = planted_network(replace(STEADY, balance=balance, factions=factions))
    across, is_negative = is_across(network), network.events.sign < 0
    assert near(across, 0.15)
    assert near(is_negative, 0.15)
    assert near(is_negative[across], balance + (1 - balance) * 0.15)
    assert near(is_negative[~across], (1 - balance) * 0.15)


def test_negatives_rise() -> None:
    network = planted_network(replace(STEADY, rise=0.8))
    tenth = len(network.events) // 10
    is_negative = network.events.sign < 0
    assert near(is_negative[:tenth], 0.15 * (1 - 0.8 * 0.9))
    assert near(is_negative[-tenth:], 0.15 * (1 + 0.8 * 0.9))


def test_users_change_their_faction() -> None:
    settings = replace(STEADY, users=3_000, drift=0.4, balance=1.0)
    network = planted_network(settings)
    truth, events = network.truth, network.events
    changes = np.isfinite(truth.change)
    assert near(changes, 0.4)
    assert ((truth.first_faction != truth.last_faction) == changes).all()
    assert (
        (truth.change[changes] > events.time[0] - DAY) & (truth.change[changes] < events.time[-1] + DAY)
    ).all()
    agrees = (events.sign < 0) == is_across(network)
    assert agrees.all()
    stuck = truth.first_faction[events.source] != truth.first_faction[events.target]
    assert ((events.sign < 0) == stuck).mean() < 0.9
    assert len(truth.first_faction) == events.n_users


def test_replies() -> None:
    def answered(reciprocity: float) -> float:
        events = generate(replace(STEADY, users=5_000, reciprocity=reciprocity, skew=0.0))
        pairs = set()
        count = 0
        for pair in zip(events.source.tolist(), events.target.tolist(), strict=True):
            count += pair[::-1] in pairs
            pairs.add(pair)
        return count / len(events)

    by_chance = answered(0.0)
    assert by_chance < 0.01
    assert answered(0.3) == pytest.approx(0.3, abs=0.02)


def test_activity_is_skewed() -> None:
    events = generate(replace(STEADY, skew=0.5))
    most = np.sort(np.bincount(events.source, minlength=500))[::-1]
    assert most[:50].sum() / len(events) == pytest.approx(0.1**0.5, abs=0.02)
    even = np.bincount(generate(replace(STEADY, skew=0.0)).source, minlength=500)
    assert even.max() < 2 * even.mean()


def test_users_arrive_in_step_with_the_events() -> None:
    growing = planted_network(replace(STEADY, users=4_000, growth=True, skew=0.0, factions=3)).events
    ids = growing.users.astype(int)
    for share in (0.25, 0.5, 1.0):
        part = growing[: int(share * len(growing))]
        seen = ids[np.unique(np.concatenate([part.source, part.target]))]
        assert seen.max() <= np.ceil(4_000 * share)
        assert len(seen) > 0.9 * 4_000 * share


def test_untrustworthy_users_get_negatives() -> None:
    network = planted_network(replace(STEADY, balance=0.0, trust=1.0))
    untrustworthy = network.truth.untrustworthy[network.events.target]
    assert ((network.events.sign < 0) == untrustworthy).all()
    assert network.truth.untrustworthy.mean() == pytest.approx(0.15, abs=0.07)


def test_magnitudes_are_a_habit_of_the_source() -> None:
    events = generate(replace(STEADY, magnitudes=5))
    magnitudes = np.abs(events.weight)
    assert set(np.unique(magnitudes)) == {1, 2, 3, 4, 5}
    means = np.bincount(events.source, magnitudes) / np.bincount(events.source)
    assert np.corrcoef(means[events.source], magnitudes)[0, 1] > 0.6
    assert set(np.abs(generate(replace(STEADY, magnitudes=1)).weight)) == {1}


def test_times() -> None:
    events = generate(STEADY)
    assert (np.diff(events.time) > 0).all()
    assert events.time[-1] - events.time[0] == pytest.approx(1_000 * DAY, rel=0.01)
    days = generate(replace(STEADY, whole_days=True))
    assert (days.time % DAY == 0).all() and len(np.unique(days.time)) == 1_000


def test_history_says_more_the_stronger_the_balance() -> None:
    """The leading eigenvector of the past signed graph tells the factions, and so the signs of what follows."""

    def learned(balance: float) -> float:
        events = generate(replace(STEADY, users=300, balance=balance))
        past, test = events[:34_000], events[34_000:]
        graph = coo_array((past.sign.astype(float), (past.source, past.target)), shape=(300, 300)).tocsr()
        expected = np.full((300, 300), past.sign.mean() * len(past) / 300**2)  # without it all share one side
        _, vectors = eigsh((graph + graph.T).toarray() - 2 * expected, k=2, which="LA", v0=np.ones(300))
        scores = max(
            (vectors[test.source, k] * vectors[test.target, k] for k in range(2)),
            key=lambda s: auroc(s, test.sign > 0),
        )
        return auroc(scores, test.sign > 0)

    weak, middle, strong = (learned(balance) for balance in (0.0, 0.5, 1.0))
    assert weak == pytest.approx(0.5, abs=0.04)
    assert middle > 0.65
    assert strong > 0.9


def test_without_structure_there_is_none() -> None:
    network = planted_network(NetworkSettings(users=100, events=50_000).without_structure())
    events = network.events
    assert near(events.sign < 0, 0.5)
    for ends in (events.source, events.target):
        counts = np.bincount(ends, minlength=100)
        assert ((counts - 500) ** 2 / 500).sum() < 99 + 5 * np.sqrt(2 * 99)
    pairs = np.bincount(events.source * 100 + events.target, minlength=10_000).reshape(100, 100)
    assert pairs.trace() == 0
    off = pairs[~np.eye(100, dtype=bool)]
    assert off.var() / off.mean() == pytest.approx(1, abs=0.06)
    means = np.bincount(events.target, events.sign > 0) / np.bincount(events.target)
    assert means.std() == pytest.approx(0.5 / np.sqrt(500), rel=0.3)
    assert not (events.source[1:] == events.target[:-1]).mean() > 0.02


def test_two_users_and_one_faction_are_enough() -> None:
    events = generate(NetworkSettings(users=2, events=50, factions=1, drift=1.0))
    assert (len(events), events.n_users) == (50, 2)
    assert len(generate(NetworkSettings(users=2, events=50, factions=2, growth=True))) == 50
    assert len(generate(NetworkSettings(users=9, events=1, factions=5))) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"users": 1}, "the setting users: found 1; expected at least 2. Give --users such a value"),
        ({"events": 0}, "the setting events"),
        ({"balance": 1.5}, r"the setting balance: found 1\.5; expected 0 to 1"),
        ({"drift": float("nan")}, "the setting drift: found nan"),
        ({"skew": 1.0}, "the setting skew"),
        ({"days": 0.0}, "the setting days"),
        ({"negatives": 0.8}, r"the setting rise: found 0\.5; expected at most 0\.25"),
    ],
)
def test_settings_out_of_range_are_told(settings: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        NetworkSettings(**settings)  # type: ignore[arg-type]
