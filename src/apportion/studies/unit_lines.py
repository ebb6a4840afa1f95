"""What came of a unit, in one line: what it was, how large, its loss or its scores."""

import json
from pathlib import Path

from apportion.studies.stages import Unit
from apportion.training.settings import PreferenceSettings

SHOWN = {"accuracy": "accuracy", "rouge_l": "ROUGE-L", "form_rate": "form", "nll": "nll",
         "preference_accuracy": "preference accuracy", "f1": "F1", "instruction_accuracy": "instructions"}  # fmt: skip
CALLED = {"sigmoid": "dpo", "hinge": "slic"}


def unit_line(unit: Unit, folder: Path) -> str:
    """Return a unit that is done as a line for a person; `folder` is where it lies."""
    what = unit_called(unit)
    found = _scores(folder) if unit.kind == "cell" else _loss(folder)
    return f"{what}: {found}" if found else what


def unit_called(unit: Unit) -> str:
    """Return what a unit does and on how much, such as "SFT on 64 demonstrations, seed 0"."""
    if unit.cell is not None:
        cell = unit.cell
        return f"graded {cell.n_demonstrations}+{cell.n_pairs} {cell.method}, seed {cell.seed}"
    if unit.kind == "reference":
        return f"reference pass over {len(unit.rows):,} pairs"
    after = " after SFT" if unit.chain else ""
    if isinstance(unit.settings, PreferenceSettings):
        method = "rpo" if unit.settings.sft_weight else CALLED.get(unit.settings.loss, unit.settings.loss)
        return f"{method} on {len(unit.rows):,} pairs{after}, seed {unit.seed}"
    return f"SFT on {len(unit.rows):,} examples{after}, seed {unit.seed}"


def _loss(folder: Path) -> str:
    lines = _text(folder / "training.jsonl").splitlines()
    losses = [row["loss"] for row in map(json.loads, lines) if isinstance(row.get("loss"), float)]
    return f"loss {losses[0]:.3f} to {losses[-1]:.3f}" if losses else ""


def _scores(folder: Path) -> str:
    summary = json.loads(_text(folder / "cell.json") or "{}").get("summary", {})
    return ", ".join(f"{called} {summary[name]:.3f}" for name, called in SHOWN.items() if name in summary)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
