"""A trained model as a folder: weights and state, the network that it was trained on, settings, metrics, calibration.

network.safetensors, state.safetensors, model.json    the model, as `artefact` writes it, after the last event
events.parquet                                        the events
trained.json                                          protocol, split, decision, calibration, metrics; written last
"""

from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
import polars as pl

from apportion.errors import UserError
from apportion.identity import file_sha256
from apportion.signed.artefact import NETWORK, load, save
from apportion.signed.calibration import Calibration, Reliability, calibrate, reliability
from apportion.signed.evaluation import PARTS, Evaluation, evaluate
from apportion.signed.events import Events
from apportion.signed.learned import Learned
from apportion.signed.metrics import Decision
from apportion.signed.models import model
from apportion.signed.protocol import Protocol, Walk
from apportion.signed.running import Run, Told, fitted, way_of
from apportion.signed.scored import KINDS, Scored
from apportion.signed.scorer import CLASSES, SignedTask
from apportion.signed.splits import Split
from apportion.signed.tables import from_stored, read_stored, to_frame
from apportion.signed.writing import write_events

DESCRIPTION, EVENTS = "trained.json", "events.parquet"
CURE = "Train again: apportion signed train EVENTS --out DIR."


class Trained(msgspec.Struct, forbid_unknown_fields=True):
    """What `trained.json` holds: how the model came about, what it was worth on test, and how to read its scores.

    `metrics` by part (overall, transductive, inductive), those that do not exist None; `reliability` of test before and
    after calibration.
    """

    model: str
    task: SignedTask
    seed: int
    protocol: Protocol
    train_until: float
    validation_until: float
    users: int
    events: int
    digest: str
    decision: Decision
    calibration: Calibration
    metrics: dict[str, dict[str, float | None]]
    reliability: dict[Literal["raw", "calibrated"], Reliability]
    network: str | None = None  # sha256 of network.safetensors; folders written earlier do not say


class Opened(NamedTuple):
    """A folder that was read: the model after the last event, the way that it went, and its description."""

    scorer: Learned
    walk: Walk
    trained: Trained


def train(
    events: Events,
    task: SignedTask,
    name: str,
    folder: Path,
    *,
    protocol: Protocol,
    seed: int,
    told: Told | None = None,
) -> Trained:
    """Train a model, evaluate it, and write it with its state after the last event; return the description.

    Raises `UserError` before anything is done for a model without weights, and for events that a folder cannot hold
    as they are: with users that have no event, say, as a slice has them.
    """
    if not model(name).keeps_weights:
        raise UserError(
            f"--model {name}",
            "a model without weights to keep",
            "semba, semba-pure, tgn or another learned one",
            f"Compare it instead: apportion signed compare EVENTS --models {name}",
        )
    if from_stored(to_frame(events)).digest != events.digest:
        found = "users without an event, or events or users in an order of their own"
        cure = "Make them anew: Events.of(e.users[e.source], e.users[e.target], e.time, e.weight)."
        raise UserError("the events", found, "events as Events.of gives them", cure)
    split = Split.by_quantiles(events)
    walk = Walk(split, task, protocol)
    run = Run(name, seed)
    scorer = fitted(walk, run, None if told is None else lambda share: told(share, "training"))
    assert isinstance(scorer, Learned)
    evaluation = evaluate(scorer, way_of(walk, run))
    if not all(np.isfinite(part.score).all() for part in (evaluation.validation, evaluation.test)):
        cure = "Look at the weights and times: apportion signed info EVENTS."
        raise UserError(f"--model {name}", "scores that are no finite numbers", "finite scores", cure)
    calibration = calibrate(task, evaluation.validation.against("uniform"))
    test = evaluation.test.against("uniform")
    trained = Trained(
        name,
        task,
        seed,
        protocol,
        float(split.train.time[-1]),
        float(split.validation.time[-1]),
        events.n_users,
        len(events),
        events.digest,
        evaluation.decision,
        calibration,
        metrics_by_part(evaluation),
        {
            "raw": reliability(task, test),
            "calibrated": reliability(task, test.with_scores(calibration.apply(task, test.score))),
        },
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DESCRIPTION).unlink(missing_ok=True)
    write_events(events, folder / EVENTS)
    save(scorer, folder)
    trained.network = file_sha256(folder / NETWORK)
    part = folder / f"{DESCRIPTION}.part"
    part.write_bytes(msgspec.json.format(msgspec.json.encode(trained), indent=1))
    part.replace(folder / DESCRIPTION)
    return trained


def description_of(folder: Path) -> Trained:
    """Return how a model came about and what it is worth; `UserError` for a folder that does not say so."""
    path = folder / DESCRIPTION
    try:
        return msgspec.json.decode(path.read_bytes(), type=Trained)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(str(folder), f"no {DESCRIPTION}", "the folder of a trained model", CURE) from None
    except (msgspec.MsgspecError, UserError) as error:
        raise UserError(str(path), str(error), "the description of a trained model", CURE) from None


def open_trained(folder: Path) -> Opened:
    """Return what `train` wrote; `UserError` for a folder that holds nothing or something else."""
    trained = description_of(folder)
    events = trained_on(folder, trained)
    try:
        split = Split.at_times(events, trained.train_until, trained.validation_until)
    except UserError:
        found = f"a split at the times {trained.train_until:.10g} and {trained.validation_until:.10g}"
        expected = "one that leaves events in all three parts"
        raise UserError(str(folder / DESCRIPTION), found, expected, CURE) from None
    walk = way_of(Walk(split, trained.task, trained.protocol), Run(trained.model, trained.seed))
    scorer = load(folder)
    refuse_another(folder, trained, scorer)
    return Opened(scorer, walk, trained)


def trained_on(folder: Path, trained: Trained) -> Events:
    """Return the events that a model was trained on; `UserError` where the folder holds others."""
    events = read_stored(folder / EVENTS)
    if events.digest != trained.digest:
        raise UserError(str(folder / EVENTS), "other events", "those that the model was trained on", CURE)
    return events


def refuse_another(folder: Path, trained: Trained, scorer: Learned) -> None:
    """Raise `UserError` where the description of a folder is not that of the weights beside it."""
    is_other = trained.network not in (None, file_sha256(folder / NETWORK))
    if is_other or trained.task != scorer.task:
        found = f"the description of another model ({trained.model}, {trained.task})"
        raise UserError(str(folder / DESCRIPTION), found, "that of the weights beside it", CURE)


def metrics_by_part(evaluation: Evaluation) -> dict[str, dict[str, float | None]]:
    """Return the metrics of each part of test; None for one that does not exist."""
    return {
        part: {
            name: value if np.isfinite(value) else None for name, value in evaluation.metrics(part).items()
        }
        for part in PARTS
    }


def predictions(evaluation: Evaluation, users: Any, calibration: Calibration) -> pl.DataFrame:
    """Return every scored query of validation and test as a table, one row each.

    `event` is the position in time order of the event that the query stands beside; `kind` is "event" or the kind of
    non-link; `score` as the model gave it, for signed existence one column a class; `calibrated` after calibration;
    `seen` the number of the event's ends that training has seen. A user that exists nowhere has no id.
    """
    task = evaluation.task
    frames = [
        _frame(task, part, rows, np.asarray(users), calibration)
        for part, rows in (("validation", evaluation.validation), ("test", evaluation.test))
    ]
    return pl.concat(frames)


def _frame(task: SignedTask, part: str, rows: Scored, users: Any, calibration: Calibration) -> pl.DataFrame:
    calibrated = calibration.apply(task, rows.score)
    if task == "signed-existence":
        scores = {f"score_{name}": rows.score[:, c] for c, name in enumerate(CLASSES)}
        scores |= {f"calibrated_{name}": calibrated[:, c] for c, name in enumerate(CLASSES)}
    else:
        scores = {"score": rows.score, "calibrated": calibrated}
    ids = np.append(users, "")
    ends = {
        name: ids[np.minimum(getattr(rows, name), len(users))].astype(object) for name in ("source", "target")
    }
    return pl.DataFrame(
        {
            "part": np.full(len(rows), part, dtype=object),
            "event": rows.event,
            "kind": np.array(KINDS, dtype=object)[rows.kind],
            **ends,
            "time": rows.time,
            "seen": rows.seen,
            "label": rows.label,
            **scores,
        },
        schema_overrides={"part": pl.String, "kind": pl.String, "source": pl.String, "target": pl.String},
    )
