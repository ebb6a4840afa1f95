"""KONECT's `out.*` files: lines `from to sign time` and comments that begin with %; also SNAP's lists with #."""

from collections.abc import Iterator

from apportion.errors import UserError
from apportion.signed.delimited import Layout, check_roles, chunks
from apportion.signed.gathering import Gathering, ReadEvents
from apportion.signed.opening import Block, Opened

COLUMNS = ("source", "target", "weight", "time")


def read_konect(file: Opened) -> ReadEvents:
    """Return the events of a file of lines `from to sign time`, separated by spaces or tabs."""
    gathering = Gathering(file.file, "KONECT")
    comment = "#" if file.head.lstrip().startswith(b"#") else "%"
    layout = Layout(COLUMNS, " ", comment)
    blocks = _after_comments(file.blocks(), comment.encode(), file.file)
    for number, chunk in enumerate(chunks(blocks, layout, file.file)):
        if number == 0:
            check_roles(file.file, chunk.weight, chunk.time)
        gathering.add(chunk)
    return gathering.finish()


def _after_comments(blocks: Iterator[Block], comment: bytes, file: str) -> Iterator[Block]:
    """Yield the blocks without the comments at the top, so that the others can be read fast."""
    for block in blocks:
        text, line = block.text, block.line
        while text and (not text[:1].strip() or text.startswith(comment)):
            end = text.find(b"\n") + 1 or len(text)
            if text[:end].strip() and not text.lstrip().startswith(comment):
                break
            text, line = text[end:], line + 1
        if text:
            _refuse_timeless(text, line, file)
            yield Block(text, line)
            break
    yield from blocks


def _refuse_timeless(text: bytes, line: int, file: str) -> None:
    fields = text.split(b"\n", 1)[0].split()
    if len(fields) in (2, 3):
        found = f"lines of {len(fields)} fields, without a time"
        cure = "A network without times cannot be ordered; take the one with times (KONECT has Epinions with them)."
        raise UserError(f"{file}, line {line:,}", found, "from to sign time", cure)
