"""Learning curves: the score as a function of the data; families, fitting, uncertainty and comparison.

Imports no other room, and no torch.
"""

from apportion.laws.allocation_law import AllocationLaw, fit_allocation
from apportion.laws.checklist import checklist
from apportion.laws.curves import Curve, Prediction, fit_curves
from apportion.laws.families import Family, families, family
from apportion.laws.forecast import Forecast, forecast
from apportion.laws.joint import JointFit, JointLaw, fit_joint
from apportion.laws.power_law import PowerLaw
from apportion.laws.prior import Prior, learn, read_prior, shipped_prior, weak_prior
from apportion.laws.repeats import effective_examples
from apportion.laws.rolling import roll_out, roll_outs
from apportion.laws.runs import Runs, read_runs
from apportion.laws.status import Status
from apportion.laws.variances import Variances, variances

__all__ = [
    "AllocationLaw",
    "Curve",
    "Family",
    "Forecast",
    "JointFit",
    "JointLaw",
    "PowerLaw",
    "Prediction",
    "Prior",
    "Runs",
    "Status",
    "Variances",
    "checklist",
    "effective_examples",
    "families",
    "family",
    "fit_allocation",
    "fit_curves",
    "fit_joint",
    "forecast",
    "learn",
    "read_prior",
    "read_runs",
    "roll_out",
    "roll_outs",
    "shipped_prior",
    "variances",
    "weak_prior",
]
