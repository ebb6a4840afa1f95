"""Small random networks for tests."""

import numpy as np
import torch
from hypothesis import strategies as st

from apportion.signed.events import Events
from apportion.signed.neighbourhood import Neighbourhood


def network(rows: list[tuple[int, int, float, float]], n_users: int | None = None) -> Events:
    """Return events from (source, target, time, weight), sorted by time, then the rest."""
    source, target, time, weight = (
        np.array(sorted(rows, key=lambda r: (r[2], *r)), dtype=float).reshape(-1, 4).T
    )
    count = n_users if n_users is not None else int(max(source.max(initial=0), target.max(initial=0))) + 1
    users = np.array([str(i) for i in range(count)])
    return Events(source.astype(np.int64), target.astype(np.int64), time, weight, users)


def noise(n_users: int, n_events: int, seed: int, instants: int | None = None) -> Events:
    """Return structureless events: users, signs and times at random, two users differ; times are whole numbers."""
    draw = np.random.default_rng(seed)
    source = draw.integers(0, n_users, n_events)
    target = (source + draw.integers(1, n_users, n_events)) % n_users
    time = np.sort(draw.integers(0, instants or 10 * n_events, n_events)).astype(float)
    weight = np.where(draw.random(n_events) < 0.7, 1.0, -1.0) * draw.integers(1, 11, n_events)
    order = np.lexsort((weight, target, source, time))
    users = np.array([str(i) for i in range(n_users)])
    return Events(source[order], target[order], time[order], weight[order], users)


def changed_after(events: Events, last: int) -> Events:
    """Return events of which all later than the time of event `last` have other ends and weights."""
    draws = np.random.default_rng(last)
    source, target, weight = events.source.copy(), events.target.copy(), events.weight.copy()
    later = np.flatnonzero(events.time > events.time[last])
    source[later] = draws.integers(0, events.n_users, len(later))
    target[later] = (source[later] + draws.integers(1, events.n_users, len(later))) % events.n_users
    weight[later] *= -draws.integers(1, 4, len(later))
    return Events(source, target, events.time, weight, events.users)


def networks(n_users: int = 5, most: int = 40) -> st.SearchStrategy[Events]:
    """Draw networks with few users and few instants, so that pairs and times recur."""
    user, weight = st.integers(0, n_users - 1), st.integers(-10, 10).filter(bool)
    row = st.tuples(user, user, st.integers(0, 12), weight).filter(lambda r: r[0] != r[1])
    return st.lists(row, min_size=1, max_size=most).map(
        lambda rows: network([(u, v, 3600.0 * t, w / 4) for u, v, t, w in rows], n_users)
    )


def neighbourhood(other, weight, known=None, outgoing=None, time=None, now=100.0):
    """Return latest events of users as a network sees them, from lists [u, k]; without more, all known and outgoing."""
    other, weight = torch.tensor(other), torch.tensor(weight, dtype=torch.float64)
    known = torch.ones_like(other, dtype=torch.bool) if known is None else torch.tensor(known)
    outgoing = torch.ones_like(known) if outgoing is None else torch.tensor(outgoing)
    time = torch.full(other.shape, 50.0).double() if time is None else torch.tensor(time).double()
    return Neighbourhood(other, time, weight, outgoing, known, torch.tensor(now).double())
