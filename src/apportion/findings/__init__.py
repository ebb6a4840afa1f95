"""The papers' claims, each a function of measured outcomes that returns holds, fails or undecided."""

from apportion.findings.allocation import Allocation
from apportion.findings.finding import Finding, Verdict
from apportion.findings.measured import Arm, Scores, main_metric, measured
from apportion.findings.papers import all_findings

__all__ = ["Allocation", "Arm", "Finding", "Scores", "Verdict", "all_findings", "main_metric", "measured"]
