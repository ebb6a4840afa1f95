"""A broken study file gives one line: the file, the key, what was found, what was expected, what to do."""

from pathlib import Path

import pytest

from apportion.cli.app import main
from apportion.errors import UserError
from apportion.studies.cells import Cell
from apportion.studies.study_file import read_study

GOOD = 'budgets = [100]\n[task]\nname = "world"\n'

BROKEN = {
    "broken TOML": ("budgets = [1,", "broken TOML", "Mend that line"),
    "empty": ("", "budgets: found none", "Write budgets"),
    "no budgets": ("shares = [1]", "budgets: found none", "Write budgets"),
    "unknown key": ("budget = [100]", "unknown key 'budget'", "Did you mean 'budgets'?"),
    "unknown section": ("budgets = [1]\n[modle]", "unknown key 'modle'", "Did you mean 'model'?"),
    "budget as text": ('budgets = ["many"]', "budgets[0]", "expected a number"),
    "budgets no list": ("budgets = 100", "budgets", "expected a list"),
    "negative budget": ("budgets = [-5]", "budgets: found -5", "more than 0"),
    "not a number": ("budgets = [nan]", "budgets: found nan", "more than 0"),
    "share above 1": ("budgets = [1]\nshares = [25]", "shares: found 25", "Write .25 for a quarter"),
    "no shares": ("budgets = [1]\nshares = []", "shares: found none", "Write shares"),
    "same share twice": ("budgets = [1]\nshares = [1, 1]", "shares: found [1.0, 1.0]", "once"),
    "no seeds": ("budgets = [1]\nseeds = []", "seeds: found none", "Write seeds"),
    "same seed twice": ("budgets = [1]\nseeds = [3, 3]", "seeds: found [3, 3]", "once"),
    "seed as text": ('budgets = [1]\nseeds = ["a"]', "seeds[0]", "expected a whole number"),
    "negative seed": ("budgets = [1]\nseeds = [-1]", "seeds: found -1", "from 0"),
    "unknown method": ('budgets = [1]\nmethods = ["ppo"]', "'ppo'", "methods[0]", 'one of "dpo", "rpo", "ipo"'),
    "no methods": ("budgets = [1]\nmethods = []", "methods: found none", "at least one"),
    "unknown control": ('budgets = [1]\ncontrols = ["sft"]', "'sft'", "controls"),
    "control budget not a budget": ("budgets = [1]\ncontrol_budgets = [2]", "control_budgets: found 2", "some of"),
    "price of zero": ("budgets = [1]\n[prices]\npair = 0", "[prices], pair: found 0", "more than 0"),
    "price as text": ('budgets = [1]\n[prices]\npair = "cheap"', "[prices], pair", "expected a number"),
    "unknown price": ("budgets = [1]\n[prices]\npairs = 1", "unknown key 'pairs'", "Did you mean 'pair'?"),
    "unknown task": ('budgets = [1]\n[task]\nname = "chess"', "[task], name: found 'chess'", "world, gsm8k"),
    "unknown task key": ("budgets = [1]\n[task]\nproblem = 3", "unknown key 'problem'", "'problems'"),
    "dial out of range": ("budgets = [1]\n[task]\nlazy = 2", "lazy", "probability"),
    "unknown preset": ('preset = "fast"\nbudgets = [1]', "preset: found 'fast'", "one of world"),
    "loss instead of method": ('budgets = [1]\n[preference]\nloss = "ipo"', "key 'loss'", "methods"),
    "rpo without its term": (
        'budgets = [1]\nmethods = ["rpo"]\n[preference]\nsft_weight = 0', "sft_weight = 0", "more than 0",
    ),
    "no learning rate": ("budgets = [1]\n[sft]\nlearning_rate = 0", "[sft], learning_rate", "more than 0"),
    "batch of none": ("budgets = [1]\n[sft]\nbatch_size = 0", "[sft], batch_size", "1 or more"),
    "beta of zero": ("budgets = [1]\n[preference]\nbeta = 0", "beta", "more than 0"),
    "unknown dtype": ('budgets = [1]\n[model]\ndtype = "int8"', "[model], dtype", "'int8'"),
    "float16 in full": ('budgets = [1]\n[model]\ndtype = "float16"', "[model], dtype: found float16", "bfloat16"),
    "chat with the world's base": ('budgets = [1]\n[model]\nrendering = "chat"', "[model], rendering", "plain for it"),
    "too hot": ("budgets = [1]\n[decoding]\ntemperature = -1", "temperature", "0 (greedy) or more"),
    "cell without counts that count": ("[[cells]]\nn_pairs = -1", "[[cells]] number 1", "0 or more"),
    "cells no list": ("cells = 3", "cells: found 3", "[[cells]]"),
    "task name no text": ('budgets = [1]\n[task]\nname = ["world"]', "[task], name", "one of world"),
    "preset no text": ('preset = ["world"]\nbudgets = [1]', "preset", "one of world"),
    "speed of zero": (
        "budgets = [1]\n[hardware]\ntrain_tokens_per_second = 0\ndecode_tokens_per_second = 1",
        "[hardware], train_tokens_per_second: found 0", "more than 0",
    ),
    "batch sizes of zero": ("budgets = [1]\n[sft]\nbatch_sizes = [[100, 0]]", "[sft], batch_sizes", "1 or more"),
    "batch sizes that fall": (
        "budgets = [1]\n[sft]\nbatch_sizes = [[1000, 8], [100, 2]]", "batch_sizes: found [1000, 8], [100, 2]", "rise",
    ),
    "batch sizes that stay": ("budgets = [1]\n[sft]\nbatch_sizes = [[9, 8], [9, 2]]", "batch_sizes", "rise"),
    "adapter that changes nothing": (
        "budgets = [1]\n[sft]\nlora_rank = 4\nlora_alpha = 0", "[sft], lora_alpha: found 0 with lora_rank = 4", "Write",
    ),
    "weight that no method uses": (
        'budgets = [1]\nmethods = ["dpo", "kto"]\n[preference]\nsft_weight = 0.5', "sft_weight = 0.5", "for method rpo",
    ),
    "weight of another method": (
        'budgets = [1]\nmethods = ["dpo", "rpo"]\n[preference.dpo]\nsft_weight = 1', "[preference], dpo", "Remove it",
    ),
    "weight of a method that is not run": (
        'budgets = [1]\n[preference.rpo]\nsft_weight = 1', "[preference], rpo: found sft_weight = 1", "methods",
    ),
    "control budgets without controls": (
        "budgets = [1]\ncontrol_budgets = [1]", "control_budgets: found [1.0]", "Write controls",
    ),
    "endless steps": (
        "budgets = [1]\n[sft]\nmin_steps = 1000000000", "min_steps: found 1000000000", "0 or more, and less than 1e6",
    ),
    "accelerate no file": ("budgets = [1]\n[engine]\naccelerate = 3", "[engine], accelerate: found 3", "file's name"),
    "no tokens to decode": ("budgets = [1]\n[decoding]\nmax_new_tokens = 0", "max_new_tokens: found 0", "1 or more"),
    "dropout above 1": ("budgets = [1]\n[sft]\nlora_dropout = 5", "lora_dropout: found 5", "below 1"),
    "endless epochs": ("budgets = [1]\n[sft]\nepochs = inf", "[sft], epochs: found inf", "more than 0"),
    "items below 1": ('budgets = [1]\n[task]\nname = "gsm8k"\nitems = -1', "[task], items: found -1", "1 or more"),
    "negative data seed": ("data_seed = -5\nbudgets = [1]", "data_seed: found -5", "from 0"),
    "loss of a method": (
        'budgets = [1]\n[preference.dpo]\nloss = "ipo"', "[preference], dpo: found key 'loss'", "Remove it",
    ),
    "price next to nothing": ("budgets = [1]\n[prices]\npair = 1e-300", "[prices], pair: found 1e-300", "1e-6 or more"),
    "budget that buys nothing": ("budgets = [0.5, 8]", "budgets: found 0.5, which buys nothing", "Raise it"),
    "more problems than there are": ("budgets = [1]\n[task]\npairs = 1000000000000", "pairs", "1,000,000"),
    "section no table": ("budgets = [1]\nsft = 3", "[sft]: found 3", "a table"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_study_file_is_refused_in_one_line_and_nothing_is_written(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, *parts = BROKEN[name]
    path = tmp_path / "broken.toml"
    path.write_text(text)
    with pytest.raises(SystemExit) as exit_info:
        main(["study", "run", str(path), "--out", str(tmp_path / "out")])
    captured = capsys.readouterr()
    assert exit_info.value.code == 2
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    for part in (str(path), *parts):
        assert part in captured.err
    assert [p.name for p in tmp_path.iterdir()] == ["broken.toml"]


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: path.write_bytes(b"budgets = [1] # \xff"), "broken UTF-8"),
        (lambda path: path.symlink_to(path.name), "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(make: object, part: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    make(path)  # type: ignore[operator]
    with pytest.raises(UserError, match=part):
        read_study(path)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "budgets = [100]\n[task]\npairs = 5",
            ["pairs", "5 in the pool", "at least 50", "Lower the budgets"],
        ),
        ('budgets = [100]\n[model]\nsource = "$NO_SUCH"', ["[model] source", "$NO_SUCH", "export"]),
        ('budgets = [100]\n[model]\nsource = "gone.gguf"', ["gone.gguf", "no such file"]),
        ('budgets = [100]\n[model]\nsource = "."', ["no weights", "safetensors"]),
        ('budgets = [100]\n[engine]\naccelerate = "gone.yaml"', ["gone.yaml", "accelerate config"]),
        (
            "budgets = [10]\n[task]\nproblems = 0\nanswers = 0\ncomparisons = 0",
            ["nothing held out", "held-out items"],
        ),
        (
            'budgets = [100]\n[task]\nname = "files"\ndemonstrations = "gone.jsonl"\nheld_out_answers = "gone.jsonl"',
            ["gone.jsonl"],
        ),
    ],
)
def test_what_a_study_names_has_to_be_there(
    text: str, parts: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(SystemExit) as exit_info:
        main(["study", "run", str(path), "--out", str(tmp_path / "out")])
    captured = capsys.readouterr()
    assert exit_info.value.code == 2
    assert captured.err.count("\n") == 1
    assert all(part in captured.err for part in parts)
    assert not (tmp_path / "out").exists()


def test_adapters_train_in_float16(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(
        'budgets = [1]\n[model]\ndtype = "float16"\n[sft]\nlora_rank = 4\n[preference]\nlora_rank = 4\n'
    )
    assert read_study(path).model.dtype == "float16"


def test_a_file_that_windows_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_study(path).grid.budgets == (100.0,)


def test_a_grid_becomes_cells_with_controls_where_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(
        'budgets = [10, 20]\nshares = [1, 0.5]\nseeds = [3]\ncontrols = ["sft-on-chosen"]\n'
        "control_budgets = [20]\n[prices]\npair = 0.5\n[[cells]]\nn_demonstrations = 7\n"
    )
    recipes = [(c.n_demonstrations, c.n_pairs, c.method, c.seed) for c in read_study(path).cells()]
    assert recipes == [
        (0, 0, "base", 0),
        (7, 0, "sft", 3),
        (10, 0, "sft", 3),
        (5, 10, "dpo", 3),
        (20, 0, "sft", 3),
        (10, 20, "dpo", 3),
        (10, 20, "sft-on-chosen", 3),
    ]


def test_a_method_has_its_own_settings_over_the_common_ones(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(
        'budgets = [10]\nmethods = ["dpo", "rpo"]\n[preference]\nepochs = 3\nsft_weight = 0.5\n'
        "[preference.dpo]\nlearning_rate = 1e-6\n"
    )
    settings = read_study(path).preference
    assert settings["dpo"].learning_rate == 1e-6
    assert settings["rpo"].learning_rate != 1e-6
    assert settings["dpo"].epochs == settings["rpo"].epochs == 3
    assert (settings["dpo"].sft_weight, settings["rpo"].sft_weight) == (0.0, 0.5)


def test_what_changes_nothing_by_its_value_is_let_pass(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(
        "budgets = [1]\n[sft]\nlora_alpha = 0\nbatch_sizes = [[100, 2], [1000, 8]]\n[preference]\nsft_weight = 0\n"
    )
    assert read_study(path).sft.batch_for(500) == 8


def test_a_gguf_file_is_labelled_by_its_name_alone(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text('budgets = [10]\n[model]\nsource = "/some/where/small.Q4.gguf"')
    assert {cell.model for cell in read_study(path).cells()} == {"small.Q4"}
    assert Cell("world", "small.Q4", 10, 0, "sft", 0) in read_study(path).cells()
