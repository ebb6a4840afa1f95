"""Apportion tells you which human judgements to buy next.

The same things that the command line does, as functions and values:

    if __name__ == "__main__":  # worker processes import the script
        study = read_study(Path("studies/world-smoke.toml"))
        result = run_study(study, graph_of(study), Path("runs/world-smoke"))

A name is imported when it is first used, so that `apportion --help` need not wait for what it does not show.
"""

import importlib
from typing import TYPE_CHECKING

from apportion.errors import UserError

if TYPE_CHECKING:
    from apportion.judgements.demonstrations import Demonstration, Message, Prompt
    from apportion.judgements.pairs import PreferencePair
    from apportion.judgements.readers import read_demonstrations, read_pairs
    from apportion.judgements.subsets import subset
    from apportion.studies.cells import Cell, Prices, Purchase, purchase
    from apportion.studies.runner import RunResult, run_study
    from apportion.studies.stages import Graph, graph_of
    from apportion.studies.status import StudyStatus, study_status
    from apportion.studies.study import Study
    from apportion.studies.study_file import read_study
    from apportion.tasks.task import Grade, Problem, Task
    from apportion.tasks.world import WorldSettings, world_task

__version__ = "0.1.0"

_HOMES = {
    "Demonstration": "apportion.judgements.demonstrations",
    "Message": "apportion.judgements.demonstrations",
    "Prompt": "apportion.judgements.demonstrations",
    "PreferencePair": "apportion.judgements.pairs",
    "read_demonstrations": "apportion.judgements.readers",
    "read_pairs": "apportion.judgements.readers",
    "subset": "apportion.judgements.subsets",
    "Cell": "apportion.studies.cells",
    "Prices": "apportion.studies.cells",
    "Purchase": "apportion.studies.cells",
    "purchase": "apportion.studies.cells",
    "RunResult": "apportion.studies.runner",
    "run_study": "apportion.studies.runner",
    "Graph": "apportion.studies.stages",
    "graph_of": "apportion.studies.stages",
    "StudyStatus": "apportion.studies.status",
    "study_status": "apportion.studies.status",
    "Study": "apportion.studies.study",
    "read_study": "apportion.studies.study_file",
    "Grade": "apportion.tasks.task",
    "Problem": "apportion.tasks.task",
    "Task": "apportion.tasks.task",
    "WorldSettings": "apportion.tasks.world",
    "world_task": "apportion.tasks.world",
}
"""The module that each name of the public surface comes from; a test holds it against the imports above."""

__all__ = [
    "Cell",
    "Demonstration",
    "Grade",
    "Graph",
    "Message",
    "PreferencePair",
    "Prices",
    "Problem",
    "Prompt",
    "Purchase",
    "RunResult",
    "Study",
    "StudyStatus",
    "Task",
    "UserError",
    "WorldSettings",
    "graph_of",
    "purchase",
    "read_demonstrations",
    "read_pairs",
    "read_study",
    "run_study",
    "study_status",
    "subset",
    "world_task",
]


def __getattr__(name: str) -> object:
    """Return a name of the public surface, importing its module."""
    if name not in _HOMES:
        raise AttributeError(f"module 'apportion' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
