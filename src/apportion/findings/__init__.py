"""The papers' claims, each a function of measured outcomes that returns holds, fails or undecided."""

from apportion.findings.allocation import Allocation
from apportion.findings.error_curves import ErrorCurve, error_curves
from apportion.findings.finding import Finding, Said, Verdict
from apportion.findings.measured import Arm, Scores, main_metric, measured
from apportion.findings.papers import all_findings

__all__ = [
    "Allocation",
    "Arm",
    "ErrorCurve",
    "Finding",
    "Said",
    "Scores",
    "Verdict",
    "all_findings",
    "error_curves",
    "main_metric",
    "measured",
]
