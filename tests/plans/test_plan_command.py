import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.generated import examples
from tests.plans.made_runs import grid, mixture_pays

from apportion.cli.plan import plan
from apportion.errors import UserError

KEYS = {
    "status", "n_demonstrations", "n_pairs", "sft_share", "expected_score",
    "low", "high", "region", "regret", "next", "warnings",
}  # fmt: skip
MONEY = {"budget": "2000", "price_demonstration": "1", "price_pair": "1"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    s, p = grid((200, 1000))
    rows = [f"{a},{b},{y:.4f}" for a, b, y in zip(s, p, mixture_pays(s, p), strict=True)]
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(["n_sft,n_pref,score", *rows]) + "\n")
    return path


def test_json_is_one_document_with_the_promised_keys(table, capsys):
    plan(table, **MONEY, json=True)
    document = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert document.keys() >= KEYS
    assert document["status"] in ("decided", "undecided")
    assert isinstance(document["n_demonstrations"], int)
    assert len(document["region"]) == 2


def test_people_get_a_table_and_a_sketch(table, capsys):
    plan(table, **MONEY)
    text = capsys.readouterr().out
    assert "demonstrations at 1 USD" in text
    assert text.count("=") > 40
    assert " * " in text


def test_the_checklist_comes_on_request_and_changes_no_number(table, capsys):
    plan(table, **MONEY, json=True)
    plain = json.loads(capsys.readouterr().out)
    assert "checklist" not in plain
    plan(table, **MONEY, most_pairs="1500", checklist=True)
    text = capsys.readouterr().out
    assert "To plan again:" in text
    assert "most pairs: 1500" in text
    assert "most demonstrations: none" in text
    plan(table, **MONEY, json=True, checklist=True)
    points = (with_list := json.loads(capsys.readouterr().out, parse_constant=pytest.fail)).pop("checklist")
    assert with_list == plain
    assert points["table"]["file"] == table.name
    assert points["rows"]["used"] == len(table.read_text().splitlines()) - 1
    assert points["prior"]["surfaces"] == 4
    assert points["money"]["budget_usd"] == 2000


def test_the_least_of_a_kind_is_bought(table, capsys):
    plan(table, **MONEY, least_demonstrations="1500", least_pairs="100", json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["n_demonstrations"] >= 1500
    assert document["n_pairs"] >= 100
    assert document["n_demonstrations"] + document["n_pairs"] <= 2000


@pytest.mark.parametrize("least", [{"least_demonstrations": "2001"}, {"least_pairs": "-1"}, {"least_pairs": "x"},
                                   {"least_pairs": "9", "most_pairs": "8"}])  # fmt: skip
def test_a_least_that_cannot_be_bought_is_refused(table, least):
    with pytest.raises(UserError):
        plan(table, **MONEY, **least)


@pytest.mark.parametrize("name", ["f.svg", "f.png"])
def test_a_figure_is_written(table, tmp_path, name):
    plan(table, **MONEY, figure=tmp_path / name)
    assert (tmp_path / name).stat().st_size > 5000


@pytest.mark.parametrize(
    "change",
    [
        {"budget": "0"}, {"budget": "x"}, {"budget": "0.5"}, {"budget": "nan"}, {"price_pair": "0"},
        {"price_pair": "3..1"}, {"price_demonstration": "-1"}, {"epsilon": "0"}, {"epsilon": "a"},
        {"model": "other"}, {"task": "other"}, {"prior": "/nowhere.json"}, {"figure": Path("x.pdf")},
        {"most_pairs": "-1"}, {"most_pairs": "1.5"}, {"figure": Path("/nowhere/x.svg")},
    ],
    ids=str,
)  # fmt: skip
def test_bad_input_is_one_line(table, change):
    with pytest.raises(UserError) as caught:
        plan(table, **{**MONEY, **change})
    assert "\n" not in str(caught.value)


def test_several_tasks_are_listed(tmp_path, capsys):
    path = tmp_path / "two.csv"
    path.write_text(
        "model,task,n_sft,n_pref,score\n"
        + "".join(
            f"m,{t},{s},{p},{0.2 + s / 1e4}\n" for t in ("a", "b") for s, p in [(0, 0), (100, 0), (50, 50)]
        )
    )
    with pytest.raises(UserError, match=r"--task 'a'.*--task 'b'"):
        plan(path, **MONEY)
    plan(path, **MONEY, task="b", json=True)
    assert json.loads(capsys.readouterr().out)["task"] == "b"


def test_models_without_tasks_are_listed_by_what_can_be_typed(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("model,n_sft,score\n" + "".join(f"{m},{s},{s / 1e4}\n" for m in "ab" for s in (0, 100)))
    with pytest.raises(UserError) as caught:
        plan(path, **MONEY)
    assert str(caught.value).endswith("Choose one: --model 'a'; --model 'b'")


def test_a_name_is_asked_for_as_it_stands_in_the_table(tmp_path, capsys):
    path = tmp_path / "runs.csv"
    cells = ["0,0,.1", "100,0,.2", "0,100,.15", "100,100,.25"]
    path.write_text(
        "task,n_sft,n_pref,score\n" + "".join(f"{t},{c}\n" for t in ("", '"of two\nlines"') for c in cells)
    )
    with pytest.raises(UserError) as caught:
        plan(path, **MONEY)
    assert str(caught.value).endswith("Choose one: --task ''; --task 'of two lines'")
    for task in ("", "of two\nlines", " of two lines"):
        plan(path, **MONEY, task=task, json=True)
        assert json.loads(capsys.readouterr().out)["n_demonstrations"] > 0


def test_an_interval_says_at_which_price_the_money_is(table, capsys):
    plan(table, **{**MONEY, "price_pair": "0.5..2"})
    text = capsys.readouterr().out
    assert re.search(r"money +\S+ of \S+ USD at middle prices \(\S+ to \S+ over the intervals\), ", text)


def test_an_undecided_plan_claims_no_near_optimal_shares(tmp_path, capsys):
    path = tmp_path / "few.csv"
    path.write_text("n_sft,n_pref,score\n0,0,.2\n100,0,.4\n50,50,.35\n")
    plan(path, **MONEY)
    text = capsys.readouterr().out
    assert "cannot be told from the best (within 5% of it in a tenth of the draws or more)" in text
    assert "near-optimal  " not in text


def test_where_no_label_helps_nothing_is_bought(capsys):
    path = Path(__file__).parents[2] / "docs" / "examples" / "runs.csv"
    plan(path, budget="1", price_demonstration="1", price_pair="1")
    text = capsys.readouterr().out
    assert "nothing: no label that the budget buys is expected to help" in text
    assert "0 of 1 USD\n" in text and "\nprice" not in text


def test_with_no_pairs_to_be_had_none_are_advised(table, capsys):
    plan(table, **MONEY, most_pairs="0")
    text = capsys.readouterr().out
    assert "0 pairs at" in text and "100% of it for demonstrations" in text
    assert "no more pairs to be had" in text


def test_none_is_a_prior_and_a_file_is(table, capsys):
    from apportion.laws.surface_prior import SHIPPED

    documents = []
    for prior in ("none", str(SHIPPED), None):
        plan(table, **MONEY, prior=prior, json=True)
        documents.append(json.loads(capsys.readouterr().out))
    assert documents[1] == documents[2] != documents[0]


cell = st.one_of(
    st.integers(-5, 10**6).map(str), st.floats().map(str), st.text(max_size=5), st.just(""), st.just("0.5")
)


@settings(
    max_examples=examples(120), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    header=st.permutations(["n_sft", "n_pref", "score", "items"]),
    rows=st.lists(st.lists(cell, min_size=3, max_size=5), max_size=6),
)
def test_generated_tables_give_a_plan_or_one_line(tmp_path, capsys, header, rows):
    path = tmp_path / "made.csv"
    text = "\n".join(",".join(row) for row in [header, *rows])
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    _plan_or_one_line(path, capsys)


sizes = st.one_of(st.just(0), st.integers(0, 50), st.integers(0, 10**9))


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(["score", "loss"]),
    rows=st.lists(
        st.tuples(sizes, sizes, st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0, 1)), st.integers(1, 2000)),
        min_size=1, max_size=25,
    ),
    budget=st.floats(5, 1e8),
    price=st.sampled_from(["1", "0.001..5", "3"]),
)  # fmt: skip
def test_well_formed_tables_of_any_numbers_give_a_plan_or_one_line(
    tmp_path, capsys, kind, rows, budget, price
):
    path = tmp_path / "made.csv"
    path.write_text(f"n_sft,n_pref,{kind},items\n" + "".join(f"{s},{p},{y:.6f},{i}\n" for s, p, y, i in rows))
    _plan_or_one_line(path, capsys, budget=str(budget), price_pair=price)


def _plan_or_one_line(path, capsys, **change):
    try:
        plan(path, **{**MONEY, **change}, json=True)
    except UserError as error:
        assert "\n" not in str(error)
        return
    document = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert document["low"] <= document["expected_score"] <= document["high"]
    assert document["region"][0] <= document["sft_share"] <= document["region"][1]
    assert np.isfinite([document["regret"], document["cost_usd"]]).all()


def test_the_command_line_prints_one_document_and_warnings_apart(table):
    arguments = [
        "plan",
        str(table),
        "--budget",
        "20000",
        "--price-demonstration",
        "1..2",
        "--price-pair",
        "1",
    ]
    run = subprocess.run(
        [sys.executable, "-m", "apportion", *arguments, "--json"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0
    assert json.loads(run.stdout)["warnings"]
    assert "times the largest run" in run.stderr


def test_the_command_line_refuses_in_one_line(table):
    arguments = ["plan", str(table), "--budget", "10", "--price-demonstration", "0", "--price-pair", "1"]
    run = subprocess.run(
        [sys.executable, "-m", "apportion", *arguments], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
