"""Tables of runs: read alike from CSV and Parquet; every fault is one line that names its place."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.generated import examples

from apportion.cli.app import main
from apportion.errors import UserError
from apportion.laws import read_runs

FAULTS = {
    "": "an empty file",
    "a,b\n1,2\n": "no column n_demonstrations",
    "n_sft\n1\n2\n": "no column score or loss",
    "n_sft,score,loss\n1,.5,4\n": "both score and loss",
    "n_sft,score\n1,x\n2,.5\n": "line 2, column score: found 'x'",
    "n_sft,score\n1,nan\n2,.5\n": "line 2, column score: found 'nan'",
    "n_sft,score\n1,\n2,.5\n": "line 2, column score: found no value",
    "n_sft,score\n1,.5\n-2,.5\n": "line 3, column n_demonstrations: found -2",
    "n_sft,score\n1.5,.5\n2,.5\n": "line 2, column n_demonstrations: found 1.5",
    "n_sft,score\n1,50\n2,.5\n": "Divide percentages by 100",
    "n_sft,score\n1,.5\n": "one size only",
    "n_sft,score\n": "a header without rows",
    "n_sft,score\n1,.5,3\n": "line 2: found 3 values",
    'n_sft,score,task\n1,.5,a b\n2,.5,a b\n1,.4,"a\nb"\n': "column task: found 'a\\nb' beside 'a b'",
    "n_sft,n_demonstrations,score\n1,1,.5\n": "n_demonstrations under two names",
    "n_sft,score,items\n1,.5,0\n2,.5,1\n": "line 2, column items: found 0",
    'n_sft,score\n"1,.5\n': "no CSV",
}


@pytest.mark.parametrize("text", FAULTS, ids=FAULTS.values())
def test_a_fault_is_one_line_that_names_its_place(tmp_path, text, capsys):
    path = tmp_path / "runs.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=r".") as caught:
        read_runs(path)
    assert FAULTS[text] in str(caught.value)
    with pytest.raises(SystemExit) as end:
        main(["fit", str(path), "--json"])
    shown = capsys.readouterr()
    assert (end.value.code, shown.out, shown.err.count("\n")) == (2, "", 1)


def test_parquet_and_csv_say_the_same(tmp_path):
    columns = {"n_sft": [0, 10, 20], "score": [0.1, 0.2, 0.3], "Model": ["m", "m", "m"]}
    pq.write_table(pa.table(columns), tmp_path / "runs.parquet")
    (tmp_path / "runs.csv").write_text("n_sft,score,Model\n20,.3,m\n0,.1,m\n10,.2,m\n10,.2,m\n")
    (one,), _ = read_runs(tmp_path / "runs.parquet")
    (other,), warnings = read_runs(tmp_path / "runs.csv")
    assert one.y.tolist() == other.y.tolist() == [0.1, 0.2, 0.3]
    assert (one.model, len(warnings)) == ("m", 1)


def test_a_study_is_read_by_cell_without_its_control(tmp_path):
    cells = [
        ("base", 0, 0),
        ("sft", 10, 0),
        ("dpo", 10, 5),
        ("dpo", 20, 5),
        ("ipo", 10, 5),
        ("sft-on-chosen", 10, 5),
    ]
    rows = [
        {
            "cell": f"{method}{n}", "task": "t", "model": "m", "n_demonstrations": n, "n_pairs": p, "method": method,
            "seed": 0, "item": str(item), "metric": metric, "score": score,
        }
        for method, n, p in cells
        for item in range(4)
        for metric, score in (("accuracy", float(item % 2)), ("nll", 2.0))
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "outcomes.parquet")
    (study,), (warning,) = read_runs(tmp_path)
    assert study.n_demonstrations.tolist() == [0, 10, 10, 20]
    assert study.y.tolist() == [0.5] * 4
    assert study.items.tolist() == [4.0] * 4
    assert "ipo" in warning


def test_the_document_is_json_and_always_predicts(tmp_path, capsys):
    path = tmp_path / "runs.csv"
    path.write_text(
        "model,n_sft,score\n" + "".join(f"a,{100 * 2**k},{0.2 + 0.05 * k}\n" for k in range(6)) + "b,10,0.5\n"
    )
    main_code = _run(["fit", str(path), "--predict", "10000", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert main_code == 0
    assert [(c["model"], c["task"]) for c in document["curves"]] == [("a", None), ("b", None)]
    for c in document["curves"]:
        assert c["prediction"]["n"] == 10_000
        assert 0 <= c["prediction"]["low"] <= c["prediction"]["mean"] <= c["prediction"]["high"] <= 1
    assert document["curves"][1]["status"] == "underdetermined"


def test_pairs_get_a_joint_law(tmp_path, capsys):
    path = tmp_path / "runs.csv"
    cells = [(s, p) for s in (10, 100, 1000) for p in (0, 100, 1000)]
    path.write_text(
        "n_sft,n_pref,score\n"
        + "".join(f"{s},{p},{0.1 * len(str(s)) + 0.05 * len(str(p))}\n" for s, p in cells)
    )
    assert _run(["fit", str(path), "--predict", "2000,500", "--json"]) == 0
    (curve,) = json.loads(capsys.readouterr().out)["curves"]
    assert (curve["prediction"]["n"], curve["prediction"]["n_pairs"]) == (2000, 500)


@pytest.mark.parametrize("option", ["x", "0", "-1", "1,2,3", "1e3", "1" * 20])
def test_a_size_that_is_none_is_refused(tmp_path, option):
    (tmp_path / "runs.csv").write_text("n_sft,score\n1,.5\n2,.6\n")
    assert _run(["fit", str(tmp_path / "runs.csv"), f"--predict={option}"]) == 2


CELLS = st.one_of(
    st.integers(-3, 10**6).map(str),
    st.floats().map(str),
    st.floats(0, 1).map(str),
    st.sampled_from(["", "x", '"', "1e9", " 5 "]),
)
NAMES = st.sampled_from(
    ["n_sft", "n_demonstrations", "score", "loss", "n_pref", "items", "seed", "model", "other"]
)


@settings(
    max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(NAMES, min_size=1, max_size=5),
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=5),
    junk=st.binary(max_size=6),
)
def test_no_table_makes_a_traceback(tmp_path, names, rows, junk):
    path = tmp_path / "runs.csv"
    path.write_bytes(("\n".join([",".join(names), *map(",".join, rows)])).encode() + b"\n" + junk)
    try:
        read_runs(path)
    except UserError as error:
        assert "\n" not in str(error)


@settings(
    max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.integers(0, 1000), st.integers(0, 10**15)),
            st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1)),
            st.sampled_from(["0", "0", "7", "100", str(10**9)]),
            st.sampled_from(["", "1", "0.5", "3", "10000"]),
            st.sampled_from(["", "1", "50", "1e6"]),
        ),
        min_size=2,
        max_size=12,
    ),
    columns=st.sets(st.sampled_from(["n_pref", "epochs", "items"])),
    loss=st.booleans(),
)
def test_every_readable_table_is_fitted_and_predicted(tmp_path, rows, columns, loss, capsys):
    path = tmp_path / "runs.csv"
    names = ["n_sft", "loss" if loss else "score", "n_pref", "epochs", "items"]
    kept = [i for i, name in enumerate(names) if i < 2 or name in columns]
    path.write_text("\n".join(",".join(str(row[i]) for i in kept) for row in [names, *rows]))
    capsys.readouterr()
    code = _run(["fit", str(path), "--json"])
    shown = capsys.readouterr().out
    if code == 2:
        assert shown == ""
        return
    assert code == 0
    (curve,) = json.loads(shown, parse_constant=pytest.fail)["curves"]
    prediction = curve["prediction"]
    assert prediction["low"] <= prediction["mean"] <= prediction["high"]


def _run(arguments):
    try:
        main(arguments)
    except SystemExit as end:
        return end.code or 0
    return 0


def test_parquet_is_read_in_this_thread_alone(tmp_path, monkeypatch):
    """A thread of Arrow's that let go of Python's bytes while the interpreter ended has aborted commands (134)."""
    pq.write_table(pa.table({"n_sft": [1, 2], "score": [0.5, 0.6]}), tmp_path / "runs.parquet")
    monkeypatch.delattr(pq, "read_table")
    read, threads = pq.ParquetFile.read, []

    def seen(file, **how):
        threads.append(how.get("use_threads"))
        return read(file, **how)

    monkeypatch.setattr(pq.ParquetFile, "read", seen)
    read_runs(tmp_path / "runs.parquet")
    assert threads == [False]


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("point", [",", "."])
def test_the_header_says_what_separates(tmp_path, separator, point):
    rows = [("n_sft", "score", "Model"), ("0", "0.125", "a,5"), ("100", "0.25", "a,5")]
    text = "\n".join(separator.join(c.replace(".", point) for c in row) for row in rows)
    (tmp_path / "runs.csv").write_text(text)
    (found,), _ = read_runs(tmp_path / "runs.csv")
    assert (found.n_demonstrations.tolist(), found.y.tolist()) == ([0, 100], [0.125, 0.25])
    assert found.model == "a,5"


@pytest.mark.parametrize("text", [
    "n_sft,score\n0,.1\n1.000,.5\n", "n_sft;score\n0;0,1\n1,000;0,5\n", "n_sft,score,items\n0,.1,1.000\n2,.5,9\n",
])  # fmt: skip
def test_a_thousands_point_is_refused(tmp_path, text):
    (tmp_path / "runs.csv").write_text(text)
    with pytest.raises(UserError, match=r"line [23], column .*1\.000, which may be 1000 or a fraction"):
        read_runs(tmp_path / "runs.csv")


@pytest.mark.parametrize("option", ["1,000", "100,50", "100,0"])
def test_pairs_asked_for_of_runs_without_pairs_are_refused(tmp_path, option, capsys):
    (tmp_path / "runs.csv").write_text("n_sft,score\n1,.5\n2,.6\n")
    assert _run(["fit", str(tmp_path / "runs.csv"), f"--predict={option}"]) == 2
    shown = capsys.readouterr().err
    assert (shown.count("\n"), f"or --predict {option.replace(',', '')}" in shown) == (1, True)


def test_names_from_data_do_not_steer_the_terminal(tmp_path, capsys):
    (tmp_path / "runs.csv").write_text("model,n_sft,score\na\x1b[31mred,1,.5\na\x1b[31mred,2,.6\n")
    assert _run(["fit", str(tmp_path / "runs.csv")]) == 0
    assert _run(["fit", str(tmp_path / "b\x1b[31m.csv")]) == 2
    shown = capsys.readouterr()
    assert "a\u241b[31mred" in shown.out and "\x1b" not in shown.out + shown.err


def test_a_run_far_from_the_others_of_its_cell_is_told(tmp_path):
    rows = ["100,0,.31", "100,0,.33", "100,0,.30", "400,0,.52", "400,0,0", "400,0,.5", "900,0,.1", "900,0,.6"]
    path = tmp_path / "runs.csv"
    path.write_text("n_sft,n_pref,score\n" + "\n".join(rows))
    _, warnings = read_runs(path)
    assert len(warnings) == 1
    assert (
        "the score 0 at 400 demonstrations and 0 pairs is far from the other runs there (0.5 to 0.52)"
        in warnings[0]
    )
