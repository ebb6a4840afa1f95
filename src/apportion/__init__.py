"""Apportion tells you which human judgements to buy next.

The same things that the command line does, as functions and values:

    if __name__ == "__main__":  # worker processes import the script
        study = read_study(Path("studies/world-smoke.toml"))
        result = run_study(study, graph_of(study), Path("runs/world-smoke"))
"""

from apportion.errors import UserError
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
