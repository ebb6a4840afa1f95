"""The small models that ship are built by one recipe, and the same recipe gives the same bytes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from apportion.identity import file_sha256
from apportion.models.facts_base import build_facts_base
from apportion.models.small_llama import SmallLlamaRecipe
from apportion.models.world_base import build_world_base

pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("build", "recipe"),
    [
        (build_world_base, SmallLlamaRecipe(steps=3, batch=2, warmup=1)),
        (build_facts_base, SmallLlamaRecipe(width=16, steps=3, batch=2, warmup=1)),
    ],
)
def test_two_short_trainings_give_the_same_bytes(
    tmp_path: Path, build: Callable[[Path, SmallLlamaRecipe], object], recipe: SmallLlamaRecipe
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        build(folder, recipe)
    assert {path.name for path in one.iterdir()} == {path.name for path in two.iterdir()}
    for path in one.iterdir():
        assert file_sha256(path) == file_sha256(two / path.name), path.name
