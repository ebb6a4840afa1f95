"""Findings: what a check found wrong in a file, as a value; the edge turns the first into a `UserError`."""

from dataclasses import dataclass

from apportion.errors import UserError

SHOWN = 40  # characters of somebody's text that a message repeats


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: in which file, row (from 1) and field, what was found, what was expected, what to do."""

    file: str
    row: int | None
    field: str | None
    found: str
    expected: str
    cure: str

    @property
    def where(self) -> str:
        """Return the place as people read it: FILE, row 3, field 'chosen'."""
        row = "" if self.row is None else f", row {self.row}"
        field = "" if self.field is None else f", field '{self.field}'"
        return f"{self.file}{row}{field}"

    def error(self, addition: str = "") -> UserError:
        """Return the finding as an error to raise; `addition` is said after the cure."""
        return UserError(self.where, self.found, self.expected, f"{self.cure} {addition}".strip())


@dataclass(frozen=True, slots=True)
class Row:
    """One raw row: its file, its number (from 1; in JSONL the line's) and its values by column."""

    file: str
    number: int
    values: dict[str, object]

    def finding(self, field: str | None, found: str, expected: str, cure: str) -> Finding:
        """Return a finding in this row."""
        return Finding(self.file, self.number, field, found, expected, cure)


def excerpt(text: str) -> str:
    """Return a text quoted and cut to a line's worth, control characters escaped.

    >>> excerpt("two\\nlines")
    "'two\\\\nlines'"
    """
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "...")


def described(value: object) -> str:
    """Return what a value is, in the words of a file's author: null, the number 3, a list, text 'yes'."""
    match value:
        case None:
            words = "null"
        case bool():
            words = f"the truth value {str(value).lower()}"
        case int() | float():
            words = f"the number {value}"
        case str():
            words = f"the text {excerpt(value)}"
        case list() | tuple():
            words = f"a list of {len(value)}"
        case dict():
            words = f"an object with the keys {', '.join(map(str, value)) or 'none'}"
        case _:
            words = f"a value of type {type(value).__name__}"
    return words


def text_fault(row: Row, field: str, value: object) -> Finding | None:
    """Return why a value is no text to train on, or None: it must be text, not blank, and encode as UTF-8."""
    expected = "text"
    if not isinstance(value, str):
        return row.finding(field, described(value), expected, "Write it as text, or remove the row.")
    if not value:
        return row.finding(field, "an empty text", "text that is not blank", "Fill it in, or remove the row.")
    if not value.strip():
        found = f"nothing but white space {excerpt(value)}"
        return row.finding(field, found, "text that is not blank", "Fill it in, or remove the row.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        found = f"half of a surrogate pair at character {error.start + 1}"
        return row.finding(field, found, "text that can be written as UTF-8", "Write the whole character.")
    return None
