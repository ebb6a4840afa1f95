"""A task: judgements to buy, held-out items to score them by, and the rule that grades an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from apportion.error_classes import ErrorClass
from apportion.judgements.demonstrations import Demonstration, Prompt
from apportion.judgements.pairs import PreferencePair


@dataclass(frozen=True, slots=True)
class Problem:
    """A held-out prompt that the model answers by decoding; `reference` is what the grader compares with."""

    id: str
    prompt: Prompt
    reference: str


@dataclass(frozen=True, slots=True)
class Grade:
    """How one answer was graded.

    `strict` asks for the right answer in the right form, `flexible` for the right answer anywhere in the text.
    `error_class` is "none" for a strictly right answer, else what went wrong in the words that all tasks share
    (`error_classes.MEANINGS`); `detail` is the task's own, finer word. `score` is what the task's metric records
    where that is not whether the answer is strictly right. `beside` are the scores of the task's second metric, where
    it has one: that of the answer, or those of its parts.
    """

    strict: bool
    flexible: bool
    error_class: ErrorClass
    score: float | None = None
    detail: str | None = None
    beside: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that a study needs to know of a task.

    `demonstrations` and `pairs` are the pools that a budget buys from. `problems` are decoded and graded
    (metric "accuracy"), `answers` are held-out demonstrations scored by nats per response token (metric "nll",
    lower is better), `comparisons` are held-out pairs scored by whether the chosen side is likelier (metric
    "preference_accuracy"). Any of the three may be empty, not all. `metric` is "accuracy" or, where answers have no
    right and wrong, the name of what a grade's score is. `beside` names a second metric of the same answers: "f1", or
    "instruction_accuracy", whose items are the parts of a problem, ID/1, ID/2. `lessons` are what some studies teach
    last of all, to see what the model that was trained before makes of it.
    """

    name: str
    demonstrations: tuple[Demonstration, ...]
    pairs: tuple[PreferencePair, ...]
    problems: tuple[Problem, ...]
    answers: tuple[Demonstration, ...]
    comparisons: tuple[PreferencePair, ...]
    grade: Callable[[Problem, str], Grade]
    max_new_tokens: int
    metric: Literal["accuracy", "rouge_l"] = "accuracy"
    beside: Literal["f1", "instruction_accuracy"] | None = None
    lessons: tuple[Demonstration, ...] = ()
