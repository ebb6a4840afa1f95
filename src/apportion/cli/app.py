"""The command line: parses, calls, prints; a user's mistake becomes one line and exit status 2."""

import os
import sys

from cyclopts import App, CycloptsError
from rich.console import Console

from apportion import __version__
from apportion.cli.data import app as data_app
from apportion.cli.findings import findings
from apportion.cli.fit import fit
from apportion.cli.judge import judge
from apportion.cli.plan import plan
from apportion.cli.report import report
from apportion.cli.signed import app as signed_app
from apportion.cli.study import app as study_app
from apportion.cli.world import app as world_app
from apportion.errors import UserError

app = App(
    name="apportion",
    help="Tells you which human judgements to buy next.",
    version=__version__,
    console=Console(soft_wrap=True),
    suppress_keyboard_interrupt=False,
)
app.command(study_app)
app.command(data_app)
app.command(world_app)
app.command(signed_app)
app.command(findings)
app.command(judge)
app.command(plan)
app.command(report)
app.command(fit)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 for success, 2 with one line on standard error for a user's mistake."""
    try:
        app(arguments, exit_on_error=False, print_error=False)
    except UserError as error:
        sys.exit(_refuse(str(error)))
    except CycloptsError as error:
        line = " ".join(str(error).split())
        sys.exit(_refuse(f"{line} Type: apportion --help"))
    except KeyboardInterrupt:
        print("apportion: stopped; the same command goes on where this one was", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe (head, say) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _refuse(line: str) -> int:
    print(f"apportion: {line}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
