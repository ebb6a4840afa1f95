"""Outcomes of other tools: the small files are in the form that each tool writes."""

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from apportion.cli.app import main
from apportion.errors import UserError
from apportion.laws.imported import Outcome, Sizes, read_outcomes, read_sizes, write_outcomes
from apportion.laws.imported.sizes import sizes_of
from apportion.laws.runs import read_runs

TRAINER = {
    "best_global_step": 20,
    "best_metric": 0.71,
    "best_model_checkpoint": "out/checkpoint-20",
    "epoch": 2.0,
    "eval_steps": 10,
    "global_step": 20,
    "is_local_process_zero": True,
    "log_history": [
        {"epoch": 1.0, "grad_norm": 1.9, "learning_rate": 5e-5, "loss": 1.84, "step": 10},
        {"epoch": 1.0, "eval_accuracy": 0.4, "eval_loss": 0.91, "eval_runtime": 3.1, "step": 10},
        {"epoch": 2.0, "grad_norm": 1.1, "learning_rate": 0.0, "loss": 1.02, "step": 20},
        {"epoch": 2.0, "eval_accuracy": 0.5, "eval_loss": 0.71, "eval_runtime": 3.0, "step": 20},
        {"epoch": 2.0, "step": 20, "total_flos": 1e12, "train_loss": 1.43, "train_runtime": 60.2},
    ],
    "max_steps": 20,
    "num_train_epochs": 2,
    "train_batch_size": 8,
}

HARNESS = {
    "results": {
        "gsm8k": {
            "alias": "gsm8k",
            "exact_match,strict-match": 0.286,
            "exact_match_stderr,strict-match": 0.0124,
            "exact_match,flexible-extract": 0.301,
            "exact_match_stderr,flexible-extract": 0.0126,
        },
        "hellaswag": {"alias": "hellaswag", "acc,none": 0.4, "acc_stderr,none": "N/A", "acc_norm,none": 0.5},
        "both": {"alias": "both", "acc,none": 0.45},
    },
    "group_subtasks": {"both": ["gsm8k", "hellaswag"]},
    "configs": {"gsm8k": {"num_fewshot": 0}, "hellaswag": {"num_fewshot": 0}},
    "higher_is_better": {"gsm8k": {"exact_match": True}, "hellaswag": {"acc": True, "acc_norm": True}},
    "n-samples": {"gsm8k": {"original": 1319, "effective": 1000}, "hellaswag": {"original": 90, "effective": 90}},
    "config": {"model": "hf", "model_args": "pretrained=out/sft-100", "limit": None},
    "model_name": "out/sft-100",
}  # fmt: skip

INSPECT: dict[str, Any] = {
    "version": 2,
    "status": "success",
    "eval": {
        "eval_id": "x",
        "task": "gsm8k",
        "model": "hf/out/sft-100",
        "dataset": {"name": "gsm8k", "samples": 50},
        "config": {"epochs": 2},
    },
    "plan": {"name": "plan", "steps": []},
    "results": {
        "total_samples": 100,
        "completed_samples": 100,
        "scores": [
            {
                "name": "match",
                "scorer": "match",
                "params": {},
                "metrics": {
                    "accuracy": {"name": "accuracy", "value": 0.62, "params": {}},
                    "stderr": {"name": "stderr", "value": 0.05, "params": {}},
                },
            },
            {
                "name": "model_graded_qa",
                "scorer": "model_graded_qa",
                "metrics": {"accuracy": {"name": "accuracy", "value": 0.7}},
            },
        ],
    },
    "stats": {"started_at": "2026-01-01T00:00:00+00:00"},
}


def write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document, indent=1))
    return path


def test_a_trainer_s_last_evaluation(tmp_path: Path) -> None:
    path = write(tmp_path / "trainer_state.json", TRAINER)
    (found,) = read_outcomes(path)
    assert (found.metric, found.kind, found.value, found.items) == ("eval_loss", "loss", 0.71, None)
    (found,) = read_outcomes(path, "eval_accuracy")
    assert (found.kind, found.value) == ("score", 0.5)
    with pytest.raises(UserError, match=r"only eval_accuracy, eval_loss.*--metric eval_accuracy"):
        read_outcomes(path, "eval_f1")
    with pytest.raises(UserError, match="eval_strategy"):
        read_outcomes(write(path, TRAINER | {"log_history": TRAINER["log_history"][:1]}))


def test_what_the_installed_trainer_writes_is_read(tmp_path: Path) -> None:
    callback = pytest.importorskip("transformers.trainer_callback")
    state = callback.TrainerState(log_history=[{"eval_loss": 0.5, "step": 3}], stateful_callbacks=[])
    state.save_to_json(str(tmp_path / "trainer_state.json"))
    assert read_outcomes(tmp_path / "trainer_state.json")[0].value == 0.5


def test_a_harness_s_results_a_row_a_task_without_groups(tmp_path: Path) -> None:
    path = write(tmp_path / "results_2026-01-01T00-00-00.000000.json", HARNESS)
    found = read_outcomes(path)
    assert [(o.task, o.metric, o.value, o.items) for o in found] == [
        ("gsm8k", "exact_match,strict-match", 0.286, 1000),
        ("hellaswag", "acc_norm,none", 0.5, 90),
    ]
    one = write(path, HARNESS | {"configs": {"gsm8k": {}}})
    assert read_outcomes(one, "exact_match,flexible-extract")[0].value == 0.301
    with pytest.raises(UserError, match="--metric"):
        read_outcomes(one, "f1")
    lower = {"results": {"wikitext": {"bits_per_byte,none": 1.2}}, "configs": {"wikitext": {}},
             "higher_is_better": {"wikitext": {"bits_per_byte": False}}}  # fmt: skip
    assert read_outcomes(write(path, lower))[0].kind == "loss"


def test_a_harness_s_samples_by_metric_and_filter(tmp_path: Path) -> None:
    path = tmp_path / "samples_gsm8k_2026-01-01T00-00-00.000000.jsonl"
    rows = [
        {"doc_id": i, "doc": {}, "target": "7", "resps": [["7"]], "filtered_resps": ["7"], "filter": name,
         "metrics": ["exact_match"], "exact_match": float(i < right)}
        for name, right in (("strict-match", 1), ("flexible-extract", 3))
        for i in range(4)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (found,) = read_outcomes(path)
    assert (found.task, found.metric, found.value, found.items) == (
        "gsm8k",
        "exact_match,strict-match",
        0.25,
        4,
    )
    assert read_outcomes(path, "exact_match,flexible-extract")[0].value == 0.75
    path.write_text('{"doc_id": 0}\n{"metrics": ["acc"]}\n')
    with pytest.raises(UserError, match="line 2: found no graded sample"):
        read_outcomes(path)


def test_an_inspect_log_as_json_and_as_an_archive(tmp_path: Path) -> None:
    path = write(tmp_path / "log.json", INSPECT | {"samples": []})
    (found,) = read_outcomes(path)
    assert (found.task, found.metric, found.value, found.items) == ("gsm8k", "match/accuracy", 0.62, 50)
    assert read_outcomes(path, "model_graded_qa/accuracy")[0].value == 0.7
    with zipfile.ZipFile(tmp_path / "log.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps(INSPECT))
        archive.writestr("samples/1_epoch_1.json", "{}")
    assert read_outcomes(tmp_path / "log.eval")[0].value == 0.62
    with pytest.raises(UserError, match="status 'cancelled'"):
        read_outcomes(write(path, INSPECT | {"status": "cancelled"}))
    with zipfile.ZipFile(tmp_path / "open.eval", "w") as archive:
        archive.writestr("_journal/start.json", "{}")
    with pytest.raises(UserError, match=r"no header\.json"):
        read_outcomes(tmp_path / "open.eval")
    (tmp_path / "bad.eval").write_bytes(b"no archive")
    with pytest.raises(UserError, match="inspect log convert"):
        read_outcomes(tmp_path / "bad.eval")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "{", '{"results": 3}', '{"eval": {}, "status": "success"}']
)
def test_another_file_is_told_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"file\.json: found") as told:
        read_outcomes(path)
    assert "\n" not in str(told.value)


def test_sizes_from_csv_and_toml(tmp_path: Path) -> None:
    table = tmp_path / "sizes.csv"
    table.write_text("file,n_demonstrations,n_pairs,seed\na.json,100,40,1\nruns/b.json,200,,\n")
    known = read_sizes(table)
    assert sizes_of(Path("x/a.json"), known, table) == Sizes(100, 40, 1)
    assert sizes_of(Path("runs/b.json"), known, table) == Sizes(200)
    with pytest.raises(UserError, match=r"no entry for c\.json"):
        sizes_of(Path("c.json"), known, table)
    table.write_text("file,n_demonstrations\na.json,many\n")
    with pytest.raises(UserError, match="found 'many'"):
        read_sizes(table)
    toml = tmp_path / "sizes.toml"
    toml.write_text('["a.json"]\nn_demonstrations = 100\nmodel = "llama"\n')
    assert read_sizes(toml) == {"a.json": Sizes(100, model="llama")}
    toml.write_text('["a.json"]\nn_demo = 100\n')
    with pytest.raises(UserError, match="'n_demo'"):
        read_sizes(toml)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_table_is_read_by_fit(tmp_path: Path, ending: str) -> None:
    rows = [Outcome("t", "acc", "score", 0.1 * i, 50, n_demonstrations=100 * i, seed=0) for i in range(4)]
    path = tmp_path / f"runs.{ending}"
    write_outcomes(rows, path)
    ((runs,), _) = read_runs(path)
    assert runs.n_demonstrations.tolist() == [0, 100, 200, 300]
    assert runs.items.tolist() == [50.0] * 4
    assert runs.y.tolist() == [row.value for row in rows]
    with pytest.raises(UserError, match="both scores and losses"):
        write_outcomes([*rows, Outcome("t", "nll", "loss", 1.0)], path)


def test_the_command_from_files_to_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = []
    for size, score in ((0, 0.1), (100, 0.3), (400, 0.5)):
        result = {"gsm8k": {"exact_match,strict-match": score}}
        files.append(write(tmp_path / f"results_{size}.json", {"results": result, "configs": {"gsm8k": {}}}))
    sizes = tmp_path / "sizes.csv"
    sizes.write_text("file,n_demonstrations\n" + "".join(f"{f.name},{f.stem[8:]}\n" for f in files))
    out = tmp_path / "runs.csv"
    with pytest.raises(SystemExit) as ended:
        main(["outcomes", "import", *map(str, files), "--sizes", str(sizes), "--out", str(out), "--json"])
    assert not ended.value.code
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 3
    assert [row["n_demonstrations"] for row in csv.DictReader(out.read_text().splitlines())] == [
        "0",
        "100",
        "400",
    ]
    with pytest.raises(SystemExit) as ended:
        main(["fit", str(out), "--predict", "1000"])
    assert not ended.value.code


def made_study(folder: Path) -> Path:
    """A folder with outcomes of six cells, one of them the control's."""
    cells = [
        (0, 0, "base", 0),
        (64, 0, "sft", 1),
        (32, 32, "rpo", 1),
        (32, 32, "sft-on-chosen", 1),
        (0, 64, "rpo", 1),
    ]
    rows = [
        {"cell": f"c{i}", "task": "t", "model": "m", "n_demonstrations": d, "n_pairs": p, "method": method,
         "seed": seed, "item": str(item), "metric": metric, "score": float(item <= i)}
        for i, (d, p, method, seed) in enumerate(cells)
        for metric in ("accuracy", "nll")
        for item in range(10)
    ]  # fmt: skip
    pl.DataFrame(rows).write_parquet(folder / "outcomes.parquet")
    (folder / "study.toml").write_text("budgets = [64]\n")
    return folder


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_study_exported_is_fitted_as_the_study_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    study, out = made_study(tmp_path), tmp_path / f"runs.{ending}"
    with pytest.raises(SystemExit) as ended:
        main(["outcomes", "export", str(study), "--out", str(out)])
    assert not ended.value.code
    assert "5 cells by accuracy" in capsys.readouterr().out
    ((whole,), warned), ((exported,), told) = read_runs(study), read_runs(out)
    assert warned == told
    for name in ("n_demonstrations", "n_pairs", "y", "items", "seed", "data_seed"):
        assert getattr(whole, name).tolist() == getattr(exported, name).tolist()
    with pytest.raises(UserError, match="what was measured: accuracy, nll"):
        main_export(study, "rouge_l")


def main_export(study: Path, metric: str) -> None:
    from apportion.laws.exported import exported

    exported(study, metric)


def test_a_table_with_methods_leaves_the_control_and_the_rarer_method_out(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    rows = ["0,0,base,0.1", "64,0,sft,0.2", "32,32,dpo,0.3", "16,48,dpo,0.3", "32,32,ipo,0.9",
            "32,32,sft-on-chosen,0.8"]  # fmt: skip
    path.write_text("n_demonstrations,n_pairs,method,score\n" + "\n".join(rows) + "\n")
    ((runs,), warnings) = read_runs(path)
    assert runs.y.tolist() == [0.1, 0.3, 0.3, 0.2]
    assert runs.left_out == 2
    assert "left out: ipo" in warnings[0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a.json", "--n-demonstrations=-5"], "--n-demonstrations: found -5"),
        (["a.json", "./a.json", "--n-demonstrations", "5"], "the same file twice"),
        (["b.json"], "b.json: found no such file"),
    ],
)
def test_an_import_of_what_is_none_is_one_line(tmp_path, monkeypatch, capsys, arguments, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.json").write_text(json.dumps(TRAINER))
    with pytest.raises(SystemExit) as end:
        main(["outcomes", "import", *arguments, "--out", "runs.csv"])
    shown = capsys.readouterr().err
    assert (end.value.code, shown.count("\n"), told in shown) == (2, 1, True)
    assert not (tmp_path / "runs.csv").exists()
