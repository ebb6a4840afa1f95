"""The command line as a whole: quick to start, every command where its name says."""

import ast
from pathlib import Path

import pytest
from tests.test_rooms import attempted

import apportion
from apportion.cli.app import app

SLOW_TO_LOAD = ("numpy", "scipy", "polars", "pyarrow", "matplotlib", "torch", "transformers", "sklearn")
RUNS = "n_demonstrations,n_pairs,score\n0,0,0.1\n100,0,0.3\n200,0,0.4\n100,100,0.5\n0,200,0.2\n"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["study", "--help"]], ids=" ".join)
def test_what_computes_nothing_loads_nothing_that_computes(arguments: list[str]) -> None:
    assert (
        attempted(
            f"""
from apportion.cli.app import main
try:
    main({arguments!r})
except SystemExit as end:
    assert end.code in (0, 2, None), end.code
""",
            forbidden=SLOW_TO_LOAD,
        )
        == set()
    )


def test_a_plan_of_a_table_loads_only_what_fits(tmp_path: Path) -> None:
    table = tmp_path / "runs.csv"
    table.write_text(RUNS)
    budget = ["--budget", "300", "--price-demonstration", "1", "--price-pair", "1"]
    code = f"from apportion.cli.app import main\nmain({['plan', str(table), *budget]!r})"
    others = tuple(name for name in SLOW_TO_LOAD if name not in ("numpy", "scipy"))
    assert (
        attempted(f"try:\n    exec({code!r})\nexcept SystemExit as end:\n    assert not end.code", others)
        == set()
    )


def test_every_command_is_where_its_name_says() -> None:
    for name in app:
        if not name.startswith("-"):
            assert app[name].name[0] == name


def test_the_public_surface_comes_from_where_it_says() -> None:
    tree = ast.parse(Path(apportion.__file__).read_text())
    (checked,) = (node for node in tree.body if isinstance(node, ast.If))
    told = {
        alias.name: node.module
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == apportion._HOMES
    assert set(apportion.__all__) == {*told, "UserError"}
    for name in apportion.__all__:
        assert getattr(apportion, name) is not None
    assert set(apportion.__all__) <= set(dir(apportion))
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        getattr(apportion, "nothing_of_the_kind")  # noqa: B009
