"""Raw rows of a source: one file, a folder of files, a saved `datasets` folder, or a Hugging Face hub id."""

import gzip
import json
import re
import zlib
from pathlib import Path

import pyarrow as pa

from apportion.errors import UserError
from apportion.judgements.findings import Row
from apportion.judgements.formats import PARSERS, table_rows

EXTENSIONS = ".jsonl, .json, .csv (each also with .gz) or .parquet"
HUB = re.compile(r"hf:(?P<path>[\w.-]+/[\w.-]+)(?:/(?P<config>[\w.-]+))?(?::(?P<split>[^:/]+))?")
SPLIT = re.compile(r"(train|test|validation|valid|dev|eval)(?=$|[-_.])")


def read_rows(source: str | Path) -> tuple[Row, ...]:
    """Return every row of a source, unchecked but for the file's own format.

    A source is a file (.jsonl, .json, .csv, each also .gz, or .parquet), a folder of such files of one
    format, a folder written by `datasets.Dataset.save_to_disk`, or `hf:owner/name[/config][:split]` on the
    Hugging Face hub (split: train unless it is named). Raises `UserError` for what cannot be read and for
    no rows.
    """
    text = str(source)
    if text.startswith("hf:"):
        rows = _hub_rows(text)
    else:
        path = Path(text)
        if not path.exists():
            raise UserError(text, "no such file", "a data file or folder", "Check the path's spelling.")
        rows = _folder_rows(path) if path.is_dir() else _file_rows(path)
    if not rows:
        raise UserError(text, "no rows", "at least one row", "Write the data to it, or name another file.")
    return tuple(rows)


def stem(file: str) -> str:
    """Return a source's name without folder and data extensions; ids made of row numbers begin with it.

    >>> stem("data/gsm8k_train.jsonl.gz"), stem("hf:openai/gsm8k:test")
    ('gsm8k_train', 'gsm8k')
    """
    if hub := HUB.fullmatch(file):
        return hub["path"].split("/")[1]
    name = Path(file).name
    for extension in (".gz", *PARSERS):
        if name.lower().endswith(extension):
            name = name[: -len(extension)]
    return name


def _extension(path: Path) -> str:
    """Return .jsonl for both x.jsonl and x.JSONL.gz; an empty text for a file that is no data."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
        if suffixes and suffixes[-1] == ".parquet":
            return ""
    return suffixes[-1] if suffixes and suffixes[-1] in PARSERS else ""


def _file_rows(path: Path) -> list[Row]:
    extension = _extension(path)
    if not extension:
        found = f"the extension {path.suffix!r}" if path.suffix else "a name without extension"
        raise UserError(str(path), found, EXTENSIONS, "Rename or convert the file.")
    data = _contents(path)
    if not data.strip():
        raise UserError(str(path), "an empty file", "at least one row", "Write or download it again.")
    return PARSERS[extension](data, str(path))


def _contents(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        if path.suffix.lower() != ".gz" or not data:
            return data
        return gzip.decompress(data)
    except EOFError:
        cure = "Download or write it again."
        raise UserError(str(path), "a gzip file that is cut short", "a whole gzip file", cure) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        cure = "Compress or download it again, or drop .gz from its name if it is not compressed."
        raise UserError(str(path), f"bytes that are not gzip ({error})", "a gzip file", cure) from None
    except OSError as error:
        found = f"a file that cannot be read ({error.strerror})"
        raise UserError(str(path), found, "a readable file", "Check its permissions.") from None


def _folder_rows(folder: Path) -> list[Row]:
    if (folder / "dataset_dict.json").exists():
        splits = sorted(path.parent.name for path in folder.glob("*/state.json"))
        first = folder / (splits[0] if splits else "train")
        found = f"a set of splits ({', '.join(splits)})"
        raise UserError(str(folder), found, "the folder of one split", f"Name it, for example {first}.")
    if (folder / "state.json").exists():
        return _saved_rows(folder)
    files = sorted(path for path in folder.iterdir() if _extension(path) not in {"", ".json"})
    if not files:
        expected = "files ending in .jsonl, .csv (each also with .gz) or .parquet, or a saved dataset"
        cure = "Name the folder or the file that holds the rows; folders below this one are not searched."
        raise UserError(str(folder), "a folder without data", expected, cure)
    formats = sorted({_extension(path) for path in files})
    splits = sorted({match[1] for path in files if (match := SPLIT.match(path.name))})
    stems = {stem(str(path)) for path in files}
    if len(formats) > 1 or len(splits) > 1 or len(stems) < len(files):
        names = ", ".join(path.name for path in files[:4])
        found = f"files of several formats, splits or copies ({names})"
        cure = f"Name one file, for example {files[0]}."
        raise UserError(str(folder), found, "files of one format and one split", cure)
    return [row for path in files for row in _file_rows(path)]


def _saved_rows(folder: Path) -> list[Row]:
    """Read what `datasets.Dataset.save_to_disk` wrote, itself not needed: state.json names the files."""
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        names = [str(entry["filename"]) for entry in state["_data_files"]]
        tables: list[pa.Table] = []
        for name in names:
            with pa.memory_map(str(folder / Path(name).name)) as file:
                tables.append(pa.ipc.open_stream(file).read_all())
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowInvalid) as error:
        found = f"a saved dataset that cannot be read ({str(error).splitlines()[0]})"
        cure = "Write it again with save_to_disk, or export it with to_parquet."
        raise UserError(str(folder), found, "state.json and its Arrow files", cure) from None
    return table_rows(tables, str(folder))


def _hub_rows(source: str) -> list[Row]:
    hub = HUB.fullmatch(source)
    if hub is None:
        raise UserError(
            source, "no hub id", "hf:owner/name[/config][:split]", "Write hf:openai/gsm8k/main:train."
        )
    try:
        import datasets
        from datasets.exceptions import DatasetsError
    except ImportError:
        cure = "pip install 'apportion[train]', or download the files and name them."
        raise UserError(source, "no package datasets", "the package datasets", cure) from None
    try:
        table = datasets.load_dataset(hub["path"], name=hub["config"], split=hub["split"] or "train")
    except (OSError, ValueError, DatasetsError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        found = f"a dataset that cannot be loaded ({reason})"
        cure = "Check the id, the split and the connection, or download its files and name the folder."
        raise UserError(source, found, "a dataset on the Hugging Face hub", cure) from None
    return [Row(source, number, dict(row)) for number, row in enumerate(table, 1)]
