"""`apportion signed`: generate a signed network, tell what a file of events holds."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cyclopts

from apportion.cli.json_document import print_json
from apportion.cli.signed_compare import compare
from apportion.cli.signed_predict import predict
from apportion.cli.signed_train import evaluate, train
from apportion.signed.generator import NetworkSettings

if TYPE_CHECKING:
    from apportion.signed.description import Description
    from apportion.signed.gathering import ReadEvents
    from apportion.signed.scorer import SignedTask

app = cyclopts.App(name="signed", help="Signed networks over time: who will trust whom, and when.")
app.command(train)
app.command(evaluate)
app.command(predict)
app.command(compare)

Settings = Annotated[NetworkSettings, cyclopts.Parameter(name="*")]
_DEFAULTS = NetworkSettings()


@app.command
def generate(
    *,
    out: Path,
    settings: Settings = _DEFAULTS,
    seed: int = 0,
    structureless: bool = False,
    truth: Path | None = None,
    json: bool = False,
) -> None:
    """Write a generated network with planted factions: by the ending of FILE as .csv, .csv.gz or .parquet.

    Parameters
    ----------
    out: Path
        The file to write; CSV in the form of SNAP's Bitcoin networks, source,target,rating,time without a header.
    seed: int
        Another seed, another network of the same settings.
    structureless: bool
        Uniform ends and signs by the toss of a coin: nothing can be learned. Of the settings, the numbers of users
        and events and the times count.
    truth: Path
        Write who is in which faction, and until when, to this .parquet file.
    json: bool
        Print one JSON document.
    """
    from apportion.signed.gathering import counted
    from apportion.signed.generator import planted_network
    from apportion.signed.writing import write_events, write_truth

    used = settings.without_structure() if structureless else settings
    network = planted_network(used, seed)
    events = network.events
    if truth is not None:
        write_truth(network, truth)
    write_events(events, out)
    negatives = int((events.sign < 0).sum())
    if json:
        numbers = {"events": len(events), "users": events.n_users, "negatives": negatives}
        print_json(
            {"file": str(out), **numbers, "digest": events.digest, "seed": seed, "settings": asdict(used)}
        )
        return
    share = negatives / len(events)
    print(
        f"{out}: {counted(len(events), 'event')}, {events.n_users:,} users, {share:.1%} negative; seed {seed}"
    )


@app.command
def info(events: Path, *, json: bool = False) -> None:
    """Tell what a file of events holds, what was dropped and why, and which tasks it can serve.

    Parameters
    ----------
    events: Path
        SNAP's CSV (source,target,rating,time), CSV with a header, Wiki-RfA's blocks, KONECT's out.* (each also .gz
        or .bz2) or Parquet.
    json: bool
        Print one JSON document.
    """
    from apportion.signed.description import describe
    from apportion.signed.readers import read_events

    read = read_events(events)
    described = describe(read.events)
    if json:
        about = {"file": str(events), "layout": read.layout, "rows": read.rows, "backwards": read.backwards}
        print_json({**about, "dropped": read.dropped, **asdict(described), "digest": read.events.digest})
        return
    for name, value in _lines(read, described):
        print(f"{name:20}{value}")
    if described.unit is not None:
        print(
            f"{events}: the times look like {described.unit.name}: divide them by {described.unit.per_second:,}",
            file=sys.stderr,
        )
    for tasks, reason in _by_reason(described.cannot):
        print(f"{events}: {tasks} cannot be done: {reason}", file=sys.stderr)
    for tasks, reason in _by_reason(described.of_little_use):
        print(f"{events}: numbers on {tasks} are of little use: {reason}", file=sys.stderr)


def _lines(read: "ReadEvents", of: "Description") -> list[tuple[str, str]]:
    """Return what `info` shows: names and values."""
    from apportion.signed.gathering import counted

    dropped = ", ".join(counted(count, reason) for reason, count in read.dropped.items()) or "none"
    lines = [
        ("format", read.layout),
        ("rows", f"{read.rows:,}, dropped: {dropped}"),
        ("users", f"{of.users:,} ({of.raters:,} rate, {of.rated:,} are rated)"),
        ("events", f"{of.events:,}"),
        ("negative", f"{of.negatives:,} ({of.negatives / of.events:.2%})"),
        ("weights", f"{of.weights[0]:g} to {of.weights[1]:g}"),
        ("times", f"{_moment(of.begin)} to {_moment(of.end)}"),
        (
            "equal times",
            f"{counted(of.instants, 'different time')}, at most {counted(of.largest_group, 'event')} at one",
        ),
        ("repeated pairs", f"{of.repeated:.2%} of the events"),
        ("reciprocity", f"{of.reciprocity:.1%} of the pairs"),
        ("positive share", " -> ".join(f"{share:.3f}" for share in of.positive_by_quarter) + " by quarter"),
    ]
    if read.backwards:
        lines.insert(
            2, ("out of order", f"{counted(read.backwards, 'row')} earlier than the row before; sorted")
        )
    if of.triads.balanced is not None and of.triads.expected is not None:
        part = " of a sample" if of.triads.is_sample else ""
        chance = f"{of.triads.expected:.1%} by chance"
        lines.append(
            ("balanced triads", f"{of.triads.balanced:.1%} of {of.triads.counted:,}{part}, {chance}")
        )
    if of.split is not None:
        lines.append(("split", "{:,} training, {:,} validation, {:,} test".format(*of.split)))
    return lines


def _by_reason(reasons: "dict[SignedTask, str]") -> list[tuple[str, str]]:
    """Return the tasks of each reason, named, and the reason."""
    found = []
    for reason in dict.fromkeys(reasons.values()):
        tasks = [task for task, why in reasons.items() if why == reason]
        named = tasks[0] if len(tasks) == 1 else f"{', '.join(tasks[:-1])} and {tasks[-1]}"
        found.append((f"the task{'s' * (len(tasks) > 1)} {named}", reason))
    return found


def _moment(seconds: float) -> str:
    """Return a time as a date if it can be one, else as a number."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return f"{seconds:g} s"
