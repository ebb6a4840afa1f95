"""The documents' links lead somewhere, and their blocks print what they say.

A comment above a block of code marks it: `<!-- run -->`; `<!-- run: slow -->` for what takes minutes; `<!-- run: exit 2
-->` where a command ends so. In a console block a line that begins with `$ apportion` is run, and what follows is its
output; after a Python block `<!-- output -->` marks the block with its output. A line `...` stands for any lines, or
none. Blocks are run in a folder with the files of docs/examples, which also lie under docs/examples there,
and with studies/.
"""

import contextlib
import io
import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from apportion.cli.app import main

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A marked block: its language, what it holds, its marks, and for Python what it is to print."""

    document: str
    language: str
    text: str
    is_slow: bool
    status: int
    output: str


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    plain = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    found: dict[str, int] = {}
    names = set()
    for heading in re.findall(r"^#+ +(.+?) *#*$", plain, re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        names.add(f"{slug}-{count}" if count else slug)
    return names


def dead_links(document: Path, text: str) -> list[str]:
    """The links of a document to no file, or to no heading of one; links to the web are not followed."""
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name) if name else document
        if path != document and not path.exists():
            dead.append(target)
        elif anchor and path.suffix == ".md":
            there = text if path == document else path.read_text()
            if anchor not in anchors(there):
                dead.append(target)
    return dead


def marked_blocks(name: str, text: str) -> list[Block]:
    """The blocks of a document that are to be run, with what Python ones are to print."""
    blocks = []
    for mark in re.finditer(r"^<!-- run(?:: ([\w ,]+))? -->\n+", text, re.MULTILINE):
        fence = FENCE.match(text, mark.end())
        assert fence, f"{name}: no block after {mark[0]!r}"
        marks = mark[1] or ""
        follows = re.compile(r"\s*<!-- output -->\s*").match(text, fence.end())
        printed = FENCE.match(text, follows.end()) if follows else None
        status = re.search(r"exit (\d+)", marks)
        blocks.append(
            Block(
                name,
                fence[1],
                fence[2],
                "slow" in marks,
                int(status[1]) if status else 0,
                printed[2] if printed else "",
            )
        )
    return blocks


def commands(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output that stands below it."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not parts[0].strip(), "a console block begins with a command"
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts[1:]]


def agrees(shown: str, written: str) -> bool:
    """Whether an output is what a document says; a line `...` there stands for any lines, or none."""
    plain = "".join(f"{line.rstrip()}\n" for line in shown.strip("\n").splitlines())
    lines = (line.rstrip() for line in written.strip("\n").splitlines())
    pattern = "".join(r"(?:.*\n)*" if line == "..." else f"{re.escape(line)}\n" for line in lines)
    return re.fullmatch(pattern, plain) is not None


BLOCKS = [
    block for path in DOCUMENTS for block in marked_blocks(str(path.relative_to(ROOT)), path.read_text())
]


def _parameters(is_slow: bool) -> list:
    counts: dict[str, int] = {}
    parameters = []
    for block in BLOCKS:
        counts[block.document] = counts.get(block.document, 0) + 1
        if block.is_slow == is_slow:
            parameters.append(pytest.param(block, id=f"{block.document}-{counts[block.document]}"))
    return parameters


def check(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a block in a folder of its own and compare what it prints."""
    for place in (folder, folder / "docs" / "examples"):
        shutil.copytree(ROOT / "docs" / "examples", place, dirs_exist_ok=True)
    shutil.copytree(ROOT / "studies", folder / "studies", dirs_exist_ok=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "120")
    if block.language == "python":
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(block.text, block.document, "exec"), {"__name__": "__main__"})
        assert agrees(printed.getvalue(), block.output), printed.getvalue()
        return
    assert block.language == "console"
    for line, written in commands(block.text):
        program, *arguments = shlex.split(line)
        assert program == "apportion", f"{block.document}: {line!r} is not run here"
        shown = io.StringIO()
        with (
            contextlib.redirect_stdout(shown),
            contextlib.redirect_stderr(shown),
            pytest.raises(SystemExit) as ended,
        ):
            main(arguments)
        assert (ended.value.code or 0) == block.status, shown.getvalue()
        assert agrees(shown.getvalue(), written), f"{line}\n{shown.getvalue()}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    assert dead_links(document, document.read_text()) == []


@pytest.mark.parametrize("block", _parameters(is_slow=False))
def test_blocks_print_what_the_documents_say(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(block, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("block", _parameters(is_slow=True))
def test_slow_blocks_print_what_the_documents_say(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(block, tmp_path, monkeypatch)


def test_a_dead_link_and_a_dead_anchor_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A heading, `so`: 1.5?\n\n## Again\n\n## Again\n")
    text = "# Here\n[a](other.md#a-heading-so-15) [b](other.md#nowhere) [c](#here) [d](#there) [e](none.md#x)"
    assert dead_links(tmp_path / "this.md", text) == ["other.md#nowhere", "#there", "none.md#x"]
    assert anchors((tmp_path / "other.md").read_text()) == {"a-heading-so-15", "again", "again-1"}


def test_another_output_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert agrees("a\nb \nc\nd\n", "a\n...\nd\n")
    assert agrees("a (b)\n", "a (b)")
    assert agrees("a\nb\n", "a\n...\nb\n...")
    assert not agrees("a\nb\n", "a\n")
    assert not agrees("a\nx\n", "a\nb\n")
    right = "<!-- run -->\n```python\nprint(1)\n```\n\n<!-- output -->\n```\n1\n```\n"
    (block,) = marked_blocks("a document", right)
    check(block, tmp_path, monkeypatch)
    with pytest.raises(AssertionError):
        check(block._replace(output="2\n"), tmp_path, monkeypatch)
    console = (
        "<!-- run: exit 2 -->\n```console\n$ apportion fit nowhere.csv\napportion: nowhere.csv: ...\n```\n"
    )
    (block,) = marked_blocks("a document", console)
    with pytest.raises(AssertionError):
        check(block, tmp_path, monkeypatch)
    (block,) = marked_blocks("a document", console.replace("nowhere.csv: ...", "nowhere.csv: ...\n..."))
    with pytest.raises(AssertionError):
        check(block._replace(status=0), tmp_path, monkeypatch)
