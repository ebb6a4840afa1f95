"""How many examples the tests of generated tables take: few as a rule, APPORTION_EXAMPLES of each where it is set."""

import os


def examples(usual: int) -> int:
    """Return the number of examples of a test that takes `usual` ones as a rule."""
    return int(os.environ.get("APPORTION_EXAMPLES", usual))
