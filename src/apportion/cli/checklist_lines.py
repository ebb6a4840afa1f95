"""A checklist of a fit or a plan as lines of text."""

from typing import Any


def checklist_lines(points: dict[str, Any], indent: str) -> list[str]:
    """Return a checklist as lines, one a point."""
    lines = []
    for name, value in points.items():
        called = f"{indent}{name.replace('_', ' ')}:"
        if isinstance(value, dict):
            lines += [called, *checklist_lines(value, indent + "  ")]
        elif isinstance(value, list):
            lines.append(f"{called} {', '.join(map(str, value)) or 'none'}")
        else:
            lines.append(f"{called} {_shown(value)}")
    return lines


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "not told by this table", True: "yes", False: "no"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
