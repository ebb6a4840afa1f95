"""Sources as a study file names them: absolute, relative to that file, or under $APPORTION_DATA."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from apportion.errors import UserError

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def located(source: str, base: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Return where a source is: a hub id as it is, a path with $NAME and ~ expanded, else under `base`.

    Raises `UserError` for a variable that is not set.
    """
    if source.startswith("hf:"):
        return source

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if not environment.get(name):
            cure = f"Type: export {name}=/path/to/the/folder, or write the file's path."
            raise UserError(source, f"no environment variable {name}", "the folder that holds the data", cure)
        return environment[name]

    return str(base / Path(_VARIABLE.sub(value, source)).expanduser())
