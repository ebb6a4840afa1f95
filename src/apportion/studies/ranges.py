"""Which values a study's settings may have; what a type cannot say."""

from collections.abc import Iterator
from typing import NamedTuple

from apportion.errors import UserError
from apportion.studies.study import Grid, Study
from apportion.training.settings import PreferenceSettings, SFTSettings

MOST_USD = 1e9
MOST_SEED = 2**31 - 1


class Rule(NamedTuple):
    """One demand on one value: the key as the user writes it, what was found, whether it will do."""

    key: str
    found: object
    holds: bool
    expected: str
    cure: str = "Change it."


def check_ranges(study: Study, where: str) -> None:
    """Raise UserError for the first value that is out of range."""
    for rule in _rules(study):
        if not rule.holds:
            raise UserError(f"{where}, {rule.key}", f"{rule.found}", rule.expected, rule.cure)


def _rules(study: Study) -> Iterator[Rule]:
    yield from _grid_rules(study.grid, has_cells=bool(study.purchases))
    for kind, price in (("demonstration", study.prices.demonstration), ("pair", study.prices.pair)):
        yield Rule(f"[prices], {kind}", price, 0 < price < MOST_USD, "more than 0 USD")
    yield from _stage_rules("[sft]", study.sft)
    for method in study.grid.methods:
        yield from _stage_rules("[preference]", study.preference[method])
    length = study.model.max_length
    yield Rule("[model], max_length", length, length >= 8, "8 tokens or more")
    decoding = study.decoding
    yield Rule(
        "[decoding], temperature", decoding.temperature, decoding.temperature >= 0, "0 (greedy) or more"
    )
    yield Rule("[decoding], top_p", decoding.top_p, 0 < decoding.top_p <= 1, "above 0 and up to 1")
    yield Rule("[decoding], batch_size", decoding.batch_size, decoding.batch_size >= 1, "1 or more")


def _grid_rules(grid: Grid, *, has_cells: bool) -> Iterator[Rule]:
    some_budget = bool(grid.budgets) or has_cells
    yield Rule(
        "budgets", "none", some_budget, "a list of budgets, or [[cells]]", "Write budgets = [128, 512] (USD)."
    )
    for budget in grid.budgets:
        yield Rule("budgets", budget, 0 < budget < MOST_USD, "more than 0 USD")
    some_share = bool(grid.shares) or not grid.budgets
    yield Rule("shares", "none", some_share, "shares from 0 to 1", "Write shares = [1, 0.5, 0].")
    for share in grid.shares:
        yield Rule("shares", share, 0 <= share <= 1, "a share from 0 to 1", "Write .25 for a quarter.")
    yield Rule("seeds", "none", bool(grid.seeds), "at least one seed", "Write seeds = [0, 1, 2].")
    for seed in grid.seeds:
        yield Rule("seeds", seed, 0 <= seed <= MOST_SEED, f"a whole number from 0 to {MOST_SEED}")
    yield Rule("methods", "none", bool(grid.methods), "at least one", 'Write methods = ["dpo"].')
    for key in ("budgets", "shares", "seeds", "methods", "controls"):
        values = list(getattr(grid, key))
        yield Rule(key, values, len(set(values)) == len(values), "each value once", "Remove the repeat.")
    for budget in grid.control_budgets or ():
        yield Rule("control_budgets", budget, budget in grid.budgets, "some of the budgets")


def _stage_rules(stage: str, settings: SFTSettings) -> Iterator[Rule]:
    for name in ("learning_rate", "epochs"):
        value = getattr(settings, name)
        yield Rule(f"{stage}, {name}", value, 0 < value < float("inf"), "more than 0")
    for name in ("batch_size", "accumulation", "log_every"):
        value = getattr(settings, name)
        yield Rule(f"{stage}, {name}", value, value >= 1, "1 or more")
    for name in ("lora_rank", "min_steps", "weight_decay", "lora_dropout"):
        value = getattr(settings, name)
        yield Rule(f"{stage}, {name}", value, value >= 0, "0 or more")
    yield Rule(f"{stage}, warmup", settings.warmup, 0 <= settings.warmup < 1, "a share of the steps below 1")
    if isinstance(settings, PreferenceSettings):
        yield Rule(f"{stage}, beta", settings.beta, settings.beta > 0, "more than 0")
        yield Rule(f"{stage}, sft_weight", settings.sft_weight, settings.sft_weight >= 0, "0 or more")
