"""The model of a stage or of a cell as one folder that transformers opens."""

import json
from pathlib import Path

from apportion.errors import UserError
from apportion.studies.store import MARKER, reading
from apportion.studies.study_file import read_study


def write_model(directory: Path, name: str, out: Path) -> tuple[str, ...]:
    """Write the model after a stage, or the one that a cell grades, with its tokenizer; return the stages on its way.

    `name` is that of the unit, or its first letters. Adapters are merged, so that the folder needs no other. Raises
    UserError if there is no such unit, or more than one.
    """
    study = read_study(directory / "study.toml")
    found = [path.parent for path in sorted(directory.glob(f"*/{name}*/{MARKER}")) if name]
    if len(found) != 1:
        raise UserError(
            f"stage {name!r} of {directory}",
            f"{len(found)} that are done" if found else "none that is done",
            "one folder of its stages/ or cells/",
            "Give more letters." if found else f"Type: ls {directory}/stages",
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"--out {out}", "something else there", "a folder to make", "Name another.")
    (folder,) = found
    is_cell = folder.parent.name == "cells"
    about = folder / ("cell.json" if is_cell else "stage.json")
    with reading(about):
        content = json.loads(about.read_text())
        chain = tuple(content["stages"] if is_cell else content["parents"])
        trained = is_cell or content["kind"] != "reference"
    if not trained:
        raise UserError(str(folder), "a reference pass", "a stage that trains", "Name another stage.")
    stages = chain if is_cell else (*chain, folder.name)
    from apportion.models.causal import load_tokenizer
    from apportion.training.artefact import load_chain

    base = study.folder
    model = load_chain(study.model, base, [directory / "stages" / stage for stage in stages])
    model.save_pretrained(out)
    load_tokenizer(study.model, base).save_pretrained(out)
    return stages
