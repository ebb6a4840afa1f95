import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from tests.reports.made_study import WORLD, made_study
from tests.reports.test_summary import PRICED

from apportion.errors import UserError
from apportion.reports.picture import Picture
from apportion.reports.planning import planning_of
from apportion.reports.report import write_figures, write_report
from apportion.studies.study_file import read_study

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Checks that tags close in order, and keeps attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch):
    """Pages with empty figures, for tests of words: drawing takes most of a report's time."""
    monkeypatch.setattr(Picture, "svg", "<svg></svg>")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs") / "world"
    made_study(root)
    return root


@pytest.fixture(scope="module")
def written(world: Path) -> str:
    path = write_report(world)
    assert path == world / "report.html"
    return path.read_text()


def test_the_report_tells_the_study(written: str):
    text = Page(written).text
    for heading in (
        "What would you buy?",
        "The surface",
        "Learning curves",
        "The best split of each budget",
        "What is wrong with the answers",
        "What holds",
        "All cells",
        "Inside the preference stages",
        "What was run",
    ):
        assert heading in text
    assert "cells graded 109 of 109" in text
    assert "not complete" not in text
    assert "One seed" not in text
    assert "✓ holds" in text
    assert re.search(
        r"With \$2,048: [\d,]+ demonstrations and [\d,]+ pairs; expected accuracy \.\d+ \(\.\d+ to", text
    )


def test_the_figures_are_files_with_their_numbers(world: Path, tmp_path: Path):
    written = write_figures(world, tmp_path / "paper", ["svg", "png"])
    names = ["surface", "plan", "learning_curves", "score", "errors", "other_measures_rpo", "training_rpo"]
    assert [path.name for path in written] == [f"{name}.{e}" for name in names for e in ("svg", "png", "csv")]
    for name in names:
        assert (tmp_path / "paper" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (tmp_path / "paper" / f"{name}.svg").read_text()
        assert pl.read_csv(tmp_path / "paper" / f"{name}.csv").height > 3
    first = [path.read_bytes() for path in written if path.suffix != ".png"]
    assert [path.read_bytes() for path in write_figures(world, tmp_path / "paper", ["svg"])] == first
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_figures(world, tmp_path / "file" / "in", ["svg"])


def test_the_page_needs_nothing_from_outside(written: str):
    text = written
    page = Page(text)
    loading = [value for name, value in page.attributes if name in ("src", "href", "xlink:href", "srcset")]
    inside = (
        "#",
        "data:image/png;base64,",
        "https://arxiv.org/abs/",
    )  # the last is a link, and loads nothing
    assert all(value and value.startswith(inside) for value in loading), loading
    policy = next(value for _, value in page.attributes if value and value.startswith("default-src 'none'"))
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(script) == 1 and "http" not in script[0].replace("http://www.w3.org/2000/svg", "")
    assert base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode() in policy
    assert len(text) < 3_000_000
    assert "@import" not in text
    assert all(inside.startswith("#") for inside in re.findall(r"url\(([^)]*)\)", text))
    assert "color-scheme: light dark" in text


def test_the_same_folder_gives_the_same_bytes(world: Path, written: str):
    assert write_report(world).read_text() == written


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "\"' onload='alert(1)",
    "\u202egnp.\u2066tpircs",
    "\u05e9\u05dc\u05d5\u05dd",
    "nul\x00nul",
    "x" * 10_000,
    "$x$ {{ 7 * 7 }} &lt;",
]


def test_text_from_data_is_text(tmp_path: Path):
    source = "<script>alert(1)</script>\\\"'\\u202e"
    root = tmp_path / "<b>study & \"co'"
    made_study(root, WORLD + f'\n[model]\nsource = "{source}"\n', items=8)
    table = pl.read_parquet(root / "outcomes.parquet")
    classes = [HOSTILE[i % len(HOSTILE)] if i % 3 else "none" for i in range(table.height)]
    table.with_columns(pl.Series("error_class", classes)).write_parquet(root / "outcomes.parquet")
    cell = next(root.glob("cells/*/cell.json"))
    described = json.loads(cell.read_text())
    described["environment"]["versions"] = dict.fromkeys(HOSTILE, HOSTILE[1])
    cell.write_text(json.dumps(described))
    page = write_report(root).read_text()
    assert page.count("<script") == 3 and "<img" not in page and "<b>study" not in page
    assert "\x00" not in page and "\u202e" not in page and "\u2066" not in page
    parsed = Page(page)
    assert "<script>alert(1)</script>" in parsed.text
    assert "⟨U+202E⟩gnp.⟨U+2066⟩tpircs" in parsed.text and "nul␀nul" in parsed.text
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    assert dict(parsed.attributes)["data-folder"] == """'<b>study & "co'"'"''"""  # as a shell takes it
    copied = json.loads(re.search(r'id="csv">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert "nul\x00nul" in copied["errors"] and "x" * 10_000 in copied["errors"]


def test_a_study_that_is_not_complete_says_so(tmp_path: Path, no_figures: None):
    made_study(tmp_path, items=30, has_run=lambda c: c.n_demonstrations + c.n_pairs < 600)
    text = Page(write_report(tmp_path).read_text()).text
    assert "cells graded 82 of 109" in text
    assert "This study is not complete: 27 of its 109 cells have not run" in text
    assert text.count("not run yet") == 9
    assert "Not measured" in text


def test_a_study_that_has_not_run_is_a_page_too(tmp_path: Path, no_figures: None):
    (tmp_path / "study.toml").write_text(WORLD)
    text = Page(write_report(tmp_path).read_text()).text
    assert "cells graded 0 of 109" in text
    assert "Nothing has been graded yet." in text
    assert "Nothing has been measured yet." in text
    assert not (tmp_path / "plan.json").exists()


def test_cells_graded_while_a_run_goes_on_are_mentioned(tmp_path: Path, no_figures: None):
    made_study(tmp_path, items=8)
    (tmp_path / "outcomes.parquet").unlink()
    assert "109 graded cells lie on disk" in Page(write_report(tmp_path).read_text()).text


def test_one_seed_is_said_to_be_one_seed(tmp_path: Path, no_figures: None):
    made_study(tmp_path, WORLD.replace("[0, 1, 2]", "[0]"), items=30)
    text = Page(write_report(tmp_path).read_text()).text
    assert (
        "One seed: how much another training run would differ is not in any interval of a measured cell"
        in text
    )
    assert "over seeds and items." not in text


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        (PRICED, ("accuracy", "nll", "preference_accuracy")),
        (PRICED, ("nll", "preference_accuracy")),
        (PRICED, ("nll",)),
        (
            "[[cells]]\nn_demonstrations = 8\nn_pairs = 24\n[[cells]]\nn_demonstrations = 16\n",
            ("accuracy", "nll"),
        ),
        ("budgets = [64]\nshares = [1, 0.01, 0]\nbase = false\n", ("accuracy",)),
        ("budgets = [64]\nshares = [1]\n", ("accuracy",)),
    ],
)
def test_studies_of_all_kinds_have_reports(
    tmp_path: Path, no_figures: None, text: str, metrics: tuple[str, ...]
):
    made_study(tmp_path, text, metrics=metrics, items=20)
    page = Page(write_report(tmp_path).read_text())
    assert "What holds" in page.text
    assert "nan" not in page.text.lower().split()
    assert "Score against the budget" in page.text


def test_one_item_of_a_loss_has_an_interval_that_is_not_known(tmp_path: Path, no_figures: None):
    made_study(tmp_path, items=1, metrics=("nll",))
    text = Page(write_report(tmp_path).read_text()).text
    assert "[?, ?]" in text
    assert "inf" not in text.split()


def test_a_folder_that_is_no_study_is_the_users_fault(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for name, found in {"": "no study.toml", "none": "no such folder", "file": "a file"}.items():
        with pytest.raises(UserError) as caught:
            write_report(tmp_path / name)
        assert found in caught.value.found


def test_outcomes_of_another_make_are_the_users_fault(tmp_path: Path):
    made_study(tmp_path, items=8)
    pl.DataFrame({"score": [1.0]}).write_parquet(tmp_path / "outcomes.parquet")
    with pytest.raises(UserError, match=r"outcomes\.parquet"):
        write_report(tmp_path)


def test_the_time_expected_stands_beside_the_time_taken(tmp_path: Path, no_figures: None):
    made_study(tmp_path, "budgets = [16]\nshares = [1]\n", items=8)
    done = {"units": 3, "done": 3, "seconds_left": 0, "cells": [], "seconds_spent": 180.0, "workers": 2}
    (tmp_path / "progress.json").write_text(json.dumps(done))
    assert "time of training and grading 3 min" in Page(write_report(tmp_path).read_text()).text


def test_the_report_plans_the_largest_budget(world: Path, no_figures: None):
    page = write_report(world).read_text()
    planned = json.loads((world / "plan.json").read_text())
    assert planned["status"] in ("decided", "undecided")
    bought = f"{planned['n_demonstrations']:,} demonstrations and {planned['n_pairs']:,} pairs"
    assert bought in page


def test_nothing_is_planned_before_there_are_outcomes(tmp_path: Path):
    study = read_study(Path(__file__).parents[2] / "studies" / "world.toml")
    assert planning_of(tmp_path / "outcomes.parquet", study) is None
