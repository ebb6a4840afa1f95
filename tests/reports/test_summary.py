import io
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console
from tests.reports.made_study import WORLD, made_study

from apportion.findings.measured import Arm
from apportion.reports.record import read_record
from apportion.reports.summary import SummaryRow, summary_table
from apportion.reports.tables import (
    headings,
    interval_note,
    markdown_table,
    measures_shown,
    rich_table,
    text_cells,
)

PRICED = """
budgets = [100]
shares = [1, 0.5, 0]
seeds = [0, 1]
methods = ["dpo", "ipo"]

[[cells]]
n_demonstrations = 7
n_pairs = 33

[prices]
demonstration = 2.5
pair = 0.2

[task]
name = "world"
"""


def rows_of(root: Path) -> list[SummaryRow]:
    record = read_record(root)
    return summary_table(record.outcomes, record.study)


def test_every_cell_has_a_row_in_a_fixed_order(tmp_path: Path):
    made_study(tmp_path, items=12)
    rows = rows_of(tmp_path)
    assert rows[0].arm == Arm(0, 0, "base")
    places = [(row.budget_usd, row.share, row.arm.method) for row in rows[1:10]]
    assert places == [
        (32, 1.0, "sft"),
        *((32, share, method) for share in (0.75, 0.5, 0.25, 0.0) for method in ("rpo", "sft-on-chosen")),
    ]
    assert len(rows) == 1 + 4 * 9
    assert {row.state for row in rows} == {"done"}


def test_prices_methods_and_cells_outside_the_grid(tmp_path: Path):
    made_study(tmp_path, PRICED, items=12)
    found = [(row.budget_usd, row.share, row.arm, row.cost_usd) for row in rows_of(tmp_path)]
    assert found == [
        (None, None, Arm(0, 0, "base"), 0),
        (100, 1.0, Arm(40, 0, "sft"), 100),
        (100, 0.5, Arm(20, 250, "dpo"), 100),
        (100, 0.5, Arm(20, 250, "ipo"), 100),
        (100, 0.0, Arm(0, 500, "dpo"), 100),
        (100, 0.0, Arm(0, 500, "ipo"), 100),
        (None, None, Arm(7, 33, "dpo"), pytest.approx(24.1)),
        (None, None, Arm(7, 33, "ipo"), pytest.approx(24.1)),
    ]


def test_the_means_are_those_of_the_outcomes(tmp_path: Path):
    made_study(tmp_path, items=40)
    record = read_record(tmp_path)
    row = next(r for r in summary_table(record.outcomes, record.study) if r.arm == Arm(256, 256, "rpo"))
    mine = record.outcomes.filter((pl.col("n_demonstrations") == 256) & (pl.col("method") == "rpo"))
    accuracy = mine.filter(pl.col("metric") == "accuracy")
    expected = {
        "accuracy": accuracy["score"].mean(),
        "flexible": accuracy["flexible"].cast(float).mean(),
        "form_rate": (accuracy["error_class"] != "malformed").mean(),
        "nll": mine.filter(pl.col("metric") == "nll")["score"].mean(),
        "preference_accuracy": mine.filter(pl.col("metric") == "preference_accuracy")["score"].mean(),
    }
    found = {name: estimate.mean for name, estimate in row.measures.items() if estimate}
    assert found == pytest.approx(expected)


def test_what_has_not_run_says_so(tmp_path: Path):
    made_study(
        tmp_path, items=12, has_run=lambda c: c.n_demonstrations < 100 and (c.n_pairs, c.seed) != (8, 2)
    )
    rows = {(row.budget_usd, row.share, row.arm.method): row for row in rows_of(tmp_path)}
    assert rows[32, 1.0, "sft"].state == "done"
    assert rows[32, 0.75, "rpo"].state == "2 of 3 seeds"
    waiting = rows[2048, 1.0, "sft"]
    assert waiting.state == "not run yet"
    assert set(waiting.measures.values()) == {None}
    assert "not run yet" in text_cells(waiting, ["accuracy"])


def test_a_cell_that_the_study_no_longer_names_keeps_its_row(tmp_path: Path):
    made_study(tmp_path, items=12)
    (tmp_path / "study.toml").write_text(WORLD.replace("2048", "1024"))
    rows = rows_of(tmp_path)
    old = [row for row in rows if row.state == "no longer asked for"]
    assert {row.arm.n_demonstrations + row.arm.n_pairs for row in old} == {2048}
    assert all(row.measures["accuracy"] is not None for row in old)


def test_markdown_is_a_table_of_equal_columns(tmp_path: Path):
    made_study(tmp_path, items=12)
    rows = rows_of(tmp_path)
    table, note = markdown_table(rows).split("\n\n")
    lines = table.splitlines()
    assert {line.count("|") for line in lines} == {len(headings(measures_shown(rows))) + 1}
    assert len(lines) == len(rows) + 2
    assert note == "Intervals: 95 %, over seeds and items.\n"


def test_the_terminals_table_fits_eighty_columns(tmp_path: Path):
    made_study(tmp_path, items=12)
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(rich_table(rows_of(tmp_path)))
    text = console.export_text()
    assert "sft-on-chosen" in text
    assert "…" not in text


def test_the_note_says_what_intervals_allow_for(tmp_path: Path):
    made_study(tmp_path, WORLD.replace("[0, 1, 2]", "[5]"), items=12)
    assert "one seed" in interval_note(rows_of(tmp_path))
    made_study(tmp_path / "partly", items=12, has_run=lambda c: c.seed == 0 or c.n_pairs == 0)
    assert "rows with one seed over items only" in interval_note(rows_of(tmp_path / "partly"))
    made_study(tmp_path / "none", has_run=lambda c: False, metrics=())
    assert interval_note(rows_of(tmp_path / "none")) == "Nothing has been trained and graded yet."
