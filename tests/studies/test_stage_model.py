"""Every stage's model opens in transformers: by its own folder, or by the one that `study model` writes."""

import json
from pathlib import Path

import pytest
from tests.studies.tiny import write_study

from apportion.cli.app import main
from apportion.errors import UserError
from apportion.studies.stage_model import write_model
from apportion.studies.stages import graph_of
from apportion.studies.study_file import read_study

STUDY = """
budgets = [4]
shares = [0.5]
methods = ["dpo"]
base = false

[task]
name = "world"
demonstrations = 8
pairs = 8
problems = 2
answers = 0
comparisons = 0

[sft]
min_steps = 1
epochs = 1
lora_rank = {rank}

[preference]
epochs = 1
lora_rank = {rank}
"""


@pytest.fixture(scope="module", params=[0, 4], ids=["full", "adapters"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study's folder with its two stages, trained here, in full or as adapters."""
    from apportion.studies.work import Worker

    folder = tmp_path_factory.mktemp("study")
    study = read_study(write_study(folder, STUDY.format(rank=request.param), "study.toml"))
    graph = graph_of(study)
    worker = Worker(graph, folder)
    for unit in graph.units.values():
        worker.do(unit.name)
    return folder


def stages(folder: Path) -> list[Path]:
    """The stages that train, those without a parent first."""
    found = [path.parent for path in folder.glob("stages/*/training.jsonl")]
    return sorted(found, key=lambda path: len(json.loads((path / "stage.json").read_text())["parents"]))


def test_a_stage_trained_in_full_opens_by_its_folder(trained: Path) -> None:
    from transformers import AutoModelForCausalLM

    folders = stages(trained)
    assert len(folders) == 2
    if (folders[0] / "adapter_config.json").exists():
        assert not (folders[0] / "model.safetensors").exists()
        return
    for folder in folders:
        assert AutoModelForCausalLM.from_pretrained(folder).num_parameters() > 100_000


def test_any_stage_opens_by_the_folder_that_is_written(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from apportion.training.artefact import load_chain

    study = read_study(trained / "study.toml")
    folders = stages(trained)
    for depth, folder in enumerate(folders, 1):
        out = tmp_path / str(depth)
        with pytest.raises(SystemExit):
            main(["study", "model", str(trained), folder.name[:10], "--out", str(out), "--json"])
        assert json.loads(capsys.readouterr().out)["stages"] == [path.name for path in folders[:depth]]
        model = AutoModelForCausalLM.from_pretrained(out)
        ids = AutoTokenizer.from_pretrained(out)("Q : Tom has 9 coins", return_tensors="pt")["input_ids"]
        expected = load_chain(study.model, study.folder, folders[:depth])
        with torch.no_grad():
            assert torch.equal(model(ids).logits, expected(ids).logits)
    (cell,) = (trained / "cells").iterdir()
    assert write_model(trained, cell.name, tmp_path / "cell") == tuple(path.name for path in folders)


def test_what_is_no_stage_is_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none that is done"):
        write_model(trained, "nowhere", tmp_path / "out")
    with pytest.raises(UserError, match="Give more letters"):
        write_model(trained, "?", tmp_path / "out")
    reference = next(path.parent for path in trained.glob("stages/*/log_probs.safetensors"))
    with pytest.raises(UserError, match="a reference pass"):
        write_model(trained, reference.name, tmp_path / "out")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("")
    with pytest.raises(UserError, match="something else there"):
        write_model(trained, stages(trained)[0].name, tmp_path / "taken")
