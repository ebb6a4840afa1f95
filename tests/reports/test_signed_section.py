"""The report's part on signed networks: read from what the commands wrote, or not there."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.reports.made_study import WORLD

from apportion.errors import UserError
from apportion.reports.report import write_report
from apportion.reports.signed_section import signed_section
from apportion.signed.embeddings import write_embeddings
from apportion.signed.generator import NetworkSettings, planted_network
from apportion.signed.writing import write_events, write_truth

ESTIMATE = {"mean": 0.75, "low": 0.7, "high": 0.8}
ROWS: list[dict[str, Any]] = [
    {"model": "semba", "auroc": ESTIMATE, "mcc": None, "seeds": 2, "seconds": 3.0},
    {"model": "<b>", "auroc": ESTIMATE | {"low": None}, "mcc": ESTIMATE, "seeds": 1, "seconds": 1.0},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    network = planted_network(NetworkSettings(users=20, events=200))
    folder = tmp_path / "signed"
    write_events(network.events, folder / "network.parquet")
    write_truth(network, folder / "truth.parquet")
    users = network.events.users.tolist()[::-1]
    write_embeddings(
        users, np.random.default_rng(0).random((20, 2, 4)).astype(np.float32), folder / "users.parquet"
    )
    document = {"task": "sign", "protocol": "causal", "rows": ROWS}
    (folder / "compare.json").write_text(json.dumps(document))
    return folder


def test_the_section(folder: Path) -> None:
    found = signed_section(folder)
    assert found is not None
    assert (found.task, found.users, found.events, found.seeds, found.shows_factions) == (
        "sign",
        20,
        200,
        2,
        True,
    )
    assert found.metrics == ("AUROC", "MCC")
    assert found.rows[0] == ("semba", ((0.75, 0.7, 0.8), None))
    assert found.rows[1][1][0] is not None and np.isnan(found.rows[1][1][0][1])
    assert found.picture is not None and "faction 2" in found.picture.svg


def test_in_the_page_text_is_escaped(folder: Path) -> None:
    (folder.parent / "study.toml").write_text(WORLD)
    page = write_report(folder.parent).read_text()
    assert "<td>.750<span" in page and "[.700, .800]" in page and "&lt;b&gt;" in page and "<b>" not in page
    assert "The planted factions in the plane" in page
    assert "Finding the rare class" not in page and "What a leak is worth" not in page


def test_curves_and_leaks_are_drawn_where_they_are_known(folder: Path) -> None:
    line = [i / 10 for i in range(1, 11)]
    curves = {
        "precision_recall": {"of": "negatives", "share": 0.1, "recall": line, "precision": line[::-1]},
        "calibration": {when: {"said": line, "was": line, "error": 0.01} for when in ("before", "after")},
    }
    rows = [row | {"curves": curves} for row in ROWS]
    (folder / "compare.json").write_text(json.dumps({"task": "sign", "protocol": "causal", "rows": rows}))
    (folder / "as-published.json").write_text(
        json.dumps({"task": "sign", "protocol": "as-published", "rows": rows[:1]})
    )
    found = signed_section(folder)
    assert found is not None
    assert [picture.name for picture in found.curves] == ["precision_recall", "calibration", "leak"]
    assert "semba 0.750 instead of 0.750" in found.curves[2].alt
    assert all("<b>" not in picture.svg and len(picture.numbers.rows) > 1 for picture in found.curves)


def test_without_truth_embeddings_or_a_comparison(folder: Path, tmp_path: Path) -> None:
    (folder / "truth.parquet").unlink()
    found = signed_section(folder)
    assert found is not None and not found.shows_factions and found.picture is not None
    (folder / "users.parquet").unlink()
    found = signed_section(folder)
    assert found is not None and found.picture is None
    for broken in ("{", '{"rows": [{"model": 1}], "task": "sign"}', "[]"):
        (folder / "compare.json").write_text(broken)
        with pytest.raises(UserError, match=r"compare\.json: found no comparison"):
            signed_section(folder)
    (folder / "compare.json").write_text("")
    assert signed_section(folder) is None
    assert signed_section(tmp_path / "nowhere") is None


def test_truth_is_written_with_its_users(folder: Path, tmp_path: Path) -> None:
    network = planted_network(NetworkSettings(users=20, events=200))
    frame = pl.read_parquet(folder / "truth.parquet")
    assert frame["user"].to_list() == network.events.users.tolist()
    assert frame["last_faction"].to_list() == network.truth.last_faction.tolist()
    assert frame["change"].is_null().to_list() == np.isinf(network.truth.change).tolist()
    with pytest.raises(UserError, match=r"another ending; expected \.parquet"):
        write_truth(network, tmp_path / "truth.csv")
