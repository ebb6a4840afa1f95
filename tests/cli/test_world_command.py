"""`apportion world`: what it prints is what the world holds."""

import json
import subprocess
import sys

import pytest

from apportion.cli.world import app
from apportion.world_language import VERBS


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as end:
        app(list(words))
    assert end.value.code in (0, None)
    return capsys.readouterr().out


def test_sample_shows_what_the_dials_ask_for(capsys: pytest.CaptureFixture[str]):
    out = json.loads(printed(capsys, "sample", "--json", "--count", "3", "--lazy", "1", "--seed", "4"))
    assert {name: len(out[name]) for name in ("problems", "demonstrations", "pairs")} == {
        "problems": 3,
        "demonstrations": 3,
        "pairs": 3,
    }
    assert all(item["response"].startswith(" ####") for item in out["demonstrations"])
    assert "chosen" in printed(capsys, "sample", "--count", "1")


def test_inspect_counts_verbs_pools_and_shared_prompts(capsys: pytest.CaptureFixture[str]):
    out = json.loads(
        printed(capsys, "inspect", "--json", "--demonstrations", "30", "--pairs", "20", "--problems", "10")
    )
    assert len(out["verbs"]) == len(VERBS)
    assert out["pools"]["demonstrations"] == 30
    assert out["pools"]["test"] == 10
    assert out["prompts_shared_between_pools"] == 0
    assert set(out["repeated_prompts"].values()) == {0}
    assert "the base knows 8" in printed(capsys, "inspect", "--demonstrations", "30", "--pairs", "20")


def test_the_command_loads_no_torch_before_it_trains():
    code = "import sys, apportion.cli.world; print('torch' in sys.modules or 'transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
