"""A study: what to buy, from which pools, what to train on it and how to score it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apportion.models.settings import ModelSettings
from apportion.studies.cells import Cell, Control, PreferenceMethod, Prices, Purchase, arms, purchase
from apportion.studies.own_task import OwnTask, load_own_task
from apportion.tasks.code import HumanEvalSettings, MBPPSettings, humaneval_task, mbpp_task
from apportion.tasks.files import FilesSettings, files_task
from apportion.tasks.instructions import IFEvalSettings, ifeval_task
from apportion.tasks.math import GSM8KSettings, gsm8k_task
from apportion.tasks.multihop import MULTIHOP, MultihopSettings
from apportion.tasks.new_knowledge import NewKnowledgeSettings, new_knowledge_task
from apportion.tasks.preference import (
    PreferenceTaskSettings,
    helpfulness_task,
    preference_task,
    summarization_task,
)
from apportion.tasks.task import Task
from apportion.tasks.world import WorldSettings, world_task
from apportion.training.decoding import DecodingSettings
from apportion.training.settings import PreferenceSettings, SFTSettings

TaskSettings = (
    WorldSettings
    | GSM8KSettings
    | HumanEvalSettings
    | MBPPSettings
    | IFEvalSettings
    | MultihopSettings
    | NewKnowledgeSettings
    | PreferenceTaskSettings
    | FilesSettings
    | OwnTask
)

TASKS: dict[str, tuple[type, Callable[[Any, Path], Task]]] = {
    "world": (WorldSettings, lambda settings, base: world_task(settings)),
    "gsm8k": (GSM8KSettings, gsm8k_task),
    "humaneval": (HumanEvalSettings, humaneval_task),
    "mbpp": (MBPPSettings, mbpp_task),
    "ifeval": (IFEvalSettings, ifeval_task),
    **{name: (MultihopSettings, task) for name, task in MULTIHOP.items()},
    "new-knowledge": (NewKnowledgeSettings, new_knowledge_task),
    "preference": (PreferenceTaskSettings, preference_task),
    "summarization": (PreferenceTaskSettings, summarization_task),
    "helpfulness": (PreferenceTaskSettings, helpfulness_task),
    "files": (FilesSettings, files_task),
}


@dataclass(frozen=True, slots=True)
class Hardware:
    """What `--dry-run` reckons time and its price with: speeds of the machine that is meant.

    Tokens (prompt and response; for a pair, prompt and response twice) are reckoned from the texts where they are
    not given; they have to be where the data cannot be read.
    """

    train_tokens_per_second: float
    decode_tokens_per_second: float
    usd_per_hour: float = 0.0
    tokens_per_demonstration: float | None = None
    tokens_per_pair: float | None = None
    decoded_tokens_per_cell: float | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """The top level of a study file. Budgets are in USD; a share is that of the money for demonstrations.

    `taught` adds to every purchase without pairs a cell that is trained on the task's lessons last, `replay` shows it
    so many of its own demonstrations again for each lesson, in between.
    """

    budgets: tuple[float, ...] = ()
    shares: tuple[float, ...] = (1.0, 0.5, 0.0)
    seeds: tuple[int, ...] = (0,)
    methods: tuple[PreferenceMethod, ...] = ("dpo",)
    controls: tuple[Control, ...] = ()
    control_budgets: tuple[float, ...] | None = None
    base: bool = True
    taught: bool = False
    replay: float = 0.0
    data_seed: int | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """A study as a value. `file` is where it was read; it names nothing."""

    name: str
    grid: Grid
    prices: Prices
    purchases: tuple[Purchase, ...]
    model: ModelSettings
    task_name: str
    task: TaskSettings
    sft: SFTSettings
    preference: dict[str, PreferenceSettings]
    lessons: SFTSettings
    decoding: DecodingSettings
    hardware: Hardware | None
    accelerate: str | None
    file: Path

    @property
    def folder(self) -> Path:
        """The study file's folder, from which relative paths count."""
        return self.file.parent

    @property
    def model_label(self) -> str:
        """The model's name in outcomes: the hub id, or the name of the file (without .gguf) or folder."""
        source = os.path.expandvars(self.model.source)
        path = Path(source)
        if path.suffix == ".gguf":
            return path.stem
        return path.name if source[:1] in "./~" else source

    def load_task(self) -> Task:
        """Return the task with its pools and held-out items; reads the data."""
        if isinstance(self.task, OwnTask):
            return load_own_task(self.task, self.folder)
        return TASKS[self.task_name][1](self.task, self.folder)

    def bought(self) -> dict[Purchase, list[tuple[float, float]]]:
        """Return the purchases of the study, each with the (budget, share) points of the grid that it stands for."""
        found: dict[Purchase, list[tuple[float, float]]] = {}
        for budget in self.grid.budgets:
            for share in self.grid.shares:
                found.setdefault(purchase(budget, share, self.prices), []).append((budget, share))
        for extra in self.purchases:
            found.setdefault(extra, [])
        return found

    def cells(self) -> tuple[Cell, ...]:
        """Return the cells, each once, smallest purchase first."""
        cells: dict[Cell, None] = {}
        purchases = self.bought()
        if self.grid.base:
            purchases.setdefault(Purchase(), [])
        for seed in self.grid.seeds:
            for bought in sorted(purchases, key=lambda p: (p.n_demonstrations + p.n_pairs, p.n_pairs)):
                points = purchases[bought]
                allowed = self.grid.control_budgets
                controlled = allowed is None or not points or any(budget in allowed for budget, _ in points)
                controls = self.grid.controls if controlled else ()
                for method in arms(bought, self.grid.methods, controls, taught=self.grid.taught):
                    # the base model has no training to repeat
                    cell_seed = 0 if method == "base" else seed
                    counts = bought.n_demonstrations, bought.n_pairs
                    cells[Cell(self.task_name, self.model_label, *counts, method, cell_seed)] = None
        return tuple(cells)
