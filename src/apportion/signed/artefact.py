"""A learned model as a folder: weights and state in safetensors, settings and training in JSON.

    network.safetensors   weights, and what the inputs are standardised by
    state.safetensors     memories, times of last update, latest neighbours: all that observing changes
    model.json            settings, task, label scale, the epochs of training, the digest of both files; written last

A folder whose `model.json` does not name the digests of its files is not a model, so a killed `save` leaves none.
"""

from pathlib import Path

import msgspec
import numpy as np

from apportion.errors import UserError
from apportion.identity import file_sha256
from apportion.signed.boosting import Forests
from apportion.signed.heads import Scale
from apportion.signed.learned import Learned
from apportion.signed.scorer import SignedTask
from apportion.signed.semba import SembaSettings

NETWORK, STATE = "network.safetensors", "state.safetensors"
FORM = 2  # raised when a folder written before can no longer be read


class Description(msgspec.Struct, forbid_unknown_fields=True):
    """What `model.json` holds."""

    form: int
    task: SignedTask
    n_features: int
    settings: SembaSettings
    scale: Scale
    epochs: list[dict[str, float]]
    files: dict[str, str]  # sha256 by name


def save(model: Learned, folder: Path) -> None:
    """Write a model with its state; what `load` gives back scores and observes bit for bit the same."""
    from safetensors.numpy import save_file as save_arrays
    from safetensors.torch import save_file as save_tensors

    folder.mkdir(parents=True, exist_ok=True)
    description = folder / "model.json"
    description.unlink(missing_ok=True)
    network, state = folder / NETWORK, folder / STATE
    save_tensors({name: x.contiguous() for name, x in model.network.state_dict().items()}, network)
    save_arrays({name: np.ascontiguousarray(x) for name, x in model.state().items()}, state)
    found = Description(
        FORM, model.task, model.n_features, model.settings, model.scale, model.epochs,
        {path.name: file_sha256(path) for path in (network, state)},
    )  # fmt: skip
    text = msgspec.json.format(msgspec.json.encode(found), indent=1)
    part = folder / "model.json.part"
    part.write_bytes(text)
    part.replace(description)


def load(folder: Path) -> Learned:
    """Return the model that `save` wrote; `UserError` for a folder that holds none or a damaged one."""
    from safetensors.numpy import load_file as load_arrays
    from safetensors.torch import load_file as load_tensors

    description = folder / "model.json"
    cure = "Train again: apportion signed train EVENTS --out DIR."
    try:
        found = msgspec.json.decode(description.read_bytes(), type=Description)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(str(folder), "no model.json", "the folder of a trained model", cure) from None
    except msgspec.MsgspecError as error:
        raise UserError(str(description), str(error), "the description of a trained model", cure) from None
    if found.form != FORM:
        raise UserError(str(description), f"form {found.form}", f"form {FORM}", cure)
    if found.files.keys() != {NETWORK, STATE}:
        named = ", ".join(found.files) or "none"
        raise UserError(str(description), f"digests of {named[:80]}", f"those of {NETWORK} and {STATE}", cure)
    for name, digest in found.files.items():
        path = folder / name
        if not path.is_file() or file_sha256(path) != digest:
            raise UserError(str(path), "a missing or changed file", f"the sha256 {digest[:16]}...", cure)
    state, weights = load_arrays(folder / STATE), load_tensors(folder / NETWORK)
    try:
        model = Learned(found.settings, found.task, len(state["last"]), found.n_features)
        trees, outputs, nodes = weights["boosted.feature"].shape
        model.network.boosted = Forests(found.task, (trees, outputs, nodes))
        model.network.load_state_dict(weights)
        model.restore(state)
    except (ArithmeticError, AssertionError, LookupError, RuntimeError, ValueError) as error:
        unfit = f"settings that do not fit {NETWORK} or {STATE}"
        raise UserError(str(description), unfit, "those that they were trained with", cure) from error
    model.scale, model.epochs = found.scale, found.epochs
    return model
