"""Opens a file of another tool's results and tells by its content which tool that was."""

import json
import zipfile
from pathlib import Path
from typing import Any

from apportion.errors import UserError
from apportion.laws.imported import inspect_log, lm_eval, trainer_state
from apportion.laws.imported.outcome import Outcome

KNOWN = "trainer_state.json, lm-evaluation-harness's results_*.json or samples_*.jsonl, or an Inspect log"


def read_outcomes(path: Path, metric: str | None = None) -> list[Outcome]:
    """Return what a file says of a run; sizes, which it does not say, stay 0.

    Reads transformers' `trainer_state.json` (the last evaluation), lm-evaluation-harness's `results_*.json` (a row a
    task) and `samples_*.jsonl`, Inspect's `.json` logs and its `.eval` archives where Python's zipfile opens them.
    `metric` names one of the file's metrics; without it each format has a first choice. Raises UserError.
    """
    try:
        if path.suffix.lower() == ".eval" or zipfile.is_zipfile(path):
            return inspect_log.outcomes(_header(path), str(path), metric)
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(str(path), "bytes that are no text", KNOWN, "Name such a file.") from None
    except IsADirectoryError:
        raise UserError(str(path), "a folder", KNOWN, "Name the files in it.") from None
    except OSError as error:
        found = f"a file that cannot be read ({error.strerror})"
        raise UserError(str(path), found, KNOWN, "Check its name.") from None
    if path.suffix.lower() == ".jsonl":
        return lm_eval.sample_outcomes(text, path, metric)
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise UserError(str(path), f"broken JSON ({error})", KNOWN, "Name such a file.") from None
    if isinstance(document, dict):
        if isinstance(document.get("log_history"), list):
            return trainer_state.outcomes(document, str(path), metric)
        if isinstance(document.get("eval"), dict) and "status" in document:
            return inspect_log.outcomes(document, str(path), metric)
        if isinstance(document.get("results"), dict):
            return lm_eval.outcomes(document, str(path), metric)
    raise UserError(str(path), "JSON of another form", KNOWN, "Name such a file.")


def _header(path: Path) -> dict[str, Any]:
    """Return the header of an Inspect archive: all of the log but its samples."""
    cure = f"Type: inspect log convert {path.name} --to json --output-dir ."
    try:
        with zipfile.ZipFile(path) as archive:
            header = json.loads(archive.read("header.json"))
    except KeyError:
        raise UserError(
            str(path), "no header.json in it", "the log of an evaluation that has ended", "Let it end first."
        ) from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError):
        raise UserError(str(path), "an archive that zipfile cannot open", "a plain zip", cure) from None
    except OSError as error:
        found = f"a file that cannot be read ({error.strerror})"
        raise UserError(str(path), found, "an Inspect log", "Check its name.") from None
    if not isinstance(header, dict):
        raise UserError(str(path), "a header of another form", "an Inspect log", cure)
    return header
