"""Intervals and comparisons: the one place for every plus-or-minus that Apportion prints."""

from apportion.statistics.agreement import Agreement, agreement
from apportion.statistics.bootstrap import cluster_bootstrap, paired_cluster_bootstrap
from apportion.statistics.clustered import clustered_mean
from apportion.statistics.crossed import mean_over_seeds_and_items
from apportion.statistics.estimate import Basis, Estimate
from apportion.statistics.linked_users import Reweighted, over_seeds_and_users, reweighted
from apportion.statistics.multiple import Corrected, Standing, corrected, holm, p_value, standing
from apportion.statistics.paired import contrast, paired_difference
from apportion.statistics.power import detectable_difference, items_needed
from apportion.statistics.wilson import wilson

__all__ = [
    "Agreement",
    "Basis",
    "Corrected",
    "Estimate",
    "Reweighted",
    "Standing",
    "agreement",
    "cluster_bootstrap",
    "clustered_mean",
    "contrast",
    "corrected",
    "detectable_difference",
    "holm",
    "items_needed",
    "mean_over_seeds_and_items",
    "over_seeds_and_users",
    "p_value",
    "paired_cluster_bootstrap",
    "paired_difference",
    "reweighted",
    "standing",
    "wilson",
]
