"""The examples of docs/tasks.md that count what a run has decoded, as they stand, on a run with known answers."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apportion.studies.outcomes import SCHEMA
from apportion.tasks.multihop import MultihopSettings, bamboogle_task

DOCUMENT = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text(encoding="utf-8")


def run_example(name: str) -> None:
    found = re.search(rf"<!-- example: {name} -->\n```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found is not None
    exec(compile(found[1], "tasks.md", "exec", dont_inherit=True), {})


def decoded(cell: Path, answers: dict[str, str]) -> None:
    cell.mkdir(parents=True)
    lines = (json.dumps({"item": item, "text": text}) + "\n" for item, text in answers.items())
    (cell / "generations.jsonl").write_text("".join(lines), encoding="utf-8")


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


def test_instructions_are_counted(data_folder: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    decoded(Path("runs/ifeval-smollm2/cells/one"), {"1000": "a *b* *c* *d*, e", "1001": "ARR no comma"})
    run_example("instructions")
    assert re.fullmatch(r"one \d+\.\d% of [2-6] instructions\n", capsys.readouterr().out)


def test_f1_is_the_mean_over_answers(data_folder: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    task = bamboogle_task(MultihopSettings(train_problems=65, items=60), Path())
    right, wrong = task.problems[:2]
    said = f"So the answer is {right.reference.partition(chr(10))[0]}."
    monkeypatch.chdir(tmp_path)
    decoded(Path("runs/bamboogle-smollm2/cells/one"), {right.id: said, wrong.id: "The answer is qqq."})
    run_example("f1")
    assert capsys.readouterr().out == "one F1 0.500\n"


@pytest.mark.parametrize(("composed", "counted"), [(True, "0 of 1"), (False, "1 of 1")])
def test_the_gap_takes_two_runs(composed: bool, counted: str, tmp_path: Path, monkeypatch, capsys) -> None:
    outcomes(tmp_path / "runs" / "bamboogle-smollm2", {"a": composed, "b": False})
    outcomes(tmp_path / "runs" / "bamboogle-hops", {"a/1": True, "a/2": True, "b/1": True, "b/2": False})
    monkeypatch.chdir(tmp_path)
    run_example("gap")
    assert capsys.readouterr().out == f"16 0 sft 1 {counted} whose hops are right\n"
