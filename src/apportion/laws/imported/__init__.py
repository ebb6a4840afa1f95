"""Outcomes that other tools wrote, as rows of a table of runs: what stands in their plain files, nothing more."""

from apportion.laws.imported.outcome import Outcome, write_outcomes
from apportion.laws.imported.reading import read_outcomes
from apportion.laws.imported.sizes import Sizes, read_sizes

__all__ = ["Outcome", "Sizes", "read_outcomes", "read_sizes", "write_outcomes"]
