"""The world task, the embedded default: word problems whose steps can be checked, and judgements on them.

No two pools share a prompt: each prompt belongs, by a hash of its text, to one pool for ever. So training,
development and test are disjoint by content whatever the seeds and the sizes, and growing a pool leaves its
beginning and every other pool as they are.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from apportion.error_classes import ErrorClass
from apportion.errors import UserError
from apportion.identity import generator
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.pairs import PreferencePair
from apportion.tasks.anatomy import unanswered
from apportion.tasks.task import Grade, Problem, Task
from apportion.tasks.world_annotators import Demonstrator, Judge, compare, demonstrate
from apportion.world_language import (
    Story,
    draw_story,
    flexible_answer,
    question,
    small_talk,
    strict_answer,
    told,
)

Pool = Literal["demonstrations", "pairs", "development", "test", "answers", "comparisons"]

_SHARES: tuple[tuple[Pool, int], ...] = (
    ("demonstrations", 12),
    ("pairs", 12),
    ("development", 3),
    ("test", 3),
    ("answers", 1),
    ("comparisons", 1),
)
_POOL_OF_RESIDUE: tuple[Pool, ...] = tuple(pool for pool, share in _SHARES for _ in range(share))
_MAX_NEW_TOKENS = 24  # three steps of 6, the final line of 2, the end of 1, and a little room
_DRAWS_PER_ITEM = 2000

MOST_ITEMS = 1_000_000
"""So many prompts are drawn in some minutes; more would be a slip of the pen."""


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """What to draw from the world, and how good the annotators are.

    Counts are sizes of pools. The dials are probabilities: `demonstrator_quality` that a demonstration is
    right, `lazy` that it shows no working, `chosen_quality` that a chosen answer is right, `rejected_lazy`
    that a rejected one shows no working, `label_noise` that a pair's two sides are swapped, `generic` that a
    demonstration is small talk, which has nothing to do with the task.
    """

    seed: int = 0
    split: Literal["development", "test"] = "development"
    problems: int = 600
    demonstrations: int = 8192
    pairs: int = 8192
    answers: int = 200
    comparisons: int = 200
    demonstrator_quality: float = 1.0
    lazy: float = 0.6
    chosen_quality: float = 1.0
    rejected_lazy: float = 0.6
    label_noise: float = 0.0
    generic: float = 0.0

    def __post_init__(self) -> None:
        if self.split not in ("development", "test"):
            raise UserError(
                "world task, split",
                repr(self.split),
                "'development' or 'test'",
                "Choose on development only.",
            )
        for dial in (
            "demonstrator_quality",
            "lazy",
            "chosen_quality",
            "rejected_lazy",
            "label_noise",
            "generic",
        ):
            value = getattr(self, dial)
            if not 0 <= value <= 1:
                raise UserError(
                    f"world task, {dial}", repr(value), "a probability", "Give a number from 0 to 1."
                )
        for count in ("problems", "demonstrations", "pairs", "answers", "comparisons"):
            value = getattr(self, count)
            if not 0 <= value <= MOST_ITEMS:
                expected = f"a count from 0 to {MOST_ITEMS:,}"
                raise UserError(f"world task, {count}", repr(value), expected, "Change it.")

    @property
    def demonstrator(self) -> Demonstrator:
        """The annotator who writes the demonstrations."""
        return Demonstrator(self.demonstrator_quality, self.lazy)

    @property
    def judge(self) -> Judge:
        """The annotator who makes the pairs."""
        return Judge(self.chosen_quality, self.rejected_lazy, self.label_noise)


def world_task(settings: WorldSettings) -> Task:
    """Return the world as a task: pools to buy from, and problems, answers and comparisons to score by.

    The held-out answers and comparisons come from faultless annotators, whatever the dials of the paid ones.
    """
    careful_writer, careful_judge = Demonstrator(1.0, 0.0), Judge(1.0, settings.rejected_lazy, 0.0)
    return Task(
        name="world",
        demonstrations=_demonstrations(
            "demonstrations", settings.demonstrations, settings.seed, settings.demonstrator, settings.generic
        ),
        pairs=_pairs("pairs", settings.pairs, settings.seed, settings.judge),
        problems=tuple(
            Problem(_item_id(prompt), prompt, str(story.final))
            for prompt, story in _stories(settings.split, settings.problems, settings.seed)
        ),
        answers=_demonstrations("answers", settings.answers, settings.seed, careful_writer),
        comparisons=_pairs("comparisons", settings.comparisons, settings.seed, careful_judge),
        grade=grade_answer,
        max_new_tokens=_MAX_NEW_TOKENS,
    )


def pool_of(prompt: str) -> Pool:
    """Return the one pool that a prompt belongs to, by a hash of its text."""
    residue = hashlib.sha256(prompt.encode()).digest()[0] % len(_POOL_OF_RESIDUE)
    return _POOL_OF_RESIDUE[residue]


_EQUATION = re.compile(r"(\d+) ([+-]) (\d+) = (-?\d+)")
_Written = tuple[str, str, str, str]


def grade_answer(problem: Problem, text: str) -> Grade:
    """Return the grade of an answer: strict asks for the final line, flexible for the right last number."""
    strict = strict_answer(text)
    is_strict = strict == problem.reference
    is_flexible = is_strict or flexible_answer(text) == problem.reference
    return Grade(is_strict, is_flexible, _class(problem, text, strict, is_strict, is_flexible))


def _class(problem: Problem, text: str, answer: str | None, is_strict: bool, is_flexible: bool) -> ErrorClass:
    """Return the class of an answer.

    Without a final line "style-only" or what `anatomy.unanswered` says. "arithmetic" has an equation that does not
    hold or that the final line contradicts. Otherwise the changes that are worked out are held against the story's:
    some left out or too many, "missing-or-extra-step"; others, "wrong-plan"; "other" where none is worked out.
    """
    if is_strict or is_flexible:
        return "none" if is_strict else "style-only"
    if answer is None:
        return unanswered(text, None)
    found: list[_Written] = _EQUATION.findall(text)
    if not found:
        return "other"
    slips = [_whole(a) + _whole(sign + b) != _whole(c) for a, sign, b, c in found]
    if any(slips) or found[-1][3] != answer:
        return "arithmetic"
    story = told(problem.prompt) if isinstance(problem.prompt, str) else None
    if story is None:
        return "other"
    done = tuple(_whole(sign + b) for _, sign, b, _ in found)
    start, asked = story
    apart = len(done) != len(asked) and (_within(done, asked) or _within(asked, done))
    return "missing-or-extra-step" if apart and _whole(found[0][0]) == start else "wrong-plan"


def _whole(digits: str) -> int:
    """A whole number of any length: int alone refuses text of more than 4,300 digits."""
    return int(Decimal(digits))


def _within(few: tuple[int, ...], many: tuple[int, ...]) -> bool:
    """Return whether `few` are among `many` in their order."""
    rest = iter(many)
    return all(step in rest for step in few)


def _demonstrations(
    pool: Pool, count: int, seed: int, demonstrator: Demonstrator, generic: float = 0.0
) -> tuple[Demonstration, ...]:
    identity = f"world/{seed}/{pool}"
    rows = []
    for index, (prompt, story) in enumerate(_stories(pool, count, seed)):
        answer = demonstrate(story, demonstrator, generator(identity, "annotator", index))
        rng = generator(identity, "generic", index)
        said = small_talk(rng) if rng.random() < generic else (prompt, answer)
        rows.append(Demonstration(_item_id(said[0]), *said))
    return tuple(rows)


def _pairs(pool: Pool, count: int, seed: int, judge: Judge) -> tuple[PreferencePair, ...]:
    identity = f"world/{seed}/{pool}"
    return tuple(
        PreferencePair(
            _item_id(prompt), prompt, *compare(story, judge, generator(identity, "annotator", index))
        )
        for index, (prompt, story) in enumerate(_stories(pool, count, seed))
    )


def _stories(pool: Pool, count: int, seed: int) -> Iterator[tuple[str, Story]]:
    """Yield `count` stories of a pool with their prompts, all distinct; fewer are a beginning of more."""
    rng = generator(f"world/{seed}", pool)
    seen: set[str] = set()
    for _ in range(_DRAWS_PER_ITEM * count):
        if len(seen) == count:
            return
        story = draw_story(rng)
        prompt = question(story)
        if pool_of(prompt) == pool and prompt not in seen:
            seen.add(prompt)
            yield prompt, story
    if len(seen) < count:
        raise UserError(f"world task, {pool}", f"{count} wanted", f"at most {len(seen)}", "Ask for fewer.")


def _item_id(prompt: str) -> str:
    """Return the item's id, which is that of its prompt: the same item in every draw that meets it."""
    return f"world-{hashlib.sha256(prompt.encode()).hexdigest()[:12]}"
