"""How many demonstrations and pairs a run was trained on: a small CSV or TOML file beside the results."""

import csv
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from apportion.errors import UserError
from apportion.laws.imported.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Sizes:
    """What another tool's file does not say of its run; None leaves what the file says."""

    n_demonstrations: int | None = None
    n_pairs: int | None = None
    seed: int | None = None
    data_seed: int | None = None
    model: str | None = None
    task: str | None = None
    method: str | None = None

    def of(self, outcome: Outcome) -> Outcome:
        """Return an outcome with what is said here."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(outcome, **{name: value for name, value in said.items() if value is not None})


NAMES = tuple(field.name for field in fields(Sizes))
TEXTS = ("model", "task", "method")
FORM = f"a column 'file' and some of {', '.join(NAMES)}; in TOML a table a file"


def read_sizes(path: Path) -> dict[str, Sizes]:
    """Return the sizes of each file that a mapping names, by the name as it stands there. Raises UserError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(str(path), f"a file that cannot be read ({error})", FORM, "Check its name.") from None
    if path.suffix.lower() == ".toml":
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UserError(str(path), f"broken TOML ({error})", FORM, "Mend that line.") from None
        rows = [{"file": name} | _table(table, f"{path}, [{name!r}]") for name, table in tables.items()]
    else:
        rows = list(csv.DictReader(text.splitlines()))
        if not rows or "file" not in rows[0]:
            raise UserError(f"{path}, its header", "no column 'file'", FORM, "Name the column file.")
    return {str(row["file"]): _sizes(row, f"{path}, {row['file']}") for row in rows}


def sizes_of(path: Path, known: dict[str, Sizes], where: Path) -> Sizes:
    """Return the sizes of a file, by its path or by its name alone. Raises UserError if it has no entry."""
    for name in (str(path), path.name):
        if name in known:
            return known[name]
    raise UserError(
        str(where), f"no entry for {path.name}", "one for each file", f"Add a line for {path.name}."
    )


def _table(table: object, where: str) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise UserError(where, f"{table!r}", FORM, "Write the file's name as a heading in quotes.")
    return table


def _sizes(row: dict[str, Any], where: str) -> Sizes:
    given: dict[str, Any] = {}
    for name, cell in row.items():
        if name == "file" or cell in (None, ""):
            continue
        if name not in NAMES:
            raise UserError(where, f"'{name}'", f"some of {', '.join(NAMES)}", "Remove or rename it.")
        if name in TEXTS:
            given[name] = str(cell)
            continue
        if isinstance(cell, bool) or not str(cell).strip().isdecimal():
            raise UserError(f"{where}, {name}", repr(cell), "a whole number, 0 or more", "Correct it.")
        given[name] = int(cell)
    return Sizes(**given)
