"""A model that goes on: what it says of each event comes from strictly earlier times, and nothing else moves it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.signed.made_networks import noise
from tests.signed.test_learned import SMALL, fitted, same_state

from apportion.errors import UserError
from apportion.signed import live_artefact
from apportion.signed.artefact import load as load_model
from apportion.signed.artefact import save as save_model
from apportion.signed.embeddings import write_embeddings
from apportion.signed.events import Events
from apportion.signed.history import HISTORY_FEATURES, features_of
from apportion.signed.learned import Learned
from apportion.signed.scorer import Queries
from apportion.signed.stream import Asked, Live
from apportion.signed.writing import write_events

LATER = [
    Asked("3", "7", 1e6, 1.0),
    Asked("7", "3", 1e6 + 1, -2.0),
    Asked("new", "3", 1e6 + 2, -1.0),
    Asked("3", "other", 1e6 + 2, 5.0),
    Asked("7", "new", 1e6 + 2),
    Asked("new", "other", 1e6 + 3, 1.0),
    Asked("other", "new", 1e6 + 4),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    save_model(fitted(replace(SMALL, epochs=1))[0], path)
    return path


@pytest.fixture(scope="module")
def past() -> Events:
    return noise(25, 500, 0)


def live_of(folder: Path, past: Events) -> Live:
    model = load_model(folder)
    model.reset()
    model.observe(past)
    return Live(model, past)


@pytest.fixture
def live(folder: Path, past: Events) -> Live:
    return live_of(folder, past)


def test_a_stream_is_scored_as_by_hand(live: Live, folder: Path, past: Events) -> None:
    found = [float(score) for score in live.walk(LATER)]
    model = load_model(folder)
    model.reset()
    model.observe(past)
    names = {user: number for number, user in enumerate([*past.users.tolist(), "new", "other"])}
    seen, expected = past, []
    for time in sorted({one.time for one in LATER}):
        group = [one for one in LATER if one.time == time]
        for one in group:
            ends = np.array([names[one.source]]), np.array([names[one.target]]), np.array([time])
            expected.append(float(model.score(Queries(*ends, features_of(seen, *ends)))[0]))
        rows = sorted(
            (names[one.source], names[one.target], time, one.weight)
            for one in group
            if one.weight is not None
        )
        if rows:
            columns = [np.array(column) for column in zip(*rows, strict=True)]
            happened = Events(*columns, past.users)
            model.observe(happened)
            seen = Events(
                *(
                    np.concatenate([getattr(e, c) for e in (seen, happened)])
                    for c in ("source", "target", "time", "weight")
                ),
                past.users,
            )
    assert found == expected
    assert same_state(live.model, model)


def test_in_one_batch_or_one_by_one(live: Live, folder: Path, past: Events) -> None:
    at_once = [float(score) for score in live.walk(LATER)]
    other = live_of(folder, past)
    one_by_one = [float(score) for one in LATER for score in other.walk([one])]
    assert at_once == one_by_one
    assert same_state(live.model, other.model)
    assert live.users == other.users == [*past.users.tolist(), "new", "other"]


def test_events_of_one_time_in_another_order_are_the_same(live: Live, folder: Path, past: Events) -> None:
    rows = [Asked("1", "2", 1e6, 1.0), Asked("4", "2", 1e6, -1.0), Asked("1", "2", 1e6, -3.0)]
    after = [Asked("2", "1", 1e6 + 5), Asked("4", "1", 1e6 + 5)]
    one = [float(score) for score in live.walk(rows + after)][3:]
    other = live_of(folder, past)
    assert [float(score) for score in other.walk(rows[::-1] + after)][3:] == one
    assert same_state(live.model, other.model)


def test_what_happens_changes_what_is_said_next_and_what_is_asked_does_not(live: Live) -> None:
    pair = ["3"], ["7"]
    before = live.score(*pair)
    assert list(live.walk([Asked("3", "7", live.now), Asked("nobody", "7", live.now)]))
    assert live.score(*pair) == before
    assert live.score(["3", "stranger"], ["7", "3"])[0] == before[0]
    assert "stranger" not in live.users
    live.observe(["3"], ["7"], [live.latest + 10], [-5])
    assert live.score(*pair) != before


def test_observing_in_bulk_is_observing(live: Live, folder: Path, past: Events) -> None:
    events = [one for one in LATER if one.weight is not None]
    columns = zip(*events, strict=True)
    live.observe(*columns)
    other = live_of(folder, past)
    other.observe(*zip(*events[:3], strict=True))
    other.observe(*zip(*events[3:], strict=True))
    question = ["new", "3"], ["other", "7"]
    assert len(live.waiting) == 1
    assert live.score(*question).tolist() == other.score(*question).tolist()
    assert same_state(live.model, other.model)
    assert len(live.observed) == len(past) + 5 and len(live.waiting) == 0
    assert live.observed.time.tolist() == other.observed.time.tolist()


def test_scores_at_the_latest_time_do_not_see_it(live: Live, folder: Path, past: Events) -> None:
    time = live.latest + 10
    before = live.score(["3"], ["7"], [time])
    live.observe(["3", "7"], ["7", "3"], [time, time], [-5, -5])
    both = live.score(["3", "3"], ["7", "7"], [time + 1, time])
    assert both[1] == before[0]
    assert both[0] != before[0]
    assert live.score(["3"], ["7"])[0] != before[0]


def test_no_pairs_have_no_scores_in_as_many_columns(past: Events) -> None:
    for task, shape in (("sign", (0,)), ("signed-existence", (0, 3))):
        model = Learned(SMALL, task, 25, len(HISTORY_FEATURES))
        model.observe(past)
        assert Live(model, past).score([], []).shape == shape


def test_a_stream_left_half_way_has_taken_in_half(live: Live, folder: Path, past: Events) -> None:
    steps = live.walk(LATER)
    first = [float(next(steps)) for _ in range(2)]
    steps.close()
    rest = [float(score) for score in live.walk(LATER[2:])]
    other = live_of(folder, past)
    whole = [float(score) for score in other.walk(LATER)]
    assert first + rest == whole


def test_a_stream_in_step_with_its_lines_takes_in_the_last_one_too(live: Live) -> None:
    before = len(live.observed) + len(live.waiting)
    for _, _ in zip(LATER, live.walk(LATER), strict=False):  # asks no more after the last line
        pass
    happened = sum(one.weight is not None for one in LATER)
    assert len(live.observed) + len(live.waiting) == before + happened


def test_saved_and_loaded_it_goes_on_bit_for_bit(live: Live, tmp_path: Path) -> None:
    list(live.walk(LATER[:3]))
    assert len(live.waiting) == 1
    live_artefact.save(live, tmp_path / "live")
    other = live_artefact.load(tmp_path / "live")
    assert other.users == live.users and other.latest == live.latest
    assert [float(score) for score in other.walk(LATER[3:])] == [
        float(score) for score in live.walk(LATER[3:])
    ]
    assert same_state(live.model, other.model)
    live_artefact.save(other, tmp_path / "again")
    live_artefact.save(live, tmp_path / "live")
    for path in (tmp_path / "live").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_a_long_stream_is_what_a_batch_looks_up(folder: Path, past: Events, tmp_path: Path) -> None:
    """One line at a time, saved and loaded on the way, against all lines at once and the features of a batch."""
    later = noise(30, 160, 5, instants=90)  # equal times, new users, twice the events of a ring
    lines = [
        Asked(str(u), str(v), 1e6 + t, w)
        for u, v, t, w in zip(later.source, later.target, later.time, later.weight, strict=True)
    ]
    live, looked_up = live_of(folder, past), []
    score = live.model.score
    live.model.score = lambda queries: looked_up.append(queries) or score(queries)  # type: ignore[method-assign]
    at_once = [float(score) for score in live.walk(lines)]
    other, one_by_one = live_of(folder, past), []
    for i, line in enumerate(lines):
        if i in (40, 41, 97):
            live_artefact.save(other, tmp_path / str(i))
            other = live_artefact.load(tmp_path / str(i))
        one_by_one += [float(score) for score in other.walk([line])]
    assert one_by_one == at_once
    assert same_state(live.model, other.model)
    live.observe(["0"], ["1"], [2e6], [1.0])
    live.score(["0"], ["1"])
    seen = live.observed
    for queries in looked_up:
        if queries.time[0] < 2e6:
            ends = queries.source, queries.target, queries.time
            assert queries.features.tobytes() == features_of(seen, *ends).tobytes()


def test_a_question_about_a_later_time_holds_nothing_up(live: Live, folder: Path, past: Events) -> None:
    rows = [Asked("3", "7", 1e6), Asked("3", "7", 5e5, -1.0), Asked("3", "7", 1e6), Asked("3", "7", 6e5)]
    at_once = [float(score) for score in live.walk(rows)]
    other = live_of(folder, past)
    assert [float(score) for one in rows for score in other.walk([one])] == at_once
    assert at_once[0] != at_once[2]
    with pytest.raises(UserError, match="found the time 400000"):
        live.walk([Asked("3", "7", 4e5)])


def test_a_folder_that_is_none_or_damaged(live: Live, past: Events, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no model\.json"):
        live_artefact.load(tmp_path)
    live.observe(["1"], ["2"], [1e6], [1])
    live_artefact.save(live, tmp_path)
    for name, match in (
        ("past.safetensors", "missing or changed file"),
        ("live.json", "expected the users of"),
    ):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[:-1] + b"~")
        with pytest.raises(UserError, match=match):
            live_artefact.load(tmp_path)
        (tmp_path / name).write_bytes(whole)
    assert live_artefact.load(tmp_path).latest == 1e6


def test_a_save_that_is_killed_leaves_no_model_that_goes_on_from_another_past(
    live: Live, past: Events, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_model(live.model, tmp_path)
    write_events(past, tmp_path / "events.parquet")
    assert live_artefact.load(tmp_path).latest == past.time[-1]
    live.observe(["1"], ["2"], [1e6], [1])
    live.score(["1"], ["2"])

    def killed(model: Learned, folder: Path) -> None:
        save_model(model, folder)
        raise KeyboardInterrupt

    monkeypatch.setattr("apportion.signed.artefact.save", killed)
    with pytest.raises(KeyboardInterrupt):
        live_artefact.save(live, tmp_path)
    with pytest.raises(UserError, match="the state after 501 events, with a past of 500"):
        live_artefact.load(tmp_path)


def test_a_model_trained_anew_in_the_same_folder_starts_from_its_events(
    live: Live, folder: Path, past: Events, tmp_path: Path
) -> None:
    live.observe(["1", "1"], ["2", "2"], [1e6, 2e6], [1, 1])
    live_artefact.save(live, tmp_path)
    fresh = live_of(folder, past)
    write_events(past, tmp_path / "events.parquet")
    save_model(fresh.model, tmp_path)
    loaded = live_artefact.load(tmp_path)
    assert (loaded.latest, loaded.users) == (fresh.latest, fresh.users)
    assert loaded.score(["1"], ["2"]) == fresh.score(["1"], ["2"])


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (Asked("1", "1", 1e6, 1.0), "the event 1,1: found a user's event with itself"),
        (Asked("", "1", 1e6, 1.0), "source: found an empty id"),
        (Asked("1", "2", -5.0, 1.0), "found the time -5; expected .*, the latest before it, or later"),
        (Asked("1", "2", float("nan"), 1.0), "found the time nan"),
        (Asked("1", "\udc80", 1e6, 1.0), "target: found an id with half a character"),
        (Asked("1", "2", 1e300, 1.0), "found the time 1e[+]300; expected .*, at most 1e[+]20 in size"),
        (Asked("1", "2", 1e6, 0.0), "found the weight 0"),
        (Asked("1", "2", 1e6, float("inf")), "found the weight inf"),
        (Asked("1", "2", 1e6, float("nan")), "found the weight nan"),
        (Asked("1", "2", 1e6, -1e39), "found the weight -1e[+]39; expected a number that is not 0, at most"),
    ],
)
def test_what_cannot_be_taken_in_changes_nothing(live: Live, one: Asked, message: str) -> None:
    before = live.users.copy(), live.latest, live.score(["1"], ["2"])
    with pytest.raises(UserError, match=message):
        live.walk([Asked("x", "1", 1e5, 1.0), one])
    assert (live.users, live.latest, live.score(["1"], ["2"])) == before


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((["1"], ["2"], 1.5e9), r"the column time: found an array of shape \(\)"),
        (("12", "34"), r"the ids of source: found one value \('12'\); expected a column of ids"),
        ((["1"], 2), "the ids of target: found one value"),
        (([None], ["2"]), "event 1, source: found the id None"),
        ((["1", "1"], ["2", float("nan")]), "event 2, target: found the id nan"),
        ((["1"], ["2"], ["noon"]), "the column time: found values that are no numbers"),
        ((["1"], ["2"], [float("nan")]), "event 1, time: found nan"),
        ((["1"], ["2", "3"]), "columns of 1 and 2"),
    ],
)
def test_columns_of_the_wrong_kind(live: Live, columns: tuple, message: str) -> None:
    with pytest.raises(UserError, match=message):
        live.score(*columns)
    if len(columns) > 2:
        with pytest.raises(UserError, match=message):
            live.observe(*columns, [1.0])


def test_ids_of_other_kinds_are_the_users_that_training_makes_of_them(live: Live) -> None:
    expected = live.score(["3", "7"], ["7", "3"])
    for ids in (np.array([3, 7]), [3.0, 7.0], [b"3", b"7"], np.array(["3", "7"])):
        assert live.score(ids, ids[::-1]).tolist() == expected.tolist()  # type: ignore[arg-type]
    with pytest.raises(UserError, match="source: found the id 3; expected an id as text"):
        live.walk([Asked(3, "7", 1e6)])  # type: ignore[arg-type]


def test_embeddings(live: Live, tmp_path: Path) -> None:
    import polars as pl

    vectors = live.embeddings()
    assert vectors.shape == (25, 2, SMALL.dim) and np.isfinite(vectors).all()
    assert not np.array_equal(vectors[:, 0], vectors[:, 1])
    live.observe(["3"], ["brand new"], [live.latest + 10], [-5])
    later = live.embeddings()
    assert len(later) == 26
    assert not np.array_equal(later[int(live.users.index("3"))], vectors[live.users.index("3")])
    write_embeddings(live.users, later, tmp_path / "e.parquet")
    frame = pl.read_parquet(tmp_path / "e.parquet")
    assert frame["user"].to_list() == live.users
    assert np.array_equal(np.array(frame["as_target"].to_list(), dtype=np.float32), later[:, 1])
