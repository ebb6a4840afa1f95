import fcntl
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from apportion.studies.store import MARKER, Store, write_atomically


def _fill(folder: Path) -> None:
    (folder / "weights").write_bytes(b"abc")
    (folder / "deep").mkdir()
    (folder / "deep" / "more").write_bytes(b"def")


def test_what_is_published_is_sound(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.publish("stages/one", _fill)
    assert store.has_marker("stages/one")
    assert store.fault("stages/one") is None


@pytest.mark.parametrize("name", ["weights", "deep/more"])
def test_a_changed_byte_is_a_fault_that_names_the_file(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path)
    store.publish("stages/one", _fill)
    (tmp_path / "stages/one" / name).write_bytes(b"xyz")
    assert store.fault("stages/one") == f"stages/one/{name} is truncated or altered"


@pytest.mark.parametrize("marker", ["", "{", "[]", '{"files": 3}', '{"files": {}}', "null"])
def test_a_damaged_marker_is_a_fault(tmp_path: Path, marker: str) -> None:
    store = Store(tmp_path)
    store.publish("stages/one", _fill)
    (tmp_path / "stages/one" / MARKER).write_text(marker)
    assert store.fault("stages/one") == f"stages/one/{MARKER} is damaged"


def test_a_failed_writer_publishes_nothing_and_the_next_one_starts_clean(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def fail(folder: Path) -> None:
        (folder / "stray").write_text("")
        raise KeyError

    with pytest.raises(KeyError):
        store.publish("stages/one", fail)
    assert not store.has_marker("stages/one")
    store.publish("stages/one", _fill)
    assert not (tmp_path / "stages/one/stray").exists()
    assert [path.name for path in (tmp_path / "stages").iterdir()] == ["one"]


def test_publishing_again_replaces_the_unit(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.publish("cells/one", _fill)
    store.publish("cells/one", lambda folder: (folder / "new").write_text("new") and None)
    assert store.fault("cells/one") is None
    assert not (tmp_path / "cells/one/weights").exists()


@pytest.mark.parametrize("place", ["cells/one", "cells/one.part", "cells/one/DONE"])
@pytest.mark.parametrize("kind", ["file", "link", "link to a folder", "folder"])
def test_whatever_is_in_a_units_place_is_discarded(tmp_path: Path, place: str, kind: str) -> None:
    store = Store(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    match kind:
        case "file":
            path.write_text("x")
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to(tmp_path / ("elsewhere" if kind == "link to a folder" else "nowhere"))
    assert not store.is_whole("cells/one")
    store.publish("cells/one", _fill)
    assert store.is_whole("cells/one")
    assert [path.name for path in (tmp_path / "cells").iterdir()] == ["one"]
    assert (tmp_path / "elsewhere").is_dir()


def test_a_file_in_a_units_place_is_a_fault_that_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "cells").mkdir()
    assert not store.is_there("cells/one")
    (tmp_path / "cells/one").write_text("x")
    assert store.is_there("cells/one")
    assert store.fault("cells/one") == "cells/one is not a folder"


def _hold(root: Path, ready: "multiprocessing.synchronize.Event") -> None:  # type: ignore[name-defined]
    with Store(root).lock("one"), Store(root).presence():
        ready.set()
        signal.pause()


def test_a_lock_is_refused_while_held_and_dies_with_its_process(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path, ready))
    holder.start()
    assert ready.wait(30)
    store = Store(tmp_path)
    with store.lock("one") as taken:
        assert not taken
    assert store.has_runner()
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with store.lock("one") as taken:
        assert taken
    assert not store.has_runner()


def test_those_who_look_for_runners_do_not_see_one_another(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.presence():
        pass
    (tmp_path / "locks" / "runner-1").touch()  # left by a runner that was killed
    with (tmp_path / "locks" / "runner-1").open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert not store.has_runner()


def test_atomic_writing_leaves_no_parts(tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        write_atomically(tmp_path / "file", content)
        assert (tmp_path / "file").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
