"""The command line: parses, calls, prints; a user's mistake becomes one line and exit status 2."""

import os
import signal
import sys

from cyclopts import App, CycloptsError
from rich.console import Console

from apportion import __version__
from apportion.cli.mistakes import mistake
from apportion.cli.terminal import for_terminal
from apportion.errors import OF_TRAIN, UserError, disk_error, missing_extra

app = App(
    name="apportion",
    help="Tells you which human judgements to buy next.",
    version=__version__,
    console=Console(soft_wrap=True),
    suppress_keyboard_interrupt=False,
)

GOES_ON = (("study", "run"), ("tour",), ("data", "fetch"))  # where they were stopped

# A command's module is imported when the command is used: --help needs none of them
for place, (name, home, line) in enumerate(
    (
        ("tour", "tour:tour", "Two minutes, step by step: judgements, a small real study, a plan, a report."),
        ("study", "study:app", "Train a grid of cells, sharing what they have in common, and grade it."),
        ("plan", "plan:plan", "How much of a budget to spend on demonstrations and on preference pairs."),
        ("fit", "fit:fit", "Fit laws to measured runs, and predict what more data would give."),
        ("findings", "findings:findings", "Which of the papers' claims hold on a study, with the numbers."),
        ("judge", "judge:judge", "Answers by a judge, against another study's or the references."),
        ("prefers", "prefers:prefers", "How often a model finds the better answers of pairs likelier."),
        ("report", "report:report", "Write a study's report.html, or print its tables in Markdown."),
        ("data", "data:app", "Public sets of judgements and signed networks, and checks of your own files."),
        (
            "outcomes",
            "outcomes:app",
            "Other tools' results as a table of runs, and a study's outcomes as one.",
        ),
        ("signed", "signed:app", "Signed networks over time: who will trust whom, and when."),
        ("world", "world:app", "The embedded world: word problems, annotators with dials, a base model."),
    )
):
    app.command(f"apportion.cli.{home}", name=name, help=line, sort_key=place)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 for success, 2 with one line on standard error for a user's mistake."""
    try:
        app(arguments, exit_on_error=False, print_error=False)
    except UserError as error:
        sys.exit(_refuse(str(error)))
    except CycloptsError as error:
        sys.exit(_refuse(mistake(error)))
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
        print(_stopped(sys.argv[1:] if arguments is None else arguments), file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe (head, say) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        found = _mended(error)
        if found is None:
            raise
        sys.exit(_refuse(str(found)))


def _stopped(arguments: list[str]) -> str:
    goes_on = any(tuple(arguments[: len(command)]) == command for command in GOES_ON)
    return (
        f"apportion: stopped; the same command {'goes on where this one was' if goes_on else 'begins anew'}"
    )


def _mended(error: Exception) -> UserError | None:
    """Return what the user can mend about an error that is not ours: a missing extra, a full disk; else None."""
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or "").split(".")[0]
        return missing_extra(package) if package in OF_TRAIN else None
    return disk_error(error)


def _refuse(line: str) -> int:
    print(for_terminal(f"apportion: {line}"), file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
