"""What was typed wrongly, as one line that says what to type instead."""

from cyclopts import CycloptsError, UnknownCommandError

MEANT = {
    "run": "study run",
    "status": "study status",
    "train": "signed train",
    "evaluate": "signed evaluate",
    "predict": "signed predict",
    "compare": "signed compare",
    "check": "data check",
    "fetch": "data fetch",
    "list": "data list",
    "sample": "world sample",
    "import": "outcomes import",
    "export": "outcomes export",
    "help": "--help",
}
"""Commands that newcomers look for one level too high."""


def mistake(error: CycloptsError) -> str:
    """Return a mistake of the command line as one line: what is wrong, what to type."""
    error.verbose = False
    line = " ".join(str(error).split())
    chain = " ".join(["apportion", *(error.command_chain or ())])
    if isinstance(error, UnknownCommandError) and not error.command_chain:
        word = (error.unused_tokens or [""])[0]
        if word in MEANT:
            return f'Unknown command "{word}". Did you mean: apportion {MEANT[word]}?'
        line = line.split(" Available commands:")[0]
    return f"{line} Type: {chain} --help"
