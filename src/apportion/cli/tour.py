"""`apportion tour`: two minutes on the embedded data, each step a command that is shown and then really run."""

import contextlib
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from apportion.cli.json_document import print_json
from apportion.errors import UserError
from apportion.studies.progress import duration

STUDY = Path(__file__).with_name("tour.toml")
TOUR = "tour.toml"


@dataclass(frozen=True, slots=True)
class Step:
    """What a step shows, in a line or two, and its command; `leaves` is a file that says it is done already."""

    title: str
    says: str
    command: tuple[str, ...]
    leaves: Path | None = None


def tour(*, out: Path = Path("runs/tour"), quiet: bool = False, json: bool = False) -> None:
    """Walk through Apportion in two minutes on its embedded data, ending with a report; the same command goes on.

    Parameters
    ----------
    out: Path
        The folder to write: a study's folder, with its report.
    quiet: bool
        Show no progress.
    json: bool
        Print one JSON document; the steps are then shown on standard error.
    """
    from apportion.cli.app import app

    began = time.monotonic()
    _make_room(out)
    steps = steps_of(out, quiet=quiet)
    console = Console(highlight=False, soft_wrap=True, stderr=json)
    with contextlib.redirect_stdout(sys.stderr) if json else contextlib.nullcontext():
        for number, step in enumerate(steps, 1):
            typed = shlex.join(("apportion", *step.command))
            console.print(f"\n[bold]{number}/{len(steps)}  {escape(step.title)}[/]")
            console.print(f"{escape(step.says)}\n")
            console.print(f"$ {escape(typed)}", style="cyan")
            if step.leaves is not None and step.leaves.exists():
                console.print("done before; remove the folder to see it again", style="dim")
                continue
            app(step.command, exit_on_error=False, print_error=False, result_action="return_value")
    took = time.monotonic() - began
    page = out / "report.html"
    if json:
        print_json({"folder": str(out), "report": str(page), "seconds": round(took, 1)})
        return
    console.print(f"\nThat was all, in {duration(took)}. Open {escape(str(page.resolve()))}")
    console.print("Next: a study of your own, `apportion study run mine.toml --dry-run`.")


def steps_of(out: Path, *, quiet: bool = False) -> list[Step]:
    """Return the steps of the tour in the folder `out`."""
    folder, signed = str(out), out / "signed"
    network, compared = signed / "network.parquet", signed / "compare.json"
    hush = ("--quiet",) if quiet else ()
    return [
        Step(
            "Judgements",
            "Apportion brings a small world of word problems. A demonstration shows a good answer; a preference\n"
            "pair says which of two answers is better. Here are two of each, as an annotator would sell them.",
            ("world", "sample", "--count", "2"),
        ),
        Step(
            "A study",
            "A small language model is really trained here, once for each split of three budgets, and graded on\n"
            "problems it has not seen. What two cells have in common is trained once.",
            ("study", "run", str(out / TOUR), "--out", folder, *hush),
        ),
        Step(
            "How much will more data help?",
            "A law fitted to these few runs foretells a purchase that was not tried, and says how unsure it is.",
            ("fit", folder, "--predict", "1024,1024"),
        ),
        Step(
            "What should I buy?",
            "With 1,000 USD, a demonstration at 2 USD and a pair at 50 cents to 1 USD: how to split the money.",
            ("plan", folder, "--budget", "1000", "--price-demonstration", "2", "--price-pair", "0.5..1"),
        ),
        Step(
            "Who trusts whom",
            "The other half of Apportion learns from signed events over time. This network is generated; its users\n"
            "are in factions that the models are not told of.",
            ("signed", "generate", "--users", "100", "--events", "2000", "--balance", "0.95", "--out", str(network)),
            leaves=network,
        ),
        Step(
            "Whom will this user trust?",
            "SEMBA and its rivals say the sign of each later event before they see it.",
            ("signed", "compare", str(network), "--task", "sign", "--models", "semba-pure,reputation,positive",
             "--seeds", "1", "--out", str(compared), *hush),
            leaves=compared,
        ),
        Step(
            "The report",
            "All of it on one page, which opens without a network.",
            ("report", folder),
        ),
    ]  # fmt: skip


def _make_room(out: Path) -> None:
    """Make the tour's folder with its study file; raises UserError where something else lies there."""
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out}", "a file", "a folder for the tour", "Name another.")
    if (out / "study.toml").exists() and not (out / TOUR).exists():
        cure = "Name another with --out."
        raise UserError(f"--out {out}", "the folder of another study", "a folder of its own", cure)
    out.mkdir(parents=True, exist_ok=True)
    (out / TOUR).write_bytes(STUDY.read_bytes())
