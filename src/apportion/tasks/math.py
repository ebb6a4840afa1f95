"""GSM8K: school mathematics in words (Cobbe et al., 2021, arXiv 2110.14168), graded by the final number."""

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from apportion.errors import UserError
from apportion.judgements.contamination import prompt_key, refuse_contamination
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.readers import read_demonstrations, read_pairs
from apportion.judgements.subsets import scattered, split_by_prompt
from apportion.tasks.anatomy import classify_solution
from apportion.tasks.arithmetic import without_marks
from apportion.tasks.grade import MARKER, last_number, number, strict_number
from apportion.tasks.prompts import Template, posed, posed_demonstration, posed_pair
from apportion.tasks.sources import located
from apportion.tasks.task import Grade, Problem, Task

SPLIT_SEED = 0  # of the pairs' problems into trained and held out, and of the cap on held-out items
_ANSWER = re.compile(r"^(?:A:|####)[ \t]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class GSM8KSettings:
    """Where the data is and how it is cut.

    `train_problems` of the problems that have pairs are trained on, the others are held out. `items` caps
    each kind of held-out item. `keep_marks` keeps the calculator's <<48/2=24>> in every solution. `marker`
    stands before the number in the line that a right answer ends with: demonstrations, pairs and references
    are rewritten to it, and strict grading asks for it.
    """

    demonstrations: str = "$APPORTION_DATA/text/gsm8k_train.jsonl.gz"
    pairs: str = "$APPORTION_DATA/text/gsm8k_preference_pairs.jsonl.gz"
    test: str = "$APPORTION_DATA/text/gsm8k_test.jsonl.gz"
    train_problems: int = 500
    items: int | None = None
    keep_marks: bool = False
    marker: str = MARKER
    prompt_template: Template = "question"
    max_new_tokens: int = 320
    allow_contamination: bool = False


def gsm8k_task(settings: GSM8KSettings, base: Path) -> Task:
    """Return GSM8K as a task; relative paths count from `base`.

    The public preference pairs are made of *test* problems (731 of the 1,319). They are split by problem
    with a fixed seed: the pairs of 500 problems are the pool to buy from, the other 231 are held out.
    Preference accuracy is measured on the pairs of the 231 and NLL on their reference solutions. Exact match
    is measured on the 819 test problems outside the 500, the 231 among them; it is therefore not comparable
    with published figures on all 1,319. Demonstrations are the train split.

    Pairs end in "A: N" in the file; that line is rewritten to "#### N", the form of the demonstrations, and
    both to `marker` where it is another.
    """
    demonstrations = read_demonstrations(located(settings.demonstrations, base))
    pairs = read_pairs(located(settings.pairs, base))
    test = read_demonstrations(located(settings.test, base))
    bought, held_out = split_by_prompt(pairs, settings.train_problems, SPLIT_SEED)
    trained = {prompt_key(pair.prompt) for pair in bought}
    compared = {prompt_key(pair.prompt) for pair in held_out}
    outside = [row for row in test if prompt_key(row.prompt) not in trained]
    references = [row for row in outside if prompt_key(row.prompt) in compared]
    if len(references) != len(compared):
        found = f"{len(compared) - len(references)} held-out problems of {settings.pairs} that are not in it"
        cure = "Use the files of one release: apportion data list."
        raise UserError(settings.test, found, "every problem of the pairs", cure)

    problems = scattered(outside, settings.items, SPLIT_SEED)
    answers = scattered(references, settings.items, SPLIT_SEED)
    comparisons = scattered(held_out, settings.items, SPLIT_SEED)
    refuse_contamination(
        [row.prompt for row in (*demonstrations, *bought)],
        [row.prompt for row in (*problems, *answers, *comparisons)],
        f"{settings.demonstrations} and {settings.pairs} against {settings.test}",
        settings.allow_contamination,
    )
    return Task(
        name="gsm8k",
        demonstrations=tuple(_demonstration(row, settings) for row in demonstrations),
        pairs=tuple(_pair(row, settings) for row in bought),
        problems=tuple(_problem(row, settings) for row in problems),
        answers=tuple(_demonstration(row, settings) for row in answers),
        comparisons=tuple(_pair(row, settings) for row in comparisons),
        grade=grade_solution if settings.marker == MARKER else SolutionGrader(settings.marker),
        max_new_tokens=settings.max_new_tokens,
    )


@dataclass(frozen=True, slots=True)
class SolutionGrader:
    """`grade_solution` with another marker than `####`."""

    marker: str

    def __call__(self, problem: Problem, text: str) -> Grade:
        """Return the grade of a solution."""
        return grade_solution(problem, text, self.marker)


def grade_solution(problem: Problem, text: str, marker: str = MARKER) -> Grade:
    """Return the grade of a solution; what follows a new "Question:" is not counted as part of it.

    strict: the first line `#### N` (or another `marker`) has the right number. flexible: that, or the
    last number of the text is right. $, thousands commas and trailing zeros make no difference. "A: N", the form of
    the public model solutions, is not the demanded form by default: it counts as flexible.

    The reference is the number or, after a blank line, also a worked solution. A wrong answer has the class of
    `anatomy.classify_solution`, which without a worked solution says "other" where a missing step or a wrong
    plan would show.
    """
    solution = text.partition("\nQuestion:")[0]
    final, _, worked = problem.reference.partition("\n\n")
    reference, strict = number(final), strict_number(solution, marker)
    right = strict is not None and strict == reference
    flexible = right or last_number(solution) == reference
    answer_of = partial(strict_number, marker=marker)
    found = classify_solution(worked or final, solution, right, flexible, answer_of=answer_of)
    return Grade(right, flexible, found)


def _problem(row: Demonstration, settings: GSM8KSettings) -> Problem:
    if strict_number(row.response) is None:
        cure = "Use GSM8K's own files, or the task 'files' with grader = 'last-number'."
        raise UserError(
            f"{settings.test}, item {row.id}", "no line '#### N'", "one that ends the answer", cure
        )
    worked = _ANSWER.sub(f"{settings.marker} ", row.response)
    final = row.response.rpartition("####")[2].strip()
    return Problem(row.id, posed(row.prompt, settings.prompt_template), f"{final}\n\n{worked}")


def _demonstration(row: Demonstration, settings: GSM8KSettings) -> Demonstration:
    solution = _solution(row.response, settings)
    return posed_demonstration(replace(row, response=solution), settings.prompt_template)


def _pair(row: PreferencePair, settings: GSM8KSettings) -> PreferencePair:
    chosen, rejected = _solution(row.chosen, settings), _solution(row.rejected, settings)
    return posed_pair(replace(row, chosen=chosen, rejected=rejected), settings.prompt_template)


def _solution(text: str, settings: GSM8KSettings) -> str:
    """Return a solution of either file in one form: marks and the last line's marker as the settings say."""
    marked = text if settings.keep_marks else without_marks(text)
    return _ANSWER.sub(f"{settings.marker} ", marked)
