"""The page's tables as CSV, with all digits that matter: what its copy buttons put on the clipboard."""

from collections.abc import Sequence

from apportion.reports.content import Content
from apportion.reports.picture import Numbers
from apportion.reports.score_figures import numbers_of
from apportion.reports.tables import measures_shown


def csv_tables(
    content: Content, run: Sequence[tuple[str, str]], refit: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """Return CSV by the name of the table; a table that the page does not show may be empty."""
    tables = {
        "table_splits": _splits(content),
        "table_findings": _findings(content),
        "table_cells": numbers_of(content.rows, measures_shown(content.rows)),
        "table_evidence": Numbers(
            [
                "n_demonstrations", "n_pairs", "method", "seeds", "kl_nats_per_token", "chosen_change_nats",
                "rejected_change_nats", "chosen_fell_share",
            ],
            [[*e.arm, *e[1:]] for e in content.evidence],
        ),
        "table_run": Numbers(["what", "value"], run),
        "table_refit": Numbers(["point", "value"], refit),
    }  # fmt: skip
    if content.planning is not None:
        tables["table_plan"] = _plan(content)
    if content.signed is not None:
        tables["table_signed"] = content.signed.numbers
    return {name: table.csv() for name, table in tables.items()}


def _splits(content: Content) -> Numbers:
    rows = [
        [
            split.budget_usd, split.method, split.share, split.score.mean, split.score.low, split.score.high,
            *(" ".join(f"{share:g}" for share in shares) for shares in (split.level_with, split.behind, split.not_run)),
        ]
        for split in content.splits
    ]  # fmt: skip
    ends = ["best_mean_share", "score", "low", "high", "not_told_apart", "behind", "not_run"]
    return Numbers(["budget_usd", "method", *ends], rows)


def _findings(content: Content) -> Numbers:
    rows: list[list[object]] = []
    for finding in content.findings:
        for name, value in (finding.numbers or {"": None}).items():
            three = value if isinstance(value, list) else [value, None, None]
            said = (None, None) if finding.said is None else (finding.said.sentence, finding.said.arxiv)
            rows.append([finding.claim, finding.verdict, name, *three, finding.sentence, *said])
    headings = ["claim", "verdict", "number", "value", "low", "high", "in_words", "paper_said", "arxiv"]
    return Numbers(headings, rows)


def _plan(content: Content) -> Numbers:
    assert content.planning is not None
    plain = content.planning.document
    rows = [[name, value] for name, value in plain.items() if isinstance(value, str | int | float)]
    rows += [["region_low", plain["region"][0]], ["region_high", plain["region"][1]]]
    return Numbers(["what", "value"], rows)
