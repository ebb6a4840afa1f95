"""What was typed wrongly, as one line that says what to type instead."""

import shlex

from cyclopts import CycloptsError, MissingArgumentError, UnknownCommandError, UnusedCliTokensError

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

EXAMPLES = {
    "plan": "apportion plan runs.csv --budget 2000 --price-demonstration 2 --price-pair 0.5..1",
    "fit": "apportion fit runs.csv --predict 10000",
    "study run": "apportion study run mine.toml",
    "study status": "apportion study status runs/mine",
    "report": "apportion report runs/mine",
    "findings": "apportion findings runs/mine",
    "data check": "apportion data check pairs.jsonl",
    "data fetch": "apportion data fetch bitcoin-otc",
    "outcomes import": "apportion outcomes import results_*.json --sizes sizes.csv --out runs.csv",
    "outcomes export": "apportion outcomes export runs/mine --out runs.csv",
    "signed info": "apportion signed info events.csv",
    "signed generate": "apportion signed generate --out network.csv",
    "signed train": "apportion signed train events.csv --out model",
    "signed evaluate": "apportion signed evaluate model",
    "signed predict": "apportion signed predict model --pairs pairs.csv",
    "signed compare": "apportion signed compare events.csv --task sign",
}
"""What to type where something is missing."""


def mistake(error: CycloptsError) -> str:
    """Return a mistake of the command line as one line: what is wrong, what to type."""
    error.verbose = False
    line = " ".join(str(error).split())
    command = " ".join(error.command_chain or ())
    chain = " ".join(["apportion", *(error.command_chain or ())])
    if isinstance(error, UnknownCommandError) and not error.command_chain:
        word = (error.unused_tokens or [""])[0]
        if word in MEANT:
            return f'Unknown command "{word}". Did you mean: apportion {MEANT[word]}?'
        line = line.split(" Available commands:")[0]
    if isinstance(error, UnusedCliTokensError):
        tokens = shlex.join(error.unused_tokens or [])
        line = f"{command}: found {tokens}, which it has no use for."
    if isinstance(error, MissingArgumentError) and error.argument is not None and command in EXAMPLES:
        missing = f"{error.argument.name} is missing. Type, for example: {EXAMPLES[command]}"
        unknown = [token for token in error.unused_tokens or [] if token.startswith("--")]
        if unknown:
            return f"{command}: there is no {shlex.join(unknown)}, and {missing}"
        return f"{command}: {missing}"
    return f"{line} Type: {chain} --help"
