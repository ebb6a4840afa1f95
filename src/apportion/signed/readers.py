"""Readers: the events of a file whose format is recognised from its content."""

from pathlib import Path

from apportion.errors import UserError
from apportion.signed.gathering import ReadEvents
from apportion.signed.konect import read_konect
from apportion.signed.opening import Opened, opened
from apportion.signed.snap_csv import read_delimited
from apportion.signed.tables import read_parquet
from apportion.signed.wiki_rfa import FIELDS, read_wiki_rfa

EXPECTED = "events: SNAP's CSV (source,target,rating,time), Wiki-RfA's blocks, KONECT's out.* or Parquet"
FOREIGN = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"{": "JSON",
    b"[": "JSON",
    b"<": "an HTML or XML page",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
}
CURE = "Give a file of one of these, or convert it to CSV with the header source,target,rating,time."


def read_events(path: Path | str) -> ReadEvents:
    """Return the events of a file, sorted, and how many rows were dropped for which reason.

    Reads CSV with SNAP's columns or a header, Wiki-RfA's blocks, KONECT's `from to sign time`, each plain, gzip,
    bzip2 or in a tar of KONECT, and Parquet. Dropped and counted: self loops, weights of 0, exact duplicate rows,
    and what `read_wiki_rfa` names. Raises `UserError`, naming file and line, for anything else that is no event:
    a time or weight that is missing or no finite number, a line of other fields, a file that breaks off.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(str(path), "a folder", "a file of events", "Name a file in it.")
    with opened(path) as file:
        if file.head.startswith(b"PAR1"):
            return read_parquet(file.whole, str(path))
        return _read_text(file)


def _read_text(file: Opened) -> ReadEvents:
    head = file.head.lstrip()
    if not head:
        cure = "Give a file with events; apportion signed generate --out FILE makes one."
        raise UserError(file.file, "an empty file", EXPECTED, cure)
    for magic, name in FOREIGN.items():
        if head.startswith(magic):
            raise UserError(file.file, name, EXPECTED, CURE)
    if b"\0" in head:
        raise UserError(file.file, "binary data", EXPECTED, CURE)
    if b"\r" in head and b"\n" not in head:
        found = "lines that end with a carriage return alone"
        cure = "Convert it: tr '\\r' '\\n' < OLD > NEW."
        raise UserError(file.file, found, "lines that end with a line feed", cure)
    line = next(line for line in head.splitlines() if line.strip())
    if line.partition(b":")[0] in FIELDS:
        return read_wiki_rfa(file)
    if line[:1] in b"%#":
        _refuse_commented_csv(file, head)
        return read_konect(file)
    for separator in sorted((",", ";", "\t"), key=lambda one: (one == "\t", -line.count(one.encode()))):
        fields = line.decode("utf-8", "replace").split(separator)
        if len(fields) > 1 and (separator != "\t" or any(field.strip().isalpha() for field in fields)):
            return read_delimited(file, separator)
    if 2 <= len(line.split()) <= 4:
        return read_konect(file)
    raise UserError(f"{file.file}, line 1", repr(line[:40].decode("utf-8", "replace")), EXPECTED, CURE)


def _refuse_commented_csv(file: Opened, head: bytes) -> None:
    row = next((line for line in head.splitlines() if line.strip() and line.lstrip()[:1] not in b"%#"), b"")
    for separator in (b",", b";"):
        if row.count(separator) > 1:
            found = "a comment before separated fields"
            cure = "Take the comments out: grep -v '^[#%]' OLD > NEW."
            raise UserError(f"{file.file}, line 1", found, "CSV without comments", cure)
