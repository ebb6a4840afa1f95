"""Models of the user's own: what is missing or damaged in a folder is told in one line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.studies.tiny import TINY

from apportion.cli.app import main
from apportion.errors import UserError
from apportion.models.causal import here, load_model, load_tokenizer, refuse_unusable
from apportion.models.rendering import refuse_unknown_words
from apportion.models.settings import ModelSettings
from apportion.models.world_base import world_base_path


def _without_end(folder: Path) -> None:
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"eos_token": None}))
    (folder / "special_tokens_map.json").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        (
            lambda folder: (folder / "model.safetensors").write_bytes(b"short"),
            "weights that cannot be loaded",
        ),
        (lambda folder: (folder / "config.json").write_text("{}"), "cannot be loaded"),
        (lambda folder: (folder / "config.json").unlink(), "cannot be loaded"),
        (_without_end, "without an end-of-sequence token"),
    ],
)
def test_a_damaged_model_is_told_in_one_line(
    tmp_path: Path, damage: Callable[[Path], object], part: str
) -> None:
    shutil.copytree(world_base_path(), tmp_path / "model")
    damage(tmp_path / "model")
    settings = ModelSettings(source="model", device="cpu")
    with pytest.raises(UserError, match=part) as refused:
        load_tokenizer(settings, tmp_path)
        load_model(settings, tmp_path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("source", ["/nowhere/model", "./model", "~/nowhere/model", "model.gguf"])
def test_a_path_that_is_not_there_is_no_hub_id(tmp_path: Path, source: str) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        here(ModelSettings(source=source), tmp_path)


def test_a_tokenizer_that_makes_no_tokens_is_refused() -> None:
    class Empty:
        unk_token_id = None

        def __call__(self, text: str) -> dict[str, list[int]]:
            return {"input_ids": []}

    with pytest.raises(UserError, match="makes no tokens"):
        refuse_unknown_words(Empty(), ["Hello"], "mine", "plain")  # type: ignore[arg-type]


def test_a_device_that_is_not_there_is_refused_before_the_model_is_loaded() -> None:
    with pytest.raises(UserError, match="this machine has"):
        refuse_unusable(ModelSettings(device="xpu"), Path())


@pytest.mark.parametrize("source", ["world", "facts"])
def test_a_chat_with_a_shipped_base_is_refused(source: str) -> None:
    with pytest.raises(UserError, match="without a chat template"):
        refuse_unusable(ModelSettings(source=source, rendering="chat"), Path())


def test_a_chat_without_a_template_is_refused_before_a_study_writes_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(world_base_path(), tmp_path / "model")
    study = tmp_path / "mine.toml"
    study.write_text(f'{TINY}\n[model]\nsource = "model"\nrendering = "chat"\n')
    with pytest.raises(SystemExit, match="2"):
        main(["study", "run", str(study), "--out", str(tmp_path / "out"), "--workers", "1"])
    assert "without a chat template" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
