"""`apportion fit`: what it prints for people and for programs, and what it refuses."""

import hashlib
import json

import numpy as np
import pytest

from apportion.cli.fit import fit
from apportion.errors import UserError
from apportion.laws.prior import encode, shipped_prior, weak_prior

SIZES = 100 * 2 ** np.arange(7)


def table(path, pairs=False, extra=""):
    score = 0.9 - 0.6 * (1 + SIZES / 200.0) ** -0.8
    rows = [f"a,{n},{n // 2 if pairs else 0},{y:.4f},500" for n, y in zip(SIZES, score, strict=True)]
    if pairs:
        rows += [f"a,{n},0,{y - 0.03:.4f},500" for n, y in zip(SIZES, score, strict=True)]
    path.write_text("\n".join(["model,n_sft,n_pref,score,items", *rows]) + "\n" + extra)
    return path


def printed(capsys, *arguments, **options):
    fit(*arguments, **options)
    return capsys.readouterr().out


def test_json_has_roll_outs_variances_and_on_request_the_checklist(tmp_path, capsys):
    path = table(tmp_path / "t.csv")
    plain = json.loads(printed(capsys, path, json=True), parse_constant=pytest.fail)["curves"][0]
    assert plain["roll_out"].keys() == {"power", "floor", "rectified", "saturating", "broken", "nearest run"}
    assert plain["roll_out"]["floor"] < plain["roll_out"]["nearest run"]
    assert plain["variances"]["items"] > 0
    assert "checklist" not in plain
    with_list = json.loads(printed(capsys, path, json=True, checklist=True), parse_constant=pytest.fail)
    points = with_list["curves"][0].pop("checklist")
    assert with_list["curves"][0] == plain
    assert points["table"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert points["rows"]["used"] == 7
    assert points["prior"]["sha256"] == hashlib.sha256(encode(shipped_prior())).hexdigest()
    assert points["validation"]["roll_out"] == plain["roll_out"]
    for name in (
        "transform",
        "objective",
        "weights",
        "starts",
        "families",
        "intervals",
        "versions",
        "at_bound",
    ):
        assert points[name] not in (None, "", {})


def test_the_checklist_counts_what_was_merged_and_left_out(tmp_path, capsys):
    path = tmp_path / "t.csv"
    path.write_text(
        "n_sft,score,metric\n" + "".join(f"{n},{n / 1e4},x\n" for n in SIZES) + "100,0.01,x\n100,0.9,y\n"
    )
    rows = json.loads(printed(capsys, path, json=True, checklist=True))["curves"][0]["checklist"]["rows"]
    assert (rows["used"], rows["identical_merged"], rows["left_out"]) == (7, 1, 1)
    assert rows["different_sizes"] == 7


def test_a_prior_has_its_own_hash(tmp_path, capsys):
    path = table(tmp_path / "t.csv")
    points = json.loads(printed(capsys, path, json=True, checklist=True, prior="none"))["curves"][0][
        "checklist"
    ]
    assert points["prior"]["sha256"] == hashlib.sha256(encode(weak_prior())).hexdigest()


@pytest.mark.parametrize("pairs", [False, True])
def test_people_see_the_roll_out_and_the_checklist(tmp_path, capsys, pairs):
    path = table(tmp_path / "t.csv", pairs)
    text = printed(capsys, path, checklist=True)
    assert "Roll-out: the largest sizes foretold from the smaller ones" in text
    assert ("gated" if pairs else "broken") in text
    assert text.count("*") == 1  # one family is the best
    for point in ("To refit a:", "sha256:", "transform: logit", "starts:", "rows:", "how:"):
        assert point in text


def test_a_prior_that_would_change_nothing_is_refused(tmp_path, capsys):
    path = table(tmp_path / "t.csv", pairs=True)
    prior = tmp_path / "prior.json"
    prior.write_bytes(encode(weak_prior()))
    with pytest.raises(UserError, match="joint laws take no prior") as caught:
        fit(path, prior=str(prior))
    assert "\n" not in str(caught.value)
    none = printed(capsys, path, prior="none", json=True)
    assert none == printed(capsys, path, json=True)
    both = table(tmp_path / "both.csv", pairs=True, extra="".join(f"b,{n},0,.5,500\n" for n in (10, 20, 30)))
    fit(both, prior=str(prior), json=True)
    assert "does not apply to the 1 curves with pairs" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [{"predict": "0"}, {"predict": "x"}, {"predict": "1,2,3"}, {"prior": "/none"}, {"figure": "x.pdf"}],
)
def test_bad_options_are_one_line(tmp_path, change):
    from pathlib import Path

    options = {k: Path(v) if k == "figure" else v for k, v in change.items()}
    with pytest.raises(UserError) as caught:
        fit(table(tmp_path / "t.csv"), **options)
    assert "\n" not in str(caught.value)


def test_a_curve_without_pairs_is_foretold_without_in_a_table_that_has_both(tmp_path, capsys):
    path = table(
        tmp_path / "t.csv", pairs=True, extra="".join(f"b,{n},0,0.{i + 2},500\n" for i, n in enumerate(SIZES))
    )
    fit(path, predict="5000,700", json=True)
    out, err = capsys.readouterr()
    both, plain = (c["prediction"] for c in json.loads(out)["curves"])
    assert (both["n"], both["n_pairs"]) == (5000, 700)
    assert plain["n"] == 5000
    assert "n_pairs" not in plain
    assert "no pairs were measured for b" in err
    fit(path, predict="5000", json=True)
    out, err = capsys.readouterr()
    assert json.loads(out)["curves"][1]["prediction"] == plain
    assert "no pairs were measured" not in err
    with pytest.raises(UserError, match="no demonstrations for 1 curve"):
        fit(path, predict="0,700")


@pytest.mark.parametrize("predict", ["0", "0,0"])
def test_the_untrained_model_is_measured_not_foretold(tmp_path, predict):
    with pytest.raises(UserError, match="the model before any training"):
        fit(table(tmp_path / "t.csv", pairs=True), predict=predict)
