"""`apportion signed compare`: models of a signed network side by side, one protocol, the same events."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import cyclopts
from rich.console import Console
from rich.table import Table

from apportion.cli.json_document import as_json
from apportion.cli.making_room import make_room_for_file
from apportion.cli.progress_bar import progress_bar
from apportion.cli.reading_events import events_of
from apportion.cores import cores
from apportion.errors import UserError

if TYPE_CHECKING:
    from apportion.signed.compare import Comparison
    from apportion.statistics import Estimate

    Rows = list[tuple[str, dict[str, Estimate | None]]]  # a model and its metrics by name
    Marks = frozenset[tuple[str, str]]  # models and metrics with a star

Task = Literal["existence", "sign", "signed-existence", "weight"]
AtLeastOne = cyclopts.Parameter(validator=cyclopts.validators.Number(gte=1))
LEVEL = 0.05
WIDE = 10_000  # columns: more than any table takes
EVERY_MODEL = "semba,semba-pure,tgn,reputation,trees,sgcn,gcn,positive"


def compare(
    events: Path,
    *,
    task: Task = "sign",
    models: str = EVERY_MODEL,
    seeds: Annotated[int, AtLeastOne] = 5,
    protocol: Literal["causal", "as-published"] = "causal",
    parts: bool = False,
    group_size: Annotated[int, AtLeastOne] | None = None,
    non_links: Annotated[int, AtLeastOne] = 20,
    workers: Annotated[int, AtLeastOne] | None = None,
    out: Path | None = None,
    quiet: bool = False,
    json: bool = False,
) -> None:
    """Compare models on the last 15 % of a network, each trained on the first 70 % with every seed.

    Intervals hold 95 % and allow for other seeds and other users. Differences are SEMBA's less the model's, on the
    same events; a star marks those that are told from 0 after Holm's correction for the number of models.

    Parameters
    ----------
    events: Path
        A file of events in any format that `apportion signed info` reads.
    task: Task
        Whether there is a link, its sign, both at once, or its weight.
    models: str
        Names with commas between them: semba, semba-pure (no hand-made input), semba-as-published, tgn, reputation,
        trees, sgcn, gcn, positive; semba-no-memory, -propagation, -balance, -common, -features,
        -boosting, -signs.
    seeds: int
        Trainings of each model that a seed can change.
    protocol: Literal["causal", "as-published"]
        causal: predict, then observe. as-published leaks, as the published release does, to show by how much.
    parts: bool
        Also events with both ends seen in training (transductive) and with neither (inductive).
    group_size: int
        How many events are scored before they are observed; equal times are never split. Default: 50, as
        published 1,000.
    non_links: int
        Non-links of each kind beside each test event, on existence.
    workers: int
        Processes at a time. Default: one a core.
    out: Path
        Write the JSON document into this file as well; a study's report shows signed/compare.json of its folder.
    quiet: bool
        Show no progress.
    json: bool
        Print one JSON document.
    """
    from apportion.signed.compare import compare as compared
    from apportion.signed.protocol import Protocol

    if out is not None:
        make_room_for_file("--out", out)
    names = [name.strip() for name in models.split(",") if name.strip()]
    if not names:
        raise UserError(
            "--models", "no model", "names with commas between them", "Type --models semba,trees."
        )
    network = events_of(events)
    chosen = Protocol.named(protocol, group_size=group_size, non_links=non_links)
    with progress_bar(f"comparing on {task}", quiet=quiet) as told:
        found = compared(
            network,
            task,
            names,
            seeds=seeds,
            protocol=chosen,
            parts=("transductive", "inductive") if parts else (),
            workers=workers or cores(),
            told=told,
        )
    for name, reason in found.left_out.items():
        print(f"apportion: {name} is left out: {reason}", file=sys.stderr)
    for note in found.notes:
        print(f"apportion: {note}", file=sys.stderr)
    document = as_json(found.document())
    if out is not None:
        out.write_text(f"{document}\n", encoding="utf-8")
    if json:
        print(document)
        return
    console = Console(soft_wrap=False, highlight=False, width=None if sys.stdout.isatty() else 160)
    for title, rows, marks in _tables(found):
        show_table(console, title, rows, marks or frozenset())
        if marks is not None:
            console.print(
                f"* p below .05 after Holm's correction for {len(rows)} models, each metric apart; "
                "the intervals are single ones",
                soft_wrap=True,
            )


def _tables(found: "Comparison") -> "list[tuple[str, Rows, Marks | None]]":
    """The tables to show with their titles; differences alone have marks."""
    tables: list[tuple[str, Rows, Marks | None]] = []
    for part, rows in found.parts.items():
        title = f"{found.task}, {found.protocol.name}, {part} test events"
        tables.append((title, [(row.model, row.metrics) for row in rows], None))
        for kind in rows[0].by_negatives if rows else ():
            if kind != "uniform":
                of_kind = [(row.model, row.by_negatives[kind]) for row in rows]
                tables.append((f"{title}, {kind} non-links", of_kind, None))
        ahead = [(f"semba less {row.model}", row.ahead) for row in rows if row.ahead]
        if ahead:
            marks = frozenset(
                (f"semba less {row.model}", name) for row in rows for name, p in row.p.items() if p < LEVEL
            )
            tables.append((f"{title}, differences", ahead, marks))
    return tables


def show_table(console: Console, title: str, rows: "Rows", marks: "Marks" = frozenset()) -> None:
    """Print models and their metrics so that no number is cut off, however narrow the terminal is.

    As a table with intervals beside the means, where that is too wide with intervals below them, and where that is
    too wide as well as a block of lines for each model.
    """
    for between in (" ", "\n"):
        table = _table(title, rows, marks, between)
        if console.measure(table, options=console.options.update(width=WIDE)).maximum <= console.width:
            console.print(table)
            return
    console.print(title, style="italic", markup=False, soft_wrap=True)
    for model, metrics in rows:
        console.print(model, style="bold", markup=False, soft_wrap=True)
        for name, estimate in metrics.items():
            console.print(f"  {name:14}{_cell(estimate, (model, name) in marks)}", soft_wrap=True)


def _table(title: str, rows: "Rows", marks: "Marks", between: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("model", no_wrap=True)
    for name in rows[0][1] if rows else ():
        table.add_column(name, justify="right", no_wrap=True)
    for model, metrics in rows:
        cells = (_cell(estimate, (model, name) in marks, between) for name, estimate in metrics.items())
        table.add_row(model, *cells)
    return table


def _cell(estimate: "Estimate | None", is_marked: bool, between: str = " ") -> str:
    if estimate is None:
        return "-"
    star = "*" if is_marked else ""
    text = f"{estimate.mean:.3f}{star}{between}[{estimate.low:.3f}, {estimate.high:.3f}]"
    return text.replace("[", "\\[")
