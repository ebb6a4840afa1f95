"""A live model as a folder: `artefact`'s files, and beside them the users and the events that it has seen.

    past.safetensors   source, target (user numbers), time, weight of all events so far, in order
    live.json          the ids of the users by number, how many events the model has observed, the digest of the
                       state and of the past; written last

So `load` goes on bit for bit where `save` stood.
"""

import shutil
from pathlib import Path

import msgspec
import numpy as np

from apportion.errors import UserError
from apportion.identity import file_sha256
from apportion.signed import artefact
from apportion.signed.events import Events
from apportion.signed.stream import Live
from apportion.signed.tables import read_stored
from apportion.signed.trained import DESCRIPTION, description_of, refuse_another, trained_on
from apportion.signed.trained import EVENTS as TRAINED_ON

FORM = 1  # raised when a folder written before can no longer be read
PAST, STATE, ABOUT = "past.safetensors", artefact.STATE, "live.json"
CURE = "Train again: apportion signed train EVENTS --out DIR."


class About(msgspec.Struct, forbid_unknown_fields=True):
    """What `live.json` holds."""

    form: int
    users: list[str]
    observed: int
    files: dict[str, str]  # sha256 by name


def save(live: Live, folder: Path, beside: Path | None = None) -> None:
    """Write a model with its state and its past; what training wrote about it comes along from `beside`."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    if beside is not None and beside.resolve() != folder.resolve():
        for name in (TRAINED_ON, DESCRIPTION):
            shutil.copyfile(beside / name, folder / name)
    (folder / ABOUT).unlink(missing_ok=True)
    artefact.save(live.model, folder)
    observed, waiting = live.observed, live.waiting
    columns = {
        name: np.concatenate([getattr(observed, name), getattr(waiting, name)])
        for name in ("source", "target", "time", "weight")
    }
    save_file(columns, folder / PAST)
    files = {name: file_sha256(folder / name) for name in (PAST, STATE)}
    part = folder / f"{ABOUT}.part"
    part.write_bytes(msgspec.json.encode(About(FORM, live.users, len(observed), files)))
    part.replace(folder / ABOUT)


def load(folder: Path) -> Live:
    """Return the model that `save` or training wrote, as of the last event that it has seen.

    Raises `UserError` for a folder that holds none or a damaged one (a `save` that was killed leaves one such), and
    where the description or the events that training wrote there are not those of the weights. What `save` left
    there counts as long as the model was not trained anew since.
    """
    from safetensors.numpy import load_file

    model = artefact.load(folder)
    trained = description_of(folder) if (folder / DESCRIPTION).exists() else None
    if trained is not None:
        refuse_another(folder, trained, model)
    about = _about(folder)
    if about is None or about.files[STATE] != file_sha256(folder / STATE):
        events = read_stored(folder / TRAINED_ON) if trained is None else trained_on(folder, trained)
        if model.n_observed != len(events):
            found = f"the state after {model.n_observed:,} events, with a past of {len(events):,}"
            raise UserError(str(folder), found, "the state after all of its past", CURE)
        return Live(model, events)
    past = folder / PAST
    if not past.is_file() or file_sha256(past) != about.files[PAST]:
        expected = f"the sha256 {about.files[PAST][:16]}..."
        raise UserError(str(past), "a missing or changed file", expected, CURE)
    columns = load_file(past)
    users = np.array(about.users, dtype=np.str_)
    events = Events(columns["source"], columns["target"], columns["time"], columns["weight"], users)
    waiting = events[about.observed :]
    return Live(model, events[: about.observed], waiting if len(waiting) else None)


def _about(folder: Path) -> About | None:
    path = folder / ABOUT
    if not path.is_file():
        return None
    try:
        about = msgspec.json.decode(path.read_bytes(), type=About)
    except msgspec.MsgspecError as error:
        raise UserError(str(path), str(error), "the users of a trained model", CURE) from None
    if about.form != FORM or about.files.keys() != {PAST, STATE}:
        raise UserError(str(path), f"form {about.form}", f"form {FORM}", CURE)
    return about
