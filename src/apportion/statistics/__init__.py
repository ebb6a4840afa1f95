"""Intervals and comparisons: the one place for every plus-or-minus that Apportion prints."""

from apportion.statistics.clustered import clustered_mean
from apportion.statistics.crossed import mean_over_seeds_and_items
from apportion.statistics.estimate import Basis, Estimate
from apportion.statistics.linked_users import Reweighted, over_seeds_and_users, reweighted
from apportion.statistics.paired import contrast, paired_difference
from apportion.statistics.power import items_needed
from apportion.statistics.wilson import wilson

__all__ = [
    "Basis",
    "Estimate",
    "Reweighted",
    "clustered_mean",
    "contrast",
    "items_needed",
    "mean_over_seeds_and_items",
    "over_seeds_and_users",
    "paired_difference",
    "reweighted",
    "wilson",
]
