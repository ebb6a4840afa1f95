"""The page as a reader has it: a file, no network, a browser; sliders against `apportion plan` for the same numbers."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.reports.chromium import chromium
from tests.reports.made_study import WORLD, made_study

from apportion.reports.report import write_report

pytestmark = pytest.mark.slow
SLIDERS = ("budget", "demonstration", "pair", "epsilon")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    opened = chromium()
    try:
        found = opened.__enter__()
    except RuntimeError as error:
        pytest.skip(str(error))
    yield found
    opened.__exit__(None, None, None)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study made up, or the one that APPORTION_STUDY names."""
    if os.environ.get("APPORTION_STUDY"):
        return Path(os.environ["APPORTION_STUDY"])
    root = tmp_path_factory.mktemp("runs") / "world"
    made_study(root)
    return root


@pytest.fixture(scope="module")
def written(world: Path) -> Path:
    return write_report(world)


class Opened:
    """A page with what it said on the console."""

    def __init__(self, browser: Any, path: Path, width: int = 1280, theme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, offline=True,
            permissions=["clipboard-read", "clipboard-write"],
        )  # fmt: skip
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def plan(self) -> dict[str, Any]:
        return json.loads(self.page.locator("#planner").get_attribute("data-plan"))

    def boxes(self) -> list[float]:
        return [float(self.page.locator(f"#{name}-box").input_value()) for name in SLIDERS]


def printed_plan(
    root: Path, budget: float, demonstration: float, pair: float, percent: float
) -> dict[str, Any]:
    """What `apportion plan --json` prints."""
    options = {"--budget": budget, "--price-demonstration": demonstration, "--price-pair": pair}
    options |= {"--epsilon": f"{percent / 100:.6g}"}
    command = [sys.executable, "-m", "apportion", "plan", str(root), "--json"]
    command += [str(part) for option in options.items() for part in option]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def assert_same(page: dict[str, Any], printed: dict[str, Any]) -> None:
    for name in ("status", "n_demonstrations", "n_pairs"):
        assert page[name] == printed[name], name
    for name in ("sft_share", "expected_score", "low", "high", "sure", "regret"):
        assert page[name] == pytest.approx(printed[name], abs=1e-5), name
    assert page["region"] == pytest.approx(printed["region"], abs=1e-6)


def test_every_slider_plans_what_the_command_prints(browser: Any, world: Path, written: Path):
    opened = Opened(browser, written)
    page = opened.page
    assert_same(opened.plan(), printed_plan(world, *opened.boxes()))
    assert page.locator("#out-demonstrations").inner_text() in page.locator("h1").inner_text()
    for name, keys in (
        ("budget", "PageUp"),
        ("demonstration", "PageDown"),
        ("pair", "PageUp"),
        ("epsilon", "End"),
    ):
        before, score = opened.plan(), page.locator("#out-score").inner_text()
        page.locator(f"#{name}-slider").focus()
        page.keyboard.press(keys)
        page.keyboard.press(keys)
        after = opened.plan()
        changed = "region" if name == "epsilon" else "n_pairs"
        assert after[changed] != before[changed], name
        assert name == "epsilon" or page.locator("#out-score").inner_text() != score
        assert_same(after, printed_plan(world, *opened.boxes()))
    shown = float(page.locator("#out-score").inner_text())
    assert shown == pytest.approx(opened.plan()["expected_score"], abs=5.1e-4)
    assert opened.said == [] and opened.asked == [written.as_uri()]


def test_boxes_take_any_number_and_refuse_what_cannot_be_planned(browser: Any, world: Path, written: Path):
    opened = Opened(browser, written)
    page = opened.page
    page.locator("#budget-box").fill("777.5")
    assert_same(opened.plan(), printed_plan(world, *opened.boxes()))
    page.locator("#budget-box").fill("0.001")
    assert "buys no label" in page.locator("#say").inner_text()
    page.locator("#budget-box").fill("")
    assert "Type numbers" in page.locator("#say").inner_text()
    page.locator("#reset").click()
    assert_same(opened.plan(), printed_plan(world, *opened.boxes()))
    assert opened.said == []


def test_the_frontier_is_every_budgets_own_plan(browser: Any, world: Path, written: Path):
    opened = Opened(browser, written)
    opened.page.wait_for_selector("#planner[data-frontier]", timeout=120_000)
    opened.page.locator("[data-copy=live_frontier]").click()
    rows = list(csv.DictReader(io.StringIO(opened.page.evaluate("navigator.clipboard.readText()"))))
    assert len(rows) == 13
    for row in (rows[2], rows[9]):
        printed = printed_plan(world, float(row["budget_usd"]), *opened.boxes()[1:3], 5)
        assert float(row["score"]) == pytest.approx(printed["expected_score"], abs=1e-5)
        assert int(row["n_pairs"]) == printed["n_pairs"]
    assert "Expected" in opened.page.locator("#frontier-chart").get_attribute("aria-label")


def test_tables_and_figures_are_copied_as_csv(browser: Any, written: Path):
    opened = Opened(browser, written)
    page = opened.page
    names = [button.get_attribute("data-copy") for button in page.locator("button[data-copy]").all()]
    tables, figures = page.locator("table").count(), page.locator("figure").count()
    assert len(names) == len(set(names)) == tables + figures + 2  # the plan, and the command
    page.locator("[data-copy=table_cells]").click()
    rows = list(csv.DictReader(io.StringIO(page.evaluate("navigator.clipboard.readText()"))))
    assert len(rows) == page.locator("[data-copy=table_cells] >> xpath=../..").locator("tbody tr").count()
    assert {"n_demonstrations", "n_pairs", "accuracy_mean", "accuracy_low", "accuracy_high"} <= set(rows[0])
    assert page.locator("[data-copy=table_cells]").inner_text() == "Copied"
    assert opened.said == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_both_themes_and_widths(browser: Any, written: Path, theme: str, width: int):
    opened = Opened(browser, written, width, theme)
    page = opened.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    back = "getComputedStyle(document.body).backgroundColor"
    first = page.evaluate(back)
    assert (first == "rgb(255, 255, 255)") == (theme == "light")
    page.locator("#theme").click()
    assert (page.evaluate(back) == "rgb(255, 255, 255)") == (theme == "dark")
    unlabelled = page.evaluate(
        "[...document.querySelectorAll('[role=img]')].filter((e) => !e.getAttribute('aria-label')).length"
    )
    assert unlabelled == 0 and opened.said == []


def test_pages_with_parts_missing_have_no_console_error(browser: Any, tmp_path: Path):
    texts = {
        "nothing-run": (WORLD, lambda cell: False),
        "one-cell": ("[[cells]]\nn_demonstrations = 8\n", lambda cell: True),
        "no-pairs": ("budgets = [16, 64]\nshares = [1]\n", lambda cell: True),
        "few": ("budgets = [16]\nshares = [1, 0]\n", lambda cell: True),
    }
    for name, (text, has_run) in texts.items():
        made_study(tmp_path / name, text, has_run=has_run, items=20)
        opened = Opened(browser, write_report(tmp_path / name), 390)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390, name
        assert opened.said == [], name
