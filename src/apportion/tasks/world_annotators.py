"""Annotators of the world: who writes the demonstrations, and who judges the pairs, with dials for how well.

Their errors are plausible: one step of the working takes the wrong operation (a verb misunderstood) or the
wrong amount (misread), and the arithmetic goes on from there without a slip.
"""

from dataclasses import dataclass

import numpy as np

from apportion.world_language import Story, lazy_answer, stays_in_range, worked_answer


@dataclass(frozen=True, slots=True)
class Demonstrator:
    """Writes one answer: right with probability `quality`, without working with probability `lazy`."""

    quality: float
    lazy: float


@dataclass(frozen=True, slots=True)
class Judge:
    """Sets two answers against each other and names the better one.

    The chosen answer is worked, and right with probability `quality`. The rejected one is wrong: only a final
    line with probability `rejected_lazy`, else worked with one wrong operation or amount. With probability
    `label_noise` the two are swapped.
    """

    quality: float
    rejected_lazy: float
    label_noise: float


def demonstrate(story: Story, demonstrator: Demonstrator, rng: np.random.Generator) -> str:
    """Return the demonstrator's answer to a story.

    The same two draws decide whatever the dials are, so that turning a dial changes only the answers it must.
    """
    is_right, is_lazy = rng.random(2) < (demonstrator.quality, demonstrator.lazy)
    steps = story.steps if is_right else mistaken_steps(story, rng)
    return lazy_answer(story.start, steps) if is_lazy else worked_answer(story.start, steps)


def compare(story: Story, judge: Judge, rng: np.random.Generator) -> tuple[str, str]:
    """Return the chosen and the rejected answer to a story; they always differ."""
    is_right, is_lazy, is_swapped = rng.random(3) < (judge.quality, judge.rejected_lazy, judge.label_noise)
    wrong = mistaken_steps(story, rng)
    better = story.steps if is_right else mistaken_steps(story, rng)
    while sum(better) == sum(wrong):
        wrong = mistaken_steps(story, rng)
    chosen = worked_answer(story.start, better)
    rejected = lazy_answer(story.start, wrong) if is_lazy else worked_answer(story.start, wrong)
    return (rejected, chosen) if is_swapped else (chosen, rejected)


def mistaken_steps(story: Story, rng: np.random.Generator) -> tuple[int, ...]:
    """Return the story's steps with one of them wrong, in operation or in amount, evenly often.

    The final amount is wrong too, and every running total stays in the language's range.
    """
    while True:
        steps = list(story.steps)
        place = int(rng.integers(len(steps)))
        if rng.random() < 0.5:
            steps[place] = -steps[place]
        else:
            amount = int(rng.choice([other for other in range(1, 5) if other != abs(steps[place])]))
            steps[place] = amount if steps[place] > 0 else -amount
        if stays_in_range(story.start, tuple(steps)):
            return tuple(steps)
