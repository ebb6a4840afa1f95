"""Reads a study from its TOML file, refusing what it cannot mean."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from apportion.errors import UserError
from apportion.models.settings import ModelSettings
from apportion.studies.cells import LOSSES, PreferenceMethod, Prices, Purchase
from apportion.studies.own_task import names_own_file, own_task
from apportion.studies.ranges import check_ranges
from apportion.studies.study import TASKS, Grid, Hardware, Study
from apportion.studies.tables import expect_table, from_table, near, refuse_unknown
from apportion.training.decoding import DecodingSettings
from apportion.training.settings import PRESETS, PreferenceSettings, SFTSettings


def read_study(path: Path) -> Study:
    """Return the study that a TOML file describes.

    Raises UserError, naming the file and the key, for a file that cannot be read, an unknown or missing key, a
    value of the wrong type or out of range, and a study without cells.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")  # with the mark that Windows editors put first
    except FileNotFoundError:
        raise UserError(str(path), "no such file", "a study file (TOML)", _nearest(path)) from None
    except IsADirectoryError:
        raise UserError(str(path), "a folder", "a study file (TOML)", "Name the file in it.") from None
    except OSError as error:
        found = f"a file that cannot be read ({error.strerror})"
        raise UserError(str(path), found, "a study file (TOML)", "Check its name and permissions.") from None
    except UnicodeDecodeError as error:
        where = f"{path}, byte {error.start}"
        raise UserError(where, "broken UTF-8", "a text file in UTF-8", "Save the file as UTF-8.") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(str(path), f"broken TOML ({error})", "valid TOML", "Mend that line.") from None
    return study_from(document, path.resolve(), where=str(path))


def study_from(document: Mapping[str, Any], file: Path, *, where: str) -> Study:
    """Return the study that a parsed TOML document describes; raises UserError as `read_study` does."""
    sections = ["cells", "prices", "model", "task", "sft", "preference", "lessons", "decoding", "hardware"]
    sections += ["engine"]
    grid_keys = list(Grid.__dataclass_fields__)
    refuse_unknown(document, [*grid_keys, "preset", *sections], where)
    top = {key: value for key, value in document.items() if key in grid_keys}
    grid = from_table(Grid, top, where)
    task_table = dict(expect_table(document.get("task", {"name": "world"}), f"{where}, [task]"))
    task_name = task_table.pop("name", "world")
    own = own_task(task_name, task_table, where) if names_own_file(task_name) else None
    if own is None and (not isinstance(task_name, str) or task_name not in TASKS):
        known = ", ".join([*TASKS, '"FILE.py:FUNCTION"'])
        cure = near(task_name, TASKS, "Change the name.")
        raise UserError(f"{where}, [task], name", f"{task_name!r}", f"one of {known}", cure)
    preset_name = document.get("preset", "world" if task_name == "world" else "small-lora")
    if not isinstance(preset_name, str) or preset_name not in PRESETS:
        raise UserError(
            f"{where}, preset",
            f"{preset_name!r}",
            f"one of {', '.join(PRESETS)}",
            near(preset_name, PRESETS, "Change the preset."),
        )
    preset = PRESETS[preset_name]
    engine = expect_table(document.get("engine", {}), f"{where}, [engine]")
    refuse_unknown(engine, ["accelerate"], f"{where}, [engine]")
    accelerate = engine.get("accelerate")
    if accelerate is not None and not isinstance(accelerate, str):
        raise UserError(f"{where}, [engine], accelerate", f"{accelerate!r}", "a file's name", "Change it.")
    sft = from_table(SFTSettings, document.get("sft", {}), f"{where}, [sft]", preset.sft)
    study = Study(
        name=file.stem,
        grid=grid,
        prices=from_table(Prices, document.get("prices", {}), f"{where}, [prices]"),
        purchases=_explicit(document.get("cells", []), where),
        model=from_table(ModelSettings, document.get("model", {}), f"{where}, [model]"),
        task_name=task_name,
        task=own or from_table(TASKS[task_name][0], task_table, f"{where}, [task]"),
        sft=sft,
        preference=_preferences(document.get("preference", {}), grid, preset.preference, where),
        lessons=from_table(SFTSettings, document.get("lessons", {}), f"{where}, [lessons]", sft),
        decoding=from_table(DecodingSettings, document.get("decoding", {}), f"{where}, [decoding]"),
        hardware=from_table(Hardware, document["hardware"], f"{where}, [hardware]")
        if "hardware" in document
        else None,
        accelerate=accelerate,
        file=file,
    )
    check_ranges(study, where)
    return study


def _nearest(path: Path) -> str:
    """Return what to type for a file that is not there: the study file in its folder that has nearly its name."""
    beside = {file.name: file for file in path.parent.glob("*.toml")} if path.parent.is_dir() else {}
    found = difflib.get_close_matches(path.name, beside, n=1)
    if found:
        return f"Did you mean {beside[found[0]]}?"
    return "Type: apportion tour, which writes one and runs it."


def _explicit(tables: object, where: str) -> tuple[Purchase, ...]:
    if not isinstance(tables, list):
        cure = "Write [[cells]] with double brackets, once per cell."
        raise UserError(f"{where}, cells", f"{tables!r}", "a list of tables", cure)
    found = tuple(
        from_table(Purchase, table, f"{where}, [[cells]] number {i}") for i, table in enumerate(tables, 1)
    )
    for i, cell in enumerate(found, 1):
        if min(cell.n_demonstrations, cell.n_pairs) < 0:
            place = f"{where}, [[cells]] number {i}"
            counts = f"{cell.n_demonstrations} demonstrations and {cell.n_pairs} pairs"
            raise UserError(place, counts, "counts of 0 or more", "Change the count.")
    return found


def _preferences(
    table: object, grid: Grid, preset: PreferenceSettings, where: str
) -> dict[str, PreferenceSettings]:
    """Return the settings of each method: the preset, then [preference], then [preference.METHOD]."""
    where = f"{where}, [preference]"
    table = expect_table(table, where)
    own = {key: value for key, value in table.items() if key in get_args(PreferenceMethod)}
    if "loss" in table:
        cure = f'Write methods = ["dpo"] at the top (one or more of {", ".join(LOSSES)}).'
        raise UserError(where, "key 'loss'", "the loss to be chosen by the method", cure)
    for method, given in own.items():
        if isinstance(given, dict) and "loss" in given:
            raise UserError(f"{where}, {method}", "key 'loss'", "the method to say the loss", "Remove it.")
    common = {key: value for key, value in table.items() if key not in own}
    shared = from_table(PreferenceSettings, common, where, preset)
    if "rpo" not in grid.methods:
        _refuse_unused_weight(common, where)
    found: dict[str, PreferenceSettings] = {}
    for method, loss in LOSSES.items():
        given = own.get(method, {})
        settings = from_table(PreferenceSettings, given, f"{where}, {method}", shared)
        if method != "rpo" or method not in grid.methods:
            _refuse_unused_weight(given, f"{where}, {method}")
        weight = settings.sft_weight if method == "rpo" else 0.0
        if method == "rpo" and method in grid.methods and weight <= 0:
            raise UserError(f"{where}, rpo", f"sft_weight = {weight}", "more than 0", "Or use method dpo.")
        found[method] = replace(settings, loss=loss, sft_weight=weight)
    return found


def _refuse_unused_weight(table: Mapping[str, Any], where: str) -> None:
    if table.get("sft_weight", 0) != 0:
        cure = 'Remove it, or write methods = ["rpo"], the method that has this term.'
        raise UserError(where, f"sft_weight = {table['sft_weight']}", "it only for method rpo", cure)
