"""Text with names from data, as a terminal may be given it."""

from apportion.reports.shown import visible


def for_terminal(text: str) -> str:
    """Return a text whose control characters are pictures: names from data must not steer the terminal.

    >>> for_terminal("a\\x1b[31mred")
    'a␛[31mred'
    """
    return str(visible(text))
