"""Laws of repeated data: runs that differ in epochs tell what repetitions are worth."""

import json

import numpy as np
import pytest

from apportion.cli.fit import fit
from apportion.errors import UserError
from apportion.laws import Runs, effective_examples, fit_curves, forecast, read_runs, variances, weak_prior

SIZES, EPOCHS = (100, 200, 400, 800, 1600, 3200), (1, 2, 4, 8, 16)


def score(n, epochs, half_life):
    return 1 - (0.25 + 0.6 * (1 + effective_examples(n * epochs, n, half_life) / 400) ** -0.5)


def table(path, half_life=6.0, epochs=EPOCHS, extra=()):
    rng = np.random.default_rng(0)
    rows = [
        f"{n},{e},{score(n, e, half_life) + 0.003 * rng.standard_normal():.5f}" for n in SIZES for e in epochs
    ]
    path.write_text("\n".join(["n_demonstrations,epochs,score", *extra, *rows]) + "\n")
    return path


@pytest.mark.parametrize("half_life", [2.0, 30.0])
def test_what_repetitions_are_worth_is_recovered(tmp_path, half_life):
    runs, _ = read_runs(table(tmp_path / "runs.csv", half_life))
    for epochs in (1, 4, 32):
        (curve,) = fit_curves(runs, [6400], prior=weak_prior(), only="floor", epochs=epochs)
        assert curve.predictions[0].mean == pytest.approx(score(6400, epochs, half_life), abs=0.02)
        assert half_life / 2 < curve.parameters["R*"] < half_life * 2
        assert curve.status == "converged"


def test_the_command_foretells_the_epochs_asked_for(tmp_path, capsys):
    path = table(tmp_path / "runs.csv", extra=["0,,.15"])

    def prediction(**options):
        fit(path, predict="6400", json=True, **options)
        return json.loads(capsys.readouterr().out)["curves"][0]["prediction"]

    usual, one, many = prediction(), prediction(epochs="1"), prediction(epochs="64")
    assert usual["epochs"] == 16
    assert one["mean"] < usual["mean"] < many["mean"] + 1e-9
    fit(path, checklist=True)
    text = capsys.readouterr().out
    assert "foretold for 16 epochs; repeated data: R* " in text
    assert "summed over R* of" in text


def test_epochs_that_do_not_differ_change_no_number(tmp_path, capsys):
    found = []
    for epochs in ((1,), (3,)):
        path = table(tmp_path / "runs.csv", half_life=1e9, epochs=epochs)
        text = path.read_text().replace(",3,", ",1,") if epochs == (3,) else path.read_text()
        for content in (text, text.replace(",1,", ",7,"), text.replace(",1,", ",,")):
            path.write_text(content)
            fit(path, json=True)
            found.append(capsys.readouterr().out)
    assert found[0] == found[1] == found[2]
    assert found[3] == found[4] == found[5]
    with pytest.raises(UserError, match="column epochs"):
        fit(path, epochs="3")


def test_runs_of_other_epochs_are_no_repeats(tmp_path):
    (runs,), _ = read_runs(table(tmp_path / "runs.csv"))
    assert variances(runs).freedom == 0
    assert len(np.unique(runs.cell)) == len(runs.y)


@pytest.mark.parametrize("cell", ["x", "0", "-1", "nan", "1e6"])
def test_epochs_that_are_none_are_refused(tmp_path, cell):
    path = tmp_path / "runs.csv"
    path.write_text(f"n_demonstrations,epochs,score\n100,{cell},.2\n200,1,.3\n")
    with pytest.raises(UserError, match="column epochs"):
        read_runs(path)


def test_epochs_are_no_sizes(tmp_path):
    """Three sizes are three, however often each is gone through; an untrained model has no epochs."""
    path = tmp_path / "runs.csv"
    rows = [
        f"{n},{e},{0.1 + 0.1 * np.log10(n + 1) + 0.02 * e * (n > 0):.4f}"
        for n in (0, 100, 200, 400)
        for e in (1, 2, 4)
    ]
    path.write_text("\n".join(["n_demonstrations,epochs,score", *rows]) + "\n")
    (runs,), warnings = read_runs(path)
    assert runs.identical == 2
    assert len(runs.y) == 10
    assert warnings
    (found,) = forecast([runs])
    assert found.status == "underdetermined"
    assert found.roll_out == {}


def test_a_curve_is_the_same_wherever_it_stands():
    sizes = np.array([100, 200, 400, 800, 1600, 3200])

    def runs(y, n):
        whole = np.full(n, -1)
        return Runs(None, None, "score", sizes[:n], 0 * whole, np.array(y[:n]), np.full(n, np.nan), whole)

    group = [
        runs([0.1, 0.2, 0.35, 0.5, 0.6, 0.66], 6),
        runs([0.3, 0.32, 0.37, 0.4], 4),
        runs([0.2, 0.4, 0.5, 0.55, 0.6], 5),
    ]
    ends = [
        [(c.predictions[0].low, c.predictions[0].high) for c in fit_curves(g, [10_000])]
        for g in (group, group[::-1])
    ]
    assert np.allclose(ends[0], ends[1][::-1], atol=1e-6)


def test_tables_with_pairs_say_that_epochs_are_not_used(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("n_demonstrations,n_pairs,epochs,score\n100,0,1,.2\n100,100,2,.3\n200,0,1,.3\n")
    (runs,), warnings = read_runs(path)
    assert runs.epochs is None
    assert any("epochs differ" in w for w in warnings)
