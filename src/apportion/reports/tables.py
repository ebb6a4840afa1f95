"""The summary as a table: for a terminal, for Markdown, and as text cells for HTML."""

from collections.abc import Sequence
from math import isfinite

from rich.table import Table

from apportion.reports.summary import SummaryRow
from apportion.statistics import Estimate

HEADINGS = {
    "accuracy": "accuracy",
    "flexible": "flexible",
    "form_rate": "form rate",
    "nll": "nll (nats/token)",
    "preference_accuracy": "preference acc.",
    "rouge_l": "ROUGE-L",
    "f1": "F1",
    "instruction_accuracy": "instructions",
}
NOTHING = "–"


def number(value: float) -> str:
    """Return a score with three decimals, and without the zero before the point.

    >>> number(0.25), number(-0.0625), number(2.5)
    ('.250', '-.062', '2.500')
    """
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def bounds(estimate: Estimate) -> str:
    """Return an interval as text.

    >>> bounds(Estimate(0.5, 0.4, 0.6, 1, 10, "items"))
    '[.400, .600]'
    """
    ends = (number(end) if isfinite(end) else "?" for end in (estimate.low, estimate.high))
    return f"[{', '.join(ends)}]"


def money(usd: float) -> str:
    """Return an amount of USD without needless decimals.

    >>> money(512.0), money(1234.5), money(0.015)
    ('512', '1,234.50', '0.015')
    """
    if usd == round(usd):
        return f"{usd:,.0f}"
    return f"{usd:,.2f}" if usd >= 1 else f"{usd:.3g}"


def percent(share: float) -> str:
    """Return a share as a percentage with as many decimals as it needs.

    >>> percent(0.5), percent(0.001)
    ('50 %', '0.1 %')
    """
    return f"{100 * share:.10g} %"


def measures_shown(rows: Sequence[SummaryRow]) -> list[str]:
    """Return the measures that at least one row has."""
    return [name for name in HEADINGS if any(row.measures[name] is not None for row in rows)]


def text_cells(row: SummaryRow, measures: Sequence[str]) -> list[str]:
    """Return a row as texts, in the order of `headings`."""
    arm = row.arm
    first = [
        NOTHING if row.budget_usd is None else money(row.budget_usd),
        NOTHING if row.share is None else percent(row.share),
        f"{arm.n_demonstrations:,}",
        f"{arm.n_pairs:,}",
        arm.method,
        str(len(row.seeds_done)) if row.state in ("done", "no longer asked for") else row.state,
    ]
    scores = []
    for name in measures:
        estimate = row.measures[name]
        scores.append(NOTHING if estimate is None else f"{number(estimate.mean)} {bounds(estimate)}")
    return [*first, *scores, money(row.cost_usd)]


def headings(measures: Sequence[str]) -> list[str]:
    """Return the headings above the cells of `text_cells`."""
    first = ["budget (USD)", "share for demonstrations", "demonstrations", "pairs", "method", "seeds"]
    return [*first, *(HEADINGS[name] for name in measures), "cost (USD)"]


def markdown_table(rows: Sequence[SummaryRow]) -> str:
    """Return the summary as a Markdown table with a line below that says what the intervals are."""
    measures = measures_shown(rows)
    lines = [headings(measures), ["---:", "---:", "---:", "---:", "---", *["---:"] * (len(measures) + 2)]]
    lines += [[text.replace("|", "\\|") for text in text_cells(row, measures)] for row in rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{interval_note(rows)}\n"


def grid_table(rows: Sequence[SummaryRow], measure: str) -> str:
    """Return one measure as Markdown: a row for each budget and method, a column for each share.

    SFT alone, which no method but SFT trains, stands in the rows of every method but the controls.
    """
    inside = [row for row in rows if row.budget_usd is not None and row.share is not None]
    shares = sorted({row.share for row in inside if row.share is not None}, reverse=True)
    methods = list(dict.fromkeys(row.arm.method for row in inside if row.arm.method != "sft")) or ["sft"]
    found = {(row.budget_usd, row.share, row.arm.method): row.measures[measure] for row in inside}
    lines = [["budget (USD)", "pairs by", *(percent(share) for share in shares)]]
    lines.append(["---:", "---", *["---:"] * len(shares)])
    for method in methods:
        budgets = {
            row.budget_usd for row in inside if row.arm.method == method and row.budget_usd is not None
        }
        for budget in sorted(budgets):
            line = [money(budget), method]
            for share in shares:
                alone = None if method == "sft-on-chosen" else found.get((budget, share, "sft"))
                estimate = found.get((budget, share, method)) or alone
                line.append(NOTHING if estimate is None else f"{number(estimate.mean)} {bounds(estimate)}")
            lines.append(line)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    note = f"{HEADINGS[measure]} by share of the money that goes to demonstrations. {interval_note(rows)}"
    return f"{table}\n\n{note[0].upper()}{note[1:]}\n"


def rich_table(rows: Sequence[SummaryRow]) -> Table:
    """Return the summary as a table for a terminal of 80 columns: an interval for the first measure only."""
    short = HEADINGS | {"form_rate": "form", "nll": "nll", "preference_accuracy": "pref."}
    del short["flexible"]
    measures = [name for name in measures_shown(rows) if name in short]
    table = Table(
        box=None, pad_edge=False, padding=(0, 1, 0, 0), caption=interval_note(rows), caption_justify="left"
    )
    for heading in ("USD", "share", "demos", "pairs", "method", "seeds", *(short[name] for name in measures)):
        table.add_column(heading, justify="left" if heading == "method" else "right", no_wrap=True)
    for row in rows:
        _, share, demonstrations, pairs, method, _, *scores, cost = text_cells(row, measures)
        seeds = f"{len(row.seeds_done)}/{len(row.seeds_asked)}"
        scores = [scores[0], *(text.partition(" ")[0] for text in scores[1:])] if scores else []
        style = "dim" if row.state == "not run yet" else None
        table.add_row(cost, share, demonstrations, pairs, method, seeds, *scores, style=style)
    return table


def interval_note(rows: Sequence[SummaryRow]) -> str:
    """Return what the intervals of the rows allow for, as a sentence."""
    trained = [row for row in rows if row.arm.method != "base"]
    found = [estimate for row in trained for estimate in row.measures.values() if estimate is not None]
    if not found:
        return "Nothing has been trained and graded yet."
    varied = sum(estimate.seeds_were_varied for estimate in found)
    if varied == len(found):
        return "Intervals: 95 %, over seeds and items."
    if varied == 0:
        return "Intervals: 95 %, over items only; one seed, so the noise of training is not in them."
    return "Intervals: 95 %, over seeds and items; rows with one seed over items only."
