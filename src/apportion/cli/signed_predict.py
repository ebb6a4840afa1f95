"""`apportion signed predict`: scores of pairs as of now, or of a stream, each event before it is observed."""

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apportion.cli.json_document import print_json
from apportion.cli.making_room import make_room_for_file, make_room_for_folder
from apportion.errors import UserError
from apportion.interrupts import interrupts_held

if TYPE_CHECKING:
    from apportion.signed.scorer import SignedTask
    from apportion.signed.stream import Asked, Live
    from apportion.signed.trained import Trained

REPLACED = "\ufffd"  # what stands for a byte that is no text
PIECE = 1 << 16  # bytes of standard input that are taken in at once, where so many wait


def predict(
    folder: Path,
    *,
    pairs: Path | None = None,
    stream: bool = False,
    out: Path | None = None,
    embeddings: Path | None = None,
    picture: Path | None = None,
    json: bool = False,
) -> None:
    """Score pairs as of now, or a stream on standard input, each event before it is observed.

    Users that the model has never seen are new users. A score is the probability of a positive sign or of an event,
    the expected weight, or for signed existence the three probabilities; `calibrated` as validation corrects it.

    Parameters
    ----------
    folder: Path
        What `apportion signed train` wrote.
    pairs: Path
        A file of lines source,target, with or without a header, or Parquet with these columns: prints CSV, or one
        JSON document with --json.
    stream: bool
        Read lines source,target,time[,weight] in time order, write one JSON line for each. A header may name the
        columns in another order. With a weight the event is observed once it was scored; without, it is only scored.
        A bad line is one message on standard error, and the exit status is then 2.
    out: Path
        Write the model as it stands after the stream into this folder; predict goes on from there. Ctrl-C ends a
        stream as its end does, and the exit status is then 130.
    embeddings: Path
        Write what the model makes of each user as of now to this .parquet file.
    picture: Path
        Draw the users by their embeddings, coloured by how much they are trusted, into this .svg or .png file.
    json: bool
        Print one JSON document of all pairs.
    """
    wanted = [pairs is not None, stream, embeddings is not None or picture is not None]
    if not any(wanted) or (pairs is not None and stream):
        found = "both --pairs and --stream" if any(wanted) else "nothing to predict"
        expected = "--pairs FILE, --stream, --embeddings FILE or --picture FILE"
        raise UserError("apportion signed predict", found, expected, "Type one of them.")
    for name, path, endings in (
        ("embeddings", embeddings, (".parquet",)),
        ("picture", picture, (".svg", ".png")),
    ):
        if path is not None and path.suffix.lower() not in endings:
            raise UserError(f"--{name} {path}", "another ending", " or ".join(endings), "Change its name.")
        if path is not None:
            make_room_for_file(f"--{name}", path)
    if out is not None:
        make_room_for_folder("--out", out)
    from apportion.signed.live_artefact import load, save
    from apportion.signed.trained import description_of

    trained = description_of(folder)
    live = load(folder)
    if pairs is not None:
        _score_pairs(live, trained, pairs, json)
    bad, stopped = _score_stream(live, trained) if stream else (0, False)
    if embeddings is not None:
        from apportion.signed.embeddings import write_embeddings

        write_embeddings(live.users, live.embeddings(), embeddings)
        print(f"apportion: {embeddings}: embeddings of {len(live.users):,} users", file=sys.stderr)
    if picture is not None:
        from apportion.reports.users_figure import draw_users
        from apportion.signed.picture import user_map

        draw_users(user_map(live.embeddings(), live.observed), picture)
        print(f"apportion: {picture}: {len(live.users):,} users", file=sys.stderr)
    if out is not None:
        save(live, out, beside=folder)
        print(f"apportion: {out}: the model as of {live.latest:.10g}", file=sys.stderr)
    if stopped:
        sys.exit(130)
    if bad:
        sys.exit(2)


def _score_pairs(live: "Live", trained: "Trained", path: Path, json: bool) -> None:
    from apportion.signed.gathering import counted
    from apportion.signed.questions import read_pairs_file

    frame = read_pairs_file(path, live.users)
    source, target = frame["source"].to_list(), frame["target"].to_list()
    scores = live.score(source, target)
    calibrated = trained.calibration.apply(trained.task, scores)
    rows = [
        {
            "source": s,
            "target": t,
            "score": _value(score, trained.task),
            "calibrated": _value(better, trained.task),
        }
        for s, t, score, better in zip(source, target, scores, calibrated, strict=True)
    ]
    known = set(live.users)
    strangers = {user for user in source + target if user not in known}
    if json:
        print_json({"task": trained.task, "time": live.now, "new_users": len(strangers), "pairs": rows})
        return
    if strangers:
        count = counted(len(strangers), "user")
        print(f"apportion: {path}: {count} that the model has never seen", file=sys.stderr)
    print(_csv(rows), end="")


def _score_stream(live: "Live", trained: "Trained") -> tuple[int, bool]:
    """Write a JSON line for each line that can be scored; return how many could not, and whether Ctrl-C came.

    It waits until an event that was begun has been taken in and written.
    """
    bad = 0
    try:
        for batch, faults in _batches(live):
            for line in faults:
                print(f"apportion: {line}", file=sys.stderr, flush=True)
            bad += len(faults)
            scores = live.walk(batch)
            for one in batch:
                with interrupts_held():
                    _write(one, next(scores), trained)
    except KeyboardInterrupt:
        return bad, True
    return bad, False


def _write(one: "Asked", score: Any, trained: "Trained") -> None:
    better = trained.calibration.apply(trained.task, score[None])[0]
    row: dict[str, Any] = {"source": one.source, "target": one.target, "time": one.time}
    if one.weight is not None:
        row["weight"] = one.weight
    print_json(row | {"score": _value(score, trained.task), "calibrated": _value(better, trained.task)})


def _batches(live: "Live") -> "Iterator[tuple[list[Asked], list[str]]]":
    """Yield what can be scored of the lines that are there, and a message for each of the others."""
    from apportion.signed.opening import BYTE_ORDER_MARK
    from apportion.signed.questions import STREAM_ORDER, asked_of, stream_header
    from apportion.signed.stream import refuse

    number = 0
    columns: tuple[str, ...] | None = None  # until the first line that is not blank
    for lines in _lines():
        batch: list[Asked] = []
        faults: list[str] = []
        latest = live.latest
        for raw in lines:
            number += 1
            where = f"standard input, line {number:,}"
            line = (raw.removeprefix(BYTE_ORDER_MARK) if number == 1 else raw).decode("utf-8", "replace")
            if REPLACED in line:
                faults.append(
                    f"{where}: found bytes that are not UTF-8; expected UTF-8 text. Leave the line out."
                )
                continue
            if not line.strip():
                continue
            if columns is None:
                header = stream_header(line, where)
                columns = header or STREAM_ORDER
                if header is not None:
                    continue
            try:
                one = asked_of(line, where, columns)
                refuse(one, latest, where)
            except UserError as error:
                faults.append(str(error))
                continue
            latest = latest if one.weight is None else one.time
            batch.append(one)
        yield batch, faults


def _lines() -> Iterator[list[bytes]]:
    """Yield the whole lines of standard input as they come in, so that nobody waits for a line that is there."""
    rest, file = b"", sys.stdin.fileno()
    while True:
        select.select(
            [file], [], []
        )  # a read goes on after Ctrl-C where a library has set the signal so; this ends
        piece = os.read(file, PIECE)
        if not piece:
            break
        *lines, rest = (rest + piece).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _value(score: Any, task: "SignedTask") -> float | dict[str, float]:
    from apportion.signed.scorer import CLASSES

    if task == "signed-existence":
        return dict(zip(CLASSES, (float(part) for part in score), strict=True))
    return float(score)


def _csv(rows: list[dict[str, Any]]) -> str:
    """Return rows as CSV with a header; what has parts gets a column a part."""
    import polars as pl

    flat = []
    for row in rows:
        one: dict[str, Any] = {}
        for name, value in row.items():
            one |= (
                {f"{name}_{part}": v for part, v in value.items()}
                if isinstance(value, dict)
                else {name: value}
            )
        flat.append(one)
    return pl.DataFrame(flat).write_csv()
