"""`apportion outcomes`: other tools' results as a table of runs, and a study's outcomes as the same table."""

from dataclasses import asdict
from pathlib import Path

import cyclopts

from apportion.cli.json_document import print_json
from apportion.cli.terminal import for_terminal
from apportion.errors import UserError

app = cyclopts.App(
    name="outcomes", help="Other tools' results as a table of runs, and a study's outcomes as one."
)


@app.command(name="import")
def import_(
    files: list[Path],
    /,
    *,
    out: Path,
    sizes: Path | None = None,
    n_demonstrations: int | None = None,
    n_pairs: int | None = None,
    model: str | None = None,
    task: str | None = None,
    metric: str | None = None,
    json: bool = False,
) -> None:
    """Write results of other tools as a table that `apportion fit` and `apportion plan` read, one row a run and task.

    Parameters
    ----------
    files: list[Path]
        transformers' trainer_state.json, lm-evaluation-harness's ``results_*.json`` or ``samples_*.jsonl``, Inspect's
        logs (.json, or .eval where it is a plain zip).
    out: Path
        The table to write, .csv or .parquet.
    sizes: Path
        A CSV with the columns file, n_demonstrations, n_pairs and, if need be, seed, data_seed, model, task, method; or
        TOML with a table a file. A file is named by its path or its name alone.
    n_demonstrations: int
        How many demonstrations every one of these runs was trained on.
    n_pairs: int
        How many preference pairs.
    model: str
        The base model's name; blank if not given, since the files name checkpoints.
    task: str
        The task's name, in place of the files'.
    metric: str
        Which metric, where a file has several, such as exact_match,flexible-extract, eval_accuracy or match/accuracy.
    json: bool
        Print one JSON document.
    """
    from apportion.laws.imported import Sizes, read_outcomes, read_sizes, write_outcomes
    from apportion.laws.imported.sizes import sizes_of

    _refuse_unusable(files, {"--n-demonstrations": n_demonstrations, "--n-pairs": n_pairs})
    if sizes is None and n_demonstrations is None and n_pairs is None:
        raise UserError(
            "outcomes import",
            "no sizes",
            "how many demonstrations and pairs each run was trained on",
            "Type --n-demonstrations 100, or --sizes sizes.csv with the columns file, n_demonstrations, n_pairs.",
        )
    known = read_sizes(sizes) if sizes is not None else {}
    every = Sizes(n_demonstrations, n_pairs, model=model, task=task)
    rows = []
    for path in files:
        own = sizes_of(path, known, sizes) if sizes is not None else Sizes()
        rows += [every.of(own.of(outcome)) for outcome in read_outcomes(path, metric)]
    write_outcomes(rows, out)
    if json:
        print_json({"table": str(out), "rows": [asdict(row) for row in rows]})
        return
    for row in rows:
        items = f" over {row.items:,} items" if row.items else ""
        size = f"{row.n_demonstrations:,}+{row.n_pairs:,}"
        print(for_terminal(f"{size:>16}  {row.task}  {row.metric} {row.value:.4g}{items}  ({row.file})"))
    print(f"{out}: {len(rows)} rows. Next: apportion fit {out}")


def _refuse_unusable(files: list[Path], counts: dict[str, int | None]) -> None:
    """Raise UserError for a file that is missing or named twice, and for a number of examples below 0."""
    seen: set[Path] = set()
    for path in files:
        if not path.exists():
            raise UserError(str(path), "no such file", "a file of another tool's results", "Check its name.")
        if path.resolve() in seen:
            raise UserError(str(path), "the same file twice", "each file once", "Name it once.")
        seen.add(path.resolve())
    for name, count in counts.items():
        if count is not None and not 0 <= count <= 10**15:
            raise UserError(name, str(count), "a whole number from 0 to 1e15", "Type 100, say.")


@app.command
def export(directory: Path, *, out: Path, metric: str | None = None, json: bool = False) -> None:
    """Write a study's outcomes as a table of runs, one row a cell with its score and number of items.

    Cells of the control sft-on-chosen are in it under their method; `fit` and `plan` leave them out.

    Parameters
    ----------
    directory: Path
        A study's folder, such as runs/world.
    out: Path
        The table to write, .csv or .parquet.
    metric: str
        accuracy, rouge_l, preference_accuracy, nll, f1 or instruction_accuracy; the first of these that was measured,
        if not given.
    json: bool
        Print one JSON document.
    """
    from apportion.laws.exported import exported
    from apportion.laws.imported import write_outcomes

    rows = exported(directory, metric)
    write_outcomes(rows, out)
    if json:
        print_json({"table": str(out), "rows": [asdict(row) for row in rows]})
        return
    print(f"{out}: {len(rows)} cells by {rows[0].metric}. Next: apportion fit {out}")
