"""What a study will buy, share and cost, before anything is trained: the lines of `--dry-run`."""

from dataclasses import dataclass
from statistics import fmean

from apportion.errors import UserError
from apportion.judgements.demonstrations import Prompt
from apportion.studies.cells import Cell
from apportion.studies.progress import duration
from apportion.studies.study import Hardware, Study
from apportion.tasks.task import Task
from apportion.training.settings import SFTSettings

CHARACTERS_PER_TOKEN = 4.0
"""A rule of thumb for English and subword vocabularies; a dry run loads no tokenizer."""


@dataclass(frozen=True, slots=True)
class Training:
    """A training run of the study, told apart by what it starts from: equal values are one shared stage."""

    parent: "Training | None"
    kind: str
    rows: int
    seed: int


def trainings_of(cell: Cell) -> tuple[Training, ...]:
    """Return the training runs that a cell goes through, in order.

    Counts stand for contents here: subsets nest, so equal counts of one seed are equal subsets.
    """
    found: tuple[Training, ...] = ()
    if cell.n_demonstrations:
        found = (Training(None, "sft", cell.n_demonstrations, cell.seed),)
    if cell.n_pairs:
        parent = found[-1] if found else None
        found = (*found, Training(parent, cell.method, cell.n_pairs, cell.seed))
    return found


def dry_run_lines(study: Study) -> list[str]:
    """Return what `--dry-run` prints: cells, shared stages, examples, money and, with [hardware], time."""
    cells = study.cells()
    wanted = [training for cell in cells for training in trainings_of(cell)]
    shared = list(dict.fromkeys(wanted))
    lines = [f"study {study.name}: model {study.model_label}, task {study.task_name}, {len(cells)} cells"]
    lines += _cell_lines(study, cells)
    lines.append(
        f"stages: {len(shared)} to train; {len(wanted)} for a runner that shares nothing "
        f"({len(shared) / max(1, len(wanted)):.0%})"
    )
    lines += _label_lines(study)
    task: Task | None = None
    try:
        task = study.load_task()
        lines += _pool_lines(task, cells)
    except UserError as error:
        lines.append(f"data not read: {error}")
    if study.hardware:
        lines.append(_time_line(study, study.hardware, task, len(cells), shared))
    return lines


def _pool_lines(task: Task, cells: tuple[Cell, ...]) -> list[str]:
    lines = [
        f"pools: {len(task.demonstrations)} demonstrations, {len(task.pairs)} pairs; held out: "
        f"{len(task.problems)} problems, {len(task.answers)} answers, {len(task.comparisons)} pairs"
    ]
    for name, pool, most in (
        ("demonstrations", task.demonstrations, max(cell.n_demonstrations for cell in cells)),
        ("pairs", task.pairs, max(cell.n_pairs for cell in cells)),
    ):
        if most > len(pool):
            lines.append(
                f"too few {name}: {most} wanted, {len(pool)} in the pool; this study would not start"
            )
    return lines


def _cell_lines(study: Study, cells: tuple[Cell, ...]) -> list[str]:
    points = study.bought()
    by_recipe: dict[tuple[int, int, str], list[int]] = {}
    for cell in cells:
        by_recipe.setdefault((cell.n_demonstrations, cell.n_pairs, cell.method), []).append(cell.seed)
    lines = [f"{'demonstrations':>15}{'pairs':>8}  {'method':<14}{'seeds':<12}{'USD':>10}  budget @ share"]
    for (demonstrations, pairs, method), seeds in by_recipe.items():
        here = next(
            (p for b, p in points.items() if (b.n_demonstrations, b.n_pairs) == (demonstrations, pairs)), []
        )
        cost = demonstrations * study.prices.demonstration + pairs * study.prices.pair
        where = ", ".join(f"{budget:g} @ {share:g}" for budget, share in here)
        shown = ",".join(map(str, seeds))
        lines.append(f"{demonstrations:>15}{pairs:>8}  {method:<14}{shown:<12}{cost:>10,.2f}  {where}")
    return lines


def _label_lines(study: Study) -> list[str]:
    """Subsets nest, so the labels of one seed are those of the largest counts."""
    bought = list(study.bought())
    demonstrations = max(purchase.n_demonstrations for purchase in bought)
    pairs = max(purchase.n_pairs for purchase in bought)
    cost = demonstrations * study.prices.demonstration + pairs * study.prices.pair
    draws = 1 if study.grid.data_seed is not None else len(study.grid.seeds)
    note = "" if draws == 1 else f", each of {draws} seeds its own draw from the pools"
    return [f"labels to own: {demonstrations:,} demonstrations and {pairs:,} pairs, {cost:,.2f} USD{note}"]


def _time_line(
    study: Study, hardware: Hardware, task: Task | None, cells: int, shared: list[Training]
) -> str:
    demonstration, pair, decoded = _tokens(study, hardware, task)
    if demonstration is None or pair is None or decoded is None:
        return (
            "time: not known without the data; give tokens_per_... and decoded_tokens_per_cell in [hardware]"
        )
    trained = 0.0
    for training in shared:
        if training.kind in ("sft", "sft-on-chosen"):
            seen = _rows_seen(study.sft, training.rows)
            trained += seen * (demonstration if training.kind == "sft" else pair / 2)
        else:  # a reference pass is a third of a training pass
            seen = _rows_seen(study.preference[training.kind], training.rows)
            trained += (seen + training.rows / 3) * pair
    seconds = trained / hardware.train_tokens_per_second
    seconds += cells * decoded / hardware.decode_tokens_per_second
    cost = seconds / 3600 * hardware.usd_per_hour
    return (
        f"time: {trained / 1e6:,.1f} million tokens trained, {cells * decoded / 1e6:,.1f} million decoded, "
        f"about {duration(seconds)} at the speeds in [hardware]; {cost:,.2f} USD for the machine"
    )


def _rows_seen(settings: SFTSettings, rows: int) -> float:
    """How many rows a training runs through, epochs and steps taken together."""
    return min(rows, settings.batch_for(rows)) * settings.accumulation * settings.steps_for(rows)


def _tokens(
    study: Study, hardware: Hardware, task: Task | None
) -> tuple[float | None, float | None, float | None]:
    """Tokens of a demonstration, of a pair, and decoded per cell: as given, else reckoned from the texts."""

    def tokens(*texts: str) -> float:
        return min(sum(map(len, texts)) / CHARACTERS_PER_TOKEN, study.model.max_length)

    demonstration, pair = hardware.tokens_per_demonstration, hardware.tokens_per_pair
    decoded = hardware.decoded_tokens_per_cell
    if task is not None:
        if demonstration is None:
            sizes = [tokens(_text(d.prompt), d.response) for d in task.demonstrations]
            demonstration = fmean(sizes or [0.0])
        if pair is None:
            both = [[tokens(_text(p.prompt), side) for side in (p.chosen, p.rejected)] for p in task.pairs]
            pair = fmean([sum(sides) for sides in both] or [0.0])
        if decoded is None:
            decoded = len(task.problems) * float(study.decoding.max_new_tokens or task.max_new_tokens)
    return demonstration, pair, decoded


def _text(prompt: Prompt) -> str:
    return prompt if isinstance(prompt, str) else " ".join(turn.content for turn in prompt)
