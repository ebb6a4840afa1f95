"""What the documents say can be typed, opened and run is there."""

import re
import tomllib
from pathlib import Path

import pytest

from apportion.studies.study_file import study_from

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def missing_links(document: Path, text: str) -> list[str]:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    return [t for t in targets if "://" not in t and not (document.parent / t).exists()]


def missing_targets(text: str) -> set[str]:
    makefile = (ROOT / "Makefile").read_text()
    named = re.findall(r"(?:^ {4}|`)make ([a-z-]+)", text, re.MULTILINE)
    return {target for target in named if not re.search(rf"^{target}:", makefile, re.MULTILINE)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_make_targets_are_there(document):
    text = document.read_text()
    assert missing_links(document, text) == []
    assert missing_targets(text) == set()


def test_every_document_has_its_place_in_the_index():
    docs = ROOT / "docs"
    entries = re.findall(r"^([\w/*-]+)$", (docs / "index.md").read_text(), re.MULTILINE)
    listed = {path for entry in entries for path in docs.glob(f"{entry}.md")}
    assert set(docs.rglob("*.md")) - listed == {docs / "index.md"}


def test_a_missing_link_or_target_is_found():
    assert missing_links(ROOT / "x.md", "[a](LICENSE) [b](nowhere.md#part) [c](https://x.org/y)") == [
        "nowhere.md"
    ]
    assert missing_targets("`make test` and\n    make nonsense\n") == {"nonsense"}


def test_study_files_in_the_documents_are_read():
    blocks = [
        (document, block)
        for document in DOCUMENTS
        for block in re.findall(r"^```toml\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)
    ]
    assert blocks
    for document, block in blocks:
        study = study_from(tomllib.loads(block), document, where=document.name)
        assert study.cells()


def test_every_dependency_has_its_line():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = {re.match(r"[\w-]+", requirement)[0] for group in groups for requirement in group}
    table = (ROOT / "docs" / "dependencies.md").read_text()
    assert {name for name in wanted if not re.search(rf"^\|[^|]*\b{name}\b", table, re.MULTILINE)} == set()


def test_every_dependency_is_pinned_but_those_of_other_extras():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {
        re.match(r"[\w-]+", requirement)[0].lower()
        for group in (project["dependencies"], extras["train"], extras["dev"], extras["docs"])
        for requirement in group
    }
    pins = re.findall(r"^([\w.-]+)==\S+$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert wanted - {pin.lower().replace("_", "-") for pin in pins} == set()
