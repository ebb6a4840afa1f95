"""`apportion signed train` and `evaluate`: a model of a signed network into a folder, and what it is worth."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import cyclopts

from apportion.cli.json_document import print_json
from apportion.cli.making_room import make_room_for_file, make_room_for_folder
from apportion.cli.progress_bar import progress_bar
from apportion.cli.reading_events import events_of
from apportion.errors import UserError

Task = Literal["existence", "sign", "signed-existence", "weight"]
AtLeastOne = cyclopts.Parameter(validator=cyclopts.validators.Number(gte=1))


def train(
    events: Path,
    *,
    out: Path,
    task: Task = "sign",
    model: str = "semba",
    protocol: Literal["causal", "as-published"] = "causal",
    history: str | None = None,
    group_size: Annotated[int, AtLeastOne] | None = None,
    non_links: Annotated[int, AtLeastOne] = 20,
    seed: int = 0,
    quiet: bool = False,
    json: bool = False,
) -> None:
    """Train a model on the first 70 % of a network, choose by the next 15 %, test on the rest; write it to a folder.

    Parameters
    ----------
    events: Path
        A file of events in any format that `apportion signed info` reads.
    out: Path
        The folder: weights and state, settings, metrics, calibration, the events. With --history a table.
    task: Task
        Whether there is a link, its sign, both at once, or its weight.
    model: str
        semba, semba-pure, tgn or another learned model; with --history any that `signed compare` takes.
    protocol: Literal["causal", "as-published"]
        causal: predict, then observe. as-published leaks, as the published release does.
    history: str
        Shares of the training events with commas between them, 0.1,0.2,0.4,0.8: train on the first so many alone and
        write OUT/history.csv, which `apportion fit` reads; the number of events is called n_demonstrations.
    group_size: int
        How many events are scored before they are observed. Default: 50, as published 1,000.
    non_links: int
        Non-links of each kind beside each test event, on existence.
    seed: int
        Another seed, another model.
    quiet: bool
        Show no progress.
    json: bool
        Print one JSON document.
    """
    from apportion.signed.description import of_little_use
    from apportion.signed.protocol import Protocol
    from apportion.signed.splits import Split

    fractions = _fractions(history)
    make_room_for_folder("--out", out)
    network = events_of(events)
    chosen = Protocol.named(protocol, group_size=group_size, non_links=non_links)
    with progress_bar(f"training {model} on {task}", quiet=quiet) as told:
        if fractions:
            from apportion.signed.how_much_history import history_table

            table = history_table(
                network, task, model, fractions, protocol=chosen, seed=seed, workers=1, told=told
            )
            out.mkdir(parents=True, exist_ok=True)
            table.write_csv(out / "history.csv")
            document = {"table": str(out / "history.csv"), "rows": table.to_dicts()}
            if json:
                print_json(document)
            else:
                print(f"{table.write_csv()}{out / 'history.csv'}")
            return
        from apportion.signed.trained import train as trained

        found = trained(network, task, model, out, protocol=chosen, seed=seed, told=told)
    reason = of_little_use(Split.by_quantiles(network)).get(task)
    if reason is not None:
        print(f"apportion: numbers on the task {task} are of little use: {reason}", file=sys.stderr)
    _show({"folder": str(out), "model": model, "task": task, "protocol": protocol}, found.metrics, json)


def evaluate(
    folder: Path, *, predictions: Path | None = None, quiet: bool = False, json: bool = False
) -> None:
    """Walk a trained model through its network anew, with nothing observed before, and show its metrics on test.

    Parameters
    ----------
    folder: Path
        What `apportion signed train` wrote.
    predictions: Path
        Write every scored event of validation and test, non-links too, to this .parquet or .csv file.
    quiet: bool
        Show no progress.
    json: bool
        Print one JSON document.
    """
    if predictions is not None and predictions.suffix.lower() not in (".parquet", ".csv"):
        raise UserError(
            f"--predictions {predictions}", "no .parquet or .csv", "a file of either kind", "Change its name."
        )
    if predictions is not None:
        make_room_for_file("--predictions", predictions)
    from apportion.signed.evaluation import evaluate as evaluated
    from apportion.signed.trained import metrics_by_part, open_trained
    from apportion.signed.trained import predictions as table_of

    scorer, walk, trained = open_trained(folder)
    with progress_bar("evaluating", quiet=quiet) as told:
        found = evaluated(scorer, walk, lambda now, share: told(share, now))
    if predictions is not None:
        table = table_of(found, walk.split.events.users, trained.calibration)
        write = table.write_parquet if predictions.suffix.lower() == ".parquet" else table.write_csv
        write(predictions)
        print(f"apportion: {predictions}: {len(table):,} scored queries", file=sys.stderr)
    about = {
        "folder": str(folder),
        "model": trained.model,
        "task": trained.task,
        "protocol": trained.protocol.name,
    }
    _show(about, metrics_by_part(found), json)


def _fractions(history: str | None) -> list[float]:
    if history is None:
        return []
    try:
        return [float(part) for part in history.split(",")]
    except ValueError:
        raise UserError(
            f"--history {history}",
            "no numbers",
            "shares with commas between them",
            "Type --history 0.1,0.2,0.4.",
        ) from None


def _show(about: dict[str, Any], metrics: dict[str, dict[str, float | None]], json: bool) -> None:
    if json:
        print_json(about | {"metrics": metrics})
        return
    print("  ".join(f"{name} {value}" for name, value in about.items()))
    for part, found in metrics.items():
        numbers = "  ".join(
            f"{name} {'-' if value is None else f'{value:.3f}'}" for name, value in found.items()
        )
        print(f"{part:13}  {numbers}")
