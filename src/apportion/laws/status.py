"""How far a fitted law can be trusted."""

from typing import Literal

Status = Literal["converged", "underdetermined", "at-bound", "no-law"]
"""Of every fit, in one variable or in two.

"no-law": no law explains the runs better than a level (or, in one variable, a straight line), or they show no trend
that chance does not. "underdetermined": fewer different sizes than a law has parameters, or no minimum was found.
"at-bound": the law runs into the ends of the scale. A poor status widens intervals, it takes none away.
"""
