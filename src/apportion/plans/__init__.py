"""Money: prices, the best split of a budget, what is nearly as good, the next experiment, when to stop.

Imports `laws`, and no torch.
"""

from apportion.plans.budget_line import Limits, counts_at
from apportion.plans.checklist import plan_checklist
from apportion.plans.document import document
from apportion.plans.next_experiment import Experiment, knowledge_gradient
from apportion.plans.plan import STOP, Line, Plan, PriceChange, expected_surface, plan
from apportion.plans.planner import planner_document
from apportion.plans.prices import Price, Prices, parse_price, price_of

__all__ = [
    "STOP",
    "Experiment",
    "Limits",
    "Line",
    "Plan",
    "Price",
    "PriceChange",
    "Prices",
    "counts_at",
    "document",
    "expected_surface",
    "knowledge_gradient",
    "parse_price",
    "plan",
    "plan_checklist",
    "planner_document",
    "price_of",
]
