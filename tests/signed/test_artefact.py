import json
from dataclasses import replace

import numpy as np
import pytest
from tests.signed.made_networks import noise
from tests.signed.test_learned import SMALL, asked, fitted, same_state

from apportion.errors import UserError
from apportion.signed.artefact import load, save


@pytest.fixture
def model():
    return fitted(replace(SMALL, epochs=1, boosting=True))[0]


def test_a_loaded_model_is_the_saved_one_bit_for_bit_also_after_observing_more(model, tmp_path):
    events = noise(25, 60, 2)
    later = replace_time(events, 1e5)
    save(model, tmp_path / "m")
    other = load(tmp_path / "m")
    assert other.settings == model.settings
    assert other.epochs == model.epochs
    assert same_state(model, other)
    queries = asked(later)
    first = model.score(queries)
    assert np.array_equal(other.score(queries), first)
    for part in (slice(0, 25), slice(25, 60)):
        model.observe(later[part])
        other.observe(later[part])
        assert np.array_equal(other.score(queries), model.score(queries))
        assert same_state(model, other)
    assert not np.array_equal(model.score(queries), first)


def replace_time(events, start):
    return replace(events, time=events.time + start)


def test_saving_twice_gives_the_same_bytes_and_no_pickle(model, tmp_path):
    save(model, tmp_path / "a")
    save(load(tmp_path / "a"), tmp_path / "b")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["model.json", "network.safetensors", "state.safetensors"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_folder_without_a_model_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError, match=r"found no model\.json"):
            load(folder)


@pytest.mark.parametrize("name", ["network.safetensors", "state.safetensors"])
def test_a_damaged_file_is_refused(model, tmp_path, name):
    save(model, tmp_path)
    data = bytearray((tmp_path / name).read_bytes())
    data[-1] ^= 1
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match="missing or changed"):
        load(tmp_path)


def test_a_description_that_is_not_one_is_refused(model, tmp_path):
    save(model, tmp_path)
    path = tmp_path / "model.json"
    plain = json.loads(path.read_text())
    path.write_text(json.dumps(plain | {"form": 99}))
    with pytest.raises(UserError, match="form 99"):
        load(tmp_path)
    path.write_text(json.dumps(plain | {"task": "poetry"}))
    with pytest.raises(UserError, match="task"):
        load(tmp_path)
    path.write_text(json.dumps(plain | {"files": {}}))
    with pytest.raises(UserError, match="digests of none; expected those of network"):
        load(tmp_path)
    path.write_text(json.dumps(plain | {"settings": plain["settings"] | {"dim": 2 * SMALL.dim}}))
    with pytest.raises(UserError, match="settings that do not fit") as caught:
        load(tmp_path)
    assert len(str(caught.value)) < 400
    path.write_text("[")
    with pytest.raises(UserError):
        load(tmp_path)
