"""`apportion world`: build the base model, show problems and judgements, tell what the world holds."""

from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Literal

import cyclopts

from apportion.cli.json_document import print_json
from apportion.cli.progress_bar import progress_bar
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.pairs import PreferencePair
from apportion.tasks.task import Problem
from apportion.tasks.world import WorldSettings, world_task
from apportion.world_language import VERBS

app = cyclopts.App(
    name="world", help="The embedded world: word problems, annotators with dials, a base model."
)

Dials = Annotated[WorldSettings, cyclopts.Parameter(name="*")]
_DEFAULTS = WorldSettings()


@app.command
def build(
    *,
    out: Path = Path("runs/world-base"),
    language: Literal["stories", "facts"] = "stories",
    width: int = 96,
    seed: int = 0,
    quiet: bool = False,
    json: bool = False,
) -> None:
    """Train a base model again, minutes on one thread, and print its score.

    Parameters
    ----------
    out: Path
        The folder to write; the bases that are shipped stay as they are.
    language: Literal["stories", "facts"]
        stories: the base of the world task, source "world"; facts: that of the new-knowledge task, source "facts".
    width: int
        The model's width; the shipped bases have 96, which is half a million parameters.
    seed: int
        Of its weights and of what it reads; the shipped bases have 0.
    quiet: bool
        Show no progress.
    json: bool
        Print one JSON document.
    """
    from apportion.models import facts_base, world_base

    recipe, train = {
        "stories": (world_base.RECIPE, world_base.build_world_base),
        "facts": (facts_base.RECIPE, facts_base.build_facts_base),
    }[language]
    with progress_bar("training a base model", quiet=quiet) as told:
        score = asdict(train(out, replace(recipe, width=width, seed=seed), told))
    if json:
        print_json({"folder": str(out), **score})
        return
    print(f"wrote {out}")
    print(", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in score.items()))


@app.command
def sample(*, settings: Dials = _DEFAULTS, count: int = 5, json: bool = False) -> None:
    """Show some problems, demonstrations and pairs for the given dials and seed.

    Parameters
    ----------
    count: int
        How many of each to show.
    json: bool
        Print one JSON document.
    """
    few = replace(settings, problems=count, demonstrations=count, pairs=count, answers=0, comparisons=0)
    task = world_task(few)
    if json:
        shown = {"problems": task.problems, "demonstrations": task.demonstrations, "pairs": task.pairs}
        print_json({"settings": few, **shown})
        return
    print("Problems")
    for problem in task.problems:
        print(f"  {problem.prompt}  [{problem.reference}]")
    print("Demonstrations")
    for demonstration in task.demonstrations:
        print(f"  {demonstration.prompt}\n      {demonstration.response}")
    print("Pairs")
    for pair in task.pairs:
        print(f"  {pair.prompt}\n      chosen  {pair.chosen}\n      rejected{pair.rejected}")


@app.command
def inspect(*, settings: Dials = _DEFAULTS, json: bool = False) -> None:
    """Tell what the world holds: verbs and weights, what the base knows, pools and prompts they share.

    Parameters
    ----------
    json: bool
        Print one JSON document.
    """
    task = world_task(settings)
    development, test = (
        world_task(
            replace(settings, split=split, demonstrations=0, pairs=0, answers=0, comparisons=0)
        ).problems
        for split in ("development", "test")
    )
    pools: dict[str, tuple[Problem | Demonstration | PreferencePair, ...]] = {
        "demonstrations": task.demonstrations,
        "pairs": task.pairs,
        "development": development,
        "test": test,
        "answers": task.answers,
        "comparisons": task.comparisons,
    }
    prompts = {name: {item.prompt for item in pool} for name, pool in pools.items()}
    repeated = {name: len(pool) - len(prompts[name]) for name, pool in pools.items()}
    met = Counter(prompt for members in prompts.values() for prompt in members)
    shared = sum(count > 1 for count in met.values())
    if json:
        print_json(
            {
                "settings": settings,
                "verbs": VERBS,
                "pools": {name: len(pool) for name, pool in pools.items()},
                "repeated_prompts": repeated,
                "prompts_shared_between_pools": shared,
            }
        )
        return
    known = [verb for verb in VERBS if verb.known]
    print(f"{len(VERBS)} verbs; the base knows {len(known)}, which are {_share(known)} of all uses")
    for verb in known:
        print(f"  {verb.word:8} {'adds' if verb.sign > 0 else 'takes away':11} {verb.weight:.4f}")
    first = ", ".join(f"{verb.word} {verb.weight:.3f}" for verb in VERBS[:5])
    print(f"most frequent: {first}; rarest: {VERBS[-1].word} {VERBS[-1].weight:.5f}")
    for name, pool in pools.items():
        print(f"{name:15} {len(pool):6} items, {repeated[name]} repeated prompts")
    print(f"prompts shared between pools: {shared}")


def _share(verbs: list) -> str:
    return f"{sum(verb.weight for verb in verbs):.1%}"
