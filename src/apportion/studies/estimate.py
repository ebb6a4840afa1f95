"""What a study will buy, share and cost, before anything is trained: what `--dry-run` shows."""

from dataclasses import dataclass
from statistics import fmean

from apportion.errors import UserError
from apportion.judgements.demonstrations import Prompt
from apportion.models.causal import here
from apportion.studies.cells import Cell, Purchase
from apportion.studies.expectation import Expectation, expectation_lines
from apportion.studies.progress import duration
from apportion.studies.stages import refuse_no_lessons, refuse_nothing_held_out, refuse_small_pool
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
    if cell.method == "taught":
        found = (*found, Training(found[-1] if found else None, "lessons", 0, cell.seed))
    if cell.n_pairs:
        parent = found[-1] if found else None
        found = (*found, Training(parent, cell.method, cell.n_pairs, cell.seed))
    return found


@dataclass(frozen=True, slots=True)
class Recipe:
    """A purchase and what is trained on it, with its seeds and the (budget, share) points it stands for."""

    n_demonstrations: int
    n_pairs: int
    method: str
    seeds: tuple[int, ...]
    cost_usd: float
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Pools:
    """Sizes of what can be bought and of what is held out."""

    demonstrations: int
    pairs: int
    problems: int
    answers: int
    comparisons: int
    lessons: int = 0


@dataclass(frozen=True, slots=True)
class MachineTime:
    """Tokens trained and decoded, the seconds they take at the speeds in [hardware], and what the machine costs."""

    tokens_trained: float
    tokens_decoded: float
    seconds: float
    machine_usd: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a study will do. `model_fault` says why the model is not there yet, `data_fault` why the pools are not
    known; `time` is None without [hardware]; `expected` is what a probe of this machine foretells.
    """

    study: str
    model: str
    task: str
    recipes: tuple[Recipe, ...]
    cells: int
    stages: int
    stages_without_sharing: int
    labels: Purchase
    labels_usd: float
    draws: int
    model_fault: str | None
    pools: Pools | None
    data_fault: str | None
    time: MachineTime | None
    expected: Expectation | None = None

    def refuse(self) -> None:
        """Raise the UserError with which the run would refuse these pools, if it would."""
        if self.pools is None:
            return
        held_out = self.pools.problems + self.pools.answers + self.pools.comparisons
        refuse_nothing_held_out(self.task, held_out)
        refuse_small_pool(
            self.task, "demonstrations", self.pools.demonstrations, self.labels.n_demonstrations
        )
        if any(recipe.method == "taught" for recipe in self.recipes):
            refuse_no_lessons(self.task, self.pools.lessons)
        refuse_small_pool(self.task, "pairs", self.pools.pairs, self.labels.n_pairs)


def estimate(study: Study) -> Estimate:
    """Return what a study will train, share, buy and cost; reads its data if that is there, trains nothing."""
    cells = study.cells()
    wanted = [training for cell in cells for training in trainings_of(cell)]
    shared = list(dict.fromkeys(wanted))
    bought = list(study.bought())
    # Subsets nest, so the labels of one seed are those of the largest counts
    labels = Purchase(max(b.n_demonstrations for b in bought), max(b.n_pairs for b in bought))
    task, fault, model_fault = None, None, None
    try:
        here(study.model, study.folder)
    except UserError as error:  # what it takes can be told before the model is fetched
        model_fault = str(error)
    try:
        task = study.load_task()
    except UserError as error:
        if not error.where.startswith("hf:"):  # a hub that is out of reach leaves the rest to be said
            raise
        fault = str(error)
    return Estimate(
        study=study.name,
        model=study.model_label,
        task=study.task_name,
        recipes=_recipes(study, cells),
        cells=len(cells),
        stages=len(shared),
        stages_without_sharing=len(wanted),
        labels=labels,
        labels_usd=labels.cost_usd(study.prices),
        draws=1 if study.grid.data_seed is not None else len(study.grid.seeds),
        model_fault=model_fault,
        pools=None
        if task is None
        else Pools(
            *map(len, (task.demonstrations, task.pairs, task.problems, task.answers, task.comparisons)),
            lessons=len(task.lessons),
        ),
        data_fault=fault,
        time=None if study.hardware is None else _time(study, study.hardware, task, len(cells), shared),
    )


def estimate_lines(found: Estimate) -> list[str]:
    """Return an estimate as lines for a person."""
    lines = [f"study {found.study}: model {found.model}, task {found.task}, {found.cells} cells"]
    lines.append(
        f"{'demonstrations':>15}{'pairs':>8}  {'method':<14}{'seeds':<12}{'USD':>10}  budget @ share"
    )
    for one in found.recipes:
        where = ", ".join(f"{budget:g} @ {share:g}" for budget, share in one.points)
        seeds = ",".join(map(str, one.seeds))
        counts = f"{one.n_demonstrations:>15}{one.n_pairs:>8}"
        lines.append(f"{counts}  {one.method:<14}{seeds:<12}{one.cost_usd:>10,.2f}  {where}".rstrip())
    saved = found.stages / max(1, found.stages_without_sharing)
    lines.append(
        f"stages: {found.stages} to train; {found.stages_without_sharing} for a runner that shares nothing "
        f"({saved:.0%})"
    )
    note = "" if found.draws == 1 else f", each of {found.draws} seeds its own draw from the pools"
    lines.append(
        f"labels to own: {found.labels.n_demonstrations:,} demonstrations and {found.labels.n_pairs:,} pairs, "
        f"{found.labels_usd:,.2f} USD{note}"
    )
    if found.model_fault is not None:
        lines.append(f"model not there yet: {found.model_fault}")
    if found.pools is None:
        lines.append(f"data not read: {found.data_fault}")
    else:
        lines.append(
            f"pools: {found.pools.demonstrations} demonstrations, {found.pools.pairs} pairs; held out: "
            f"{found.pools.problems} problems, {found.pools.answers} answers, {found.pools.comparisons} pairs"
        )
    if found.time:
        lines.append(
            f"time: {found.time.tokens_trained / 1e6:,.1f} million tokens trained, "
            f"{found.time.tokens_decoded / 1e6:,.1f} million decoded, about {duration(found.time.seconds)} at the "
            f"speeds in [hardware]; {found.time.machine_usd:,.2f} USD for the machine"
        )
    if found.expected:
        lines += expectation_lines(found.expected)
    return lines


def _recipes(study: Study, cells: tuple[Cell, ...]) -> tuple[Recipe, ...]:
    points = study.bought()
    seeds: dict[tuple[int, int, str], list[int]] = {}
    for cell in cells:
        seeds.setdefault((cell.n_demonstrations, cell.n_pairs, cell.method), []).append(cell.seed)
    found = []
    for (demonstrations, pairs, method), of_it in seeds.items():
        bought = Purchase(demonstrations, pairs)
        where = tuple(points.get(bought, ()))
        found.append(
            Recipe(demonstrations, pairs, method, tuple(of_it), bought.cost_usd(study.prices), where)
        )
    return tuple(found)


def _time(
    study: Study, hardware: Hardware, task: Task | None, cells: int, shared: list[Training]
) -> MachineTime:
    demonstration, pair, decoded = _tokens(study, hardware, task)
    if demonstration is None or pair is None or decoded is None:
        raise UserError(
            "[hardware]",
            "no data to count tokens in",
            "tokens_per_demonstration, tokens_per_pair and decoded_tokens_per_cell",
            "Give them there, or make the data readable.",
        )
    trained = 0.0
    lessons = len(task.lessons) if task is not None else 0
    lesson = fmean(
        [len(_text(row.prompt) + row.response) / CHARACTERS_PER_TOKEN for row in task.lessons]
        if task is not None and lessons
        else [0.0]
    )
    for training in shared:
        if training.kind == "lessons":
            trained += lesson * _rows_seen(study.lessons, lessons)
        elif training.kind in ("sft", "sft-on-chosen"):
            seen = _rows_seen(study.sft, training.rows)
            trained += seen * (demonstration if training.kind == "sft" else pair / 2)
        else:  # a reference pass is a third of a training pass
            seen = _rows_seen(study.preference[training.kind], training.rows)
            trained += (seen + training.rows / 3) * pair
    seconds = trained / hardware.train_tokens_per_second
    seconds += cells * decoded / hardware.decode_tokens_per_second
    return MachineTime(trained, cells * decoded, seconds, seconds / 3600 * hardware.usd_per_hour)


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
