"""The example of docs/tasks.md that counts what two runs have graded, as it stands, on runs with known answers."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apportion.studies.outcomes import SCHEMA

DOCUMENT = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text(encoding="utf-8")


def run_example(name: str) -> None:
    found = re.search(rf"<!-- example: {name} -->\n```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found is not None
    exec(compile(found[1], "tasks.md", "exec", dont_inherit=True), {})


def outcomes(run: Path, flexible: dict[str, bool]) -> None:
    cell = {
        "cell": "c",
        "task": "bamboogle",
        "model": "m",
        "n_demonstrations": 16,
        "n_pairs": 0,
        "method": "sft",
    }
    rows = [
        cell
        | {"seed": 1, "item": item, "metric": "accuracy", "score": 0.0, "strict": False, "flexible": right}
        for item, right in flexible.items()
    ]
    rows.append(cell | {"seed": 1, "item": "x", "metric": "nll", "score": 1.0})
    run.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), run / "outcomes.parquet")


@pytest.mark.parametrize(("composed", "counted"), [(True, "0 of 1"), (False, "1 of 1")])
def test_the_gap_takes_two_runs(composed: bool, counted: str, tmp_path: Path, monkeypatch, capsys) -> None:
    outcomes(tmp_path / "runs" / "bamboogle-smollm2", {"a": composed, "b": False})
    outcomes(tmp_path / "runs" / "bamboogle-hops", {"a/1": True, "a/2": True, "b/1": True, "b/2": False})
    monkeypatch.chdir(tmp_path)
    run_example("gap")
    assert capsys.readouterr().out == f"16 0 sft 1 {counted} whose hops are right\n"
