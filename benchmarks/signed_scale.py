"""Time per event as a network grows: `python -m benchmarks.signed_speed scale [events]`.

SEMBA as it comes, hand-made inputs and boosted trees included, and without hand-made inputs, on generated networks of
6,000 users and of users that grow with the events. CPU time in windows of 10,000 events before 30,000, 300,000 and 3
million: looking the inputs up and observing for them, scoring and observing in groups of 200; and of `Live`, as
`apportion signed predict --stream` uses it, on the last 500 lines before each number, one line at a time. Every number
is a median (of pieces of 500 events, groups of 200, lines), so that what else a machine does moves it little.
The weights are those of the start, as time does not depend on them; the trees are grown on the first 20,000 events.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from apportion.signed.events import Events
from apportion.signed.generator import NetworkSettings, generate
from apportion.signed.history import HISTORY_FEATURES, History, features_along, features_of
from apportion.signed.learned import Learned
from apportion.signed.scorer import Queries
from apportion.signed.semba import SembaSettings, semba_pure
from apportion.signed.stream import Asked, Live

SCALES = (30_000, 300_000, 3_000_000)
USERS = 6_000
WINDOW = 10_000  # events before each number that are timed: the first of all find neighbourhoods still empty
LINES = 500  # the last of these, as lines of a stream
GROUP, PIECE, BLOCK = 200, 500, 5_000
GROWN_ON = 20_000  # events


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def scale(most: int = SCALES[-1]) -> None:
    """Print CPU time per event and per line of both models, with a constant and a growing number of users."""
    print(f"CPU time by the number of events, medians; groups of {GROUP}, lines one at a time")
    print(
        "| | users | events so far | inputs, microseconds an event | model, microseconds an event | both, "
        "times the first | a line, ms | times the first | resident, MB |\n|---|---|---|---|---|---|---|---|---|"
    )
    for growth in (False, True):
        users = USERS * (most // SCALES[0] if growth else 1)
        events = generate(NetworkSettings(users=users, events=most, growth=growth), 0)
        kind = "growing" if growth else f"{users:,}"
        for name, settings in (("SEMBA", SembaSettings()), ("without hand-made inputs", semba_pure())):
            first: tuple[float, float] | None = None
            for number, inputs, network, line in _stages(events, settings):
                first = first or (inputs + network, line)
                print(
                    f"| {name} | {kind} | {number:,} | {inputs * 1e6:.1f} | {network * 1e6:.1f} | "
                    f"{(inputs + network) / first[0]:.2f} | {line * 1e3:.2f} | {line / first[1]:.2f} | "
                    f"{resident_mb():.0f} |",
                    flush=True,
                )


def _stages(events: Events, settings: SembaSettings) -> Iterator[tuple[int, float, float, float]]:
    """Yield each number of events, CPU seconds an event for the inputs and in the model, and CPU seconds a line."""
    model = _model(events[:GROWN_ON], settings)
    history = History()
    done = 0
    for number in (n for n in SCALES if n <= len(events)):
        for start in range(done, number - WINDOW - LINES, BLOCK):  # only observed: scores change no state
            part = events[start : min(start + BLOCK, number - WINDOW - LINES)]
            model.observe(part)
            if settings.features:
                history.observe(part)
        window = events[number - WINDOW - LINES : number - LINES]
        spent: dict[str, list[float]] = {"inputs": [], "network": []}
        features = None
        if settings.features:
            parts = []
            for start in range(0, WINDOW, PIECE):
                rows = window[start : start + PIECE]
                began = time.process_time()
                parts.append(features_along(history, rows, rows.source, rows.target, rows.time))
                history.observe(rows[int(np.searchsorted(rows.time, rows.time[-1])) :])
                spent["inputs"].append((time.process_time() - began) / PIECE)
            features = np.concatenate(parts)
        for start in range(0, WINDOW, GROUP):
            part = slice(start, start + GROUP)
            rows = window[part]
            now = None if features is None else features[part]
            began = time.process_time()
            model.score(Queries(rows.source, rows.target, rows.time, now))
            model.observe(rows)
            spent["network"].append((time.process_time() - began) / GROUP)
        line = _line(model, events, number)
        if settings.features:
            history.observe(events[number - LINES : number])
        done = number
        yield number, float(np.median(spent["inputs"] or [0.0])), float(np.median(spent["network"])), line


def _line(model: Learned, events: Events, number: int) -> float:
    """Return the CPU seconds of a line of a stream, scored and observed, from the last ones before a number."""
    live = Live(model, events[: number - LINES])
    names = live.users
    last = events[number - LINES : number]
    lines = [
        Asked(names[u], names[v], float(t), float(w))
        for u, v, t, w in zip(last.source, last.target, last.time, last.weight, strict=True)
    ]
    spent = []
    for one in lines:
        began = time.process_time()
        list(live.walk([one]))
        spent.append(time.process_time() - began)
    model.observe(live.waiting)
    return float(np.median(spent))


def _model(events: Events, settings: SembaSettings) -> Learned:
    model = Learned(settings, "sign", USERS, len(HISTORY_FEATURES) if settings.features else 0)
    if settings.features:
        features = features_of(events, events.source, events.target, events.time)
        model.network.inputs.learn(features)
        model.network.boosted.grow(features, (events.weight > 0).astype(float), 0)
        model.network.boosted.share.fill_(0.5)
    return model
