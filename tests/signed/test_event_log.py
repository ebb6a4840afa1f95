import numpy as np
from tests.signed.made_networks import noise

from apportion.signed.event_log import COLUMNS, EventLog, joined


def test_appended_one_by_one_they_are_the_events():
    events = noise(5, 40, 0)
    log = EventLog(events[:3])
    for i in range(3, 40):
        log.append(events[i : i + 1])
        log.append(events[:0])
    found = log.events(events.users)
    assert len(log) == len(found) == 40
    assert all(np.array_equal(getattr(found, name), getattr(events, name)) for name in COLUMNS)
    assert found.digest == events.digest


def test_it_leaves_what_it_began_with_alone():
    events = noise(5, 40, 0)
    before = events.time.copy()
    log = EventLog(events[:0])
    log.append(events)
    log.append(events[-1:])
    assert np.array_equal(events.time, before)


def test_joined():
    events = noise(5, 9, 0)
    for cut in range(10):
        found = joined([events[:cut], events[cut:]], events.users)
        assert all(np.array_equal(getattr(found, name), getattr(events, name)) for name in COLUMNS)
    assert len(joined([])) == 0
