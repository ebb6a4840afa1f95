"""How long a move of a slider takes in a report's page, from the event to the drawn charts, measured in the page.

The clock's times depend on what else the machine does; `cpu_ms` is the page's thread alone, layout and painting in it.

    python -m benchmarks.report_slider [REPORT.html]

Without a report, that of a study made up. Needs Playwright and a Chromium; says so and ends where they are missing.
"""

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.reports.chromium import chromium
from tests.reports.made_study import made_study

from apportion.reports.report import write_report

MOVES = """async (name) => {
  const slider = document.getElementById(`${name}-slider`), times = [];
  for (let i = 0; i < 50; i++) {
    slider.value = 150 + (i * 137) % 700;
    const start = performance.now();
    slider.dispatchEvent(new Event("input"));
    times.push(performance.now() - start);
    await new Promise((go) => requestAnimationFrame(() => setTimeout(go, 0)));
  }
  return times;
}"""


def measure(path: Path) -> dict[str, dict[str, float]]:
    """Return the median and the longest of 50 moves of each slider, and their mean CPU time, in milliseconds."""
    found = {}
    with chromium() as browser:
        page = browser.new_context(offline=True).new_page()
        page.goto(path.resolve().as_uri())
        page.wait_for_selector("#planner[data-frontier]", timeout=120_000)
        tools = page.context.new_cdp_session(page)
        tools.send("Performance.enable", {"timeDomain": "threadTicks"})

        def spent_ms(tools: Any = tools) -> float:
            metrics = {m["name"]: m["value"] for m in tools.send("Performance.getMetrics")["metrics"]}
            return 1000 * metrics["TaskDuration"]

        for name in ("budget", "demonstration", "pair", "epsilon"):
            before = spent_ms()
            times = page.evaluate(MOVES, name)
            found[name] = {
                "median_ms": round(median(times), 1),
                "longest_ms": round(max(times), 1),
                "cpu_ms": round((spent_ms() - before) / len(times), 1),
            }
    return found


def main(arguments: list[str]) -> None:
    """Print the times as JSON."""
    try:
        if arguments:
            print(json.dumps(measure(Path(arguments[0])), indent=1))
            return
        with tempfile.TemporaryDirectory() as folder:
            made_study(Path(folder) / "world")
            print(json.dumps(measure(write_report(Path(folder) / "world")), indent=1))
    except RuntimeError as error:
        print(f"not measured: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
