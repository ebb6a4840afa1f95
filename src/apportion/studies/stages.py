"""The graph of a study: content-named units of work, shared wherever two cells begin alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Literal

from apportion.errors import UserError
from apportion.identity import digest, seed_for
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.subsets import permuted
from apportion.models.causal import model_identity
from apportion.studies.cells import Cell, PreferenceMethod
from apportion.studies.launch import mixed_precision
from apportion.studies.study import Study
from apportion.tasks.task import Grade, Problem, Task
from apportion.training.settings import Layout, PreferenceSettings, SFTSettings

STAGE_VERSION = 3
"""Raised when the code of a stage changes what it computes; old stages then stay and new ones are trained."""

GRADING_VERSION = 5
"""Raised when decoding or grading changes what it computes; cells are then graded again, nothing is retrained."""

Kind = Literal["sft", "reference", "preference", "cell"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of work: a stage (one training run or one reference pass) or the grading of a cell.

    `chain` holds the names of the trained stages that the unit's model goes through, oldest first; `reference`
    names the unit with the reference log-probabilities, `layout` says how these are computed; `rows` are the
    judgements of the stage; `cell` is set for grading. `name` is the hash of all that decides the result.
    """

    name: str
    kind: Kind
    chain: tuple[str, ...]
    reference: str | None = None
    layout: Layout | None = None
    settings: SFTSettings | PreferenceSettings | None = None
    rows: tuple[Demonstration, ...] | tuple[PreferencePair, ...] = ()
    seed: int = 0
    cell: Cell | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """The units that have to be done before this one."""
        return self.chain if self.reference is None else (*self.chain, self.reference)

    @property
    def folder(self) -> str:
        """Where the unit lies below the study's folder."""
        return f"{'cells' if self.kind == 'cell' else 'stages'}/{self.name}"


class Graph:
    """All units of a study in an order in which they can be done."""

    def __init__(self, study: Study, task: Task, model_identity: str) -> None:
        self.units: dict[str, Unit] = {}
        self.asked_for = 0
        """How many stages a runner without sharing would train: each cell's own, one by one."""
        self.study = study
        self.task = task
        self._model_identity = model_identity
        refuse_nothing_held_out(task.name, len(task.problems) + len(task.answers) + len(task.comparisons))
        self._evaluation = digest(
            [
                GRADING_VERSION,
                task.problems,
                task.answers,
                task.comparisons,
                task.max_new_tokens,
                _named(task.grade),
                study.decoding,
                *([] if task.beside is None else [task.beside]),
            ]
        )
        self._pools: dict[tuple[str, int], Sequence] = {}
        for cell in study.cells():
            self._add_cell(cell)

    @property
    def trainings(self) -> list[Unit]:
        """The units that train: SFT and preference stages."""
        return [unit for unit in self.units.values() if unit.kind in ("sft", "preference")]

    def _add_cell(self, cell: Cell) -> None:
        data_seed = cell.seed if self.study.grid.data_seed is None else self.study.grid.data_seed
        chain: tuple[str, ...] = ()
        if cell.n_demonstrations:
            rows = self._subset("demonstrations", cell.n_demonstrations, data_seed)
            chain = self._sft(chain, rows, cell.seed)
        if cell.method == "taught":
            refuse_no_lessons(self.task.name, len(self.task.lessons))
            again = round(self.study.grid.replay * len(self.task.lessons))
            shown = self._subset("demonstrations", min(again, cell.n_demonstrations), data_seed)
            chain = self._sft(chain, (*self.task.lessons, *shown), cell.seed, self.study.lessons)
        if cell.method == "sft-on-chosen":
            pairs = self._subset("pairs", cell.n_pairs, data_seed)
            chosen = tuple(Demonstration(pair.id, pair.prompt, pair.chosen) for pair in pairs)
            chain = self._sft(chain, chosen, cell.seed)
        elif cell.n_pairs:
            pairs = self._subset("pairs", cell.n_pairs, data_seed)
            chain = self._preference(chain, pairs, cell.method, cell.seed)  # type: ignore[arg-type]
        self.asked_for += len(chain)
        name = digest(["cell", self._parent(chain), self._evaluation, cell])
        self._add(Unit(name, "cell", chain, seed=cell.seed, cell=cell))

    def _sft(
        self,
        chain: tuple[str, ...],
        rows: tuple[Demonstration, ...],
        seed: int,
        settings: SFTSettings | None = None,
    ) -> tuple[str, ...]:
        settings = settings or self.study.sft
        name = digest(
            [
                "sft",
                STAGE_VERSION,
                self._parent(chain),
                settings,
                digest([content(row) for row in rows]),
                seed,
            ]
        )
        self._add(Unit(name, "sft", chain, settings=settings, rows=rows, seed=seed))
        return (*chain, name)

    def _preference(
        self, chain: tuple[str, ...], pairs: tuple[PreferencePair, ...], method: PreferenceMethod, seed: int
    ) -> tuple[str, ...]:
        settings = self.study.preference[method]
        parent, data = self._parent(chain), digest([content(pair) for pair in pairs])
        layout = settings.layout_for(len(pairs))
        reference = digest(["reference", STAGE_VERSION, parent, data, layout])
        self._add(Unit(reference, "reference", chain, rows=pairs, layout=layout))
        name = digest(["preference", STAGE_VERSION, parent, settings, data, seed])
        self._add(Unit(name, "preference", chain, reference, layout, settings, pairs, seed))
        return (*chain, name)

    def _parent(self, chain: tuple[str, ...]) -> str:
        return chain[-1] if chain else self._model_identity

    def _add(self, unit: Unit) -> None:
        self.units.setdefault(unit.name, unit)

    def _subset(self, pool: Literal["demonstrations", "pairs"], n: int, seed: int) -> tuple:
        """The first n of the pool's one permutation for this seed."""
        rows = self._pools.get((pool, seed))
        if rows is None:
            # A seed for each pool: prompts that are in both must not come first in both
            rows = permuted(getattr(self.task, pool), seed_for(str(seed), pool))
            self._pools[pool, seed] = rows
        refuse_small_pool(self.task.name, pool, len(rows), n)
        return tuple(rows[:n])


def refuse_nothing_held_out(task: str, items: int) -> None:
    """Raise UserError for a task without anything to score by."""
    if not items:
        expected = "problems, answers or comparisons to score by"
        raise UserError(f"task '{task}'", "nothing held out", expected, "Give the task held-out items.")


def refuse_no_lessons(task: str, lessons: int) -> None:
    """Raise UserError for a study that teaches where the task has nothing to teach."""
    if not lessons:
        cure = 'Remove taught = true, or name the task "new-knowledge".'
        raise UserError(f"task '{task}'", "no lessons, and taught = true", "a task that has some", cure)


def refuse_small_pool(task: str, pool: str, there: int, wanted: int) -> None:
    """Raise UserError if a pool holds less than is bought from it."""
    if wanted > there:
        raise UserError(
            f"task '{task}', {pool}",
            f"{there} in the pool",
            f"at least {wanted}, which the largest purchase asks for",
            "Lower the budgets, raise the price, or add data.",
        )


def content(row: Demonstration | PreferencePair) -> tuple:
    """Return what a judgement says, without its id: a file that is renamed holds the same judgements."""
    if isinstance(row, Demonstration):
        return row.prompt, row.response
    return row.prompt, row.chosen, row.rejected


def _named(grade: Callable[[Problem, str], Grade]) -> str:
    """What a grader is called in a cell's name: a function by its place, a frozen grader with its settings."""
    if isinstance(grade, FunctionType):
        return f"{grade.__module__}.{grade.__qualname__}"
    return f"{type(grade).__module__}.{grade!r}"


def graph_of(study: Study) -> Graph:
    """Return the graph of a study: reads its data and hashes its model; loads neither weights nor torch."""
    model = model_identity(study.model, study.folder)
    precision = mixed_precision(study)
    return Graph(study, study.load_task(), model if precision is None else digest([model, precision]))
