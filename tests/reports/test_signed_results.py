import base64
import json
from pathlib import Path

import pytest

from apportion.errors import UserError
from apportion.reports.signed_results import signed_results

ROW = {"model": "<b>semba</b>", "seeds": 2, "auroc": {"mean": 0.9, "low": 0.85, "high": 0.95}, "mcc": None}


def written(root: Path, text: str) -> None:
    (root / "signed").mkdir(exist_ok=True)
    (root / "signed" / "sign.json").write_text(text)


def test_a_folder_without_a_signed_part_has_none(tmp_path: Path):
    assert signed_results(tmp_path) is None


def test_columns_are_the_metrics_that_are_there_in_the_usual_order(tmp_path: Path):
    written(tmp_path, json.dumps({"task": "sign", "protocol": "causal", "rows": [ROW]}))
    found = signed_results(tmp_path)
    assert found is not None and found.picture is None
    (table,) = found.tables
    assert (table.task, table.protocol, table.headings) == ("sign", "causal", ["AUROC", "MCC"])
    assert table.rows == [("<b>semba</b>", 2, [(0.9, 0.85, 0.95), None])]


def test_the_picture_is_set_into_the_page(tmp_path: Path):
    (tmp_path / "signed").mkdir()
    (tmp_path / "signed" / "users.png").write_bytes(b"picture")
    found = signed_results(tmp_path)
    assert found is not None and found.picture is not None
    assert base64.b64decode(found.picture.partition(",")[2]) == b"picture"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"task": 1}', '{"task": "sign", "protocol": "causal", "rows": [3]}']
)
def test_a_file_that_is_no_comparison_is_named(tmp_path: Path, text: str):
    written(tmp_path, text)
    with pytest.raises(UserError, match=r"sign\.json: found no comparison"):
        signed_results(tmp_path)
