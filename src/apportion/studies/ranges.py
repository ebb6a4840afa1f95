"""Which values a study's settings may have; what a type cannot say."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from apportion.errors import UserError
from apportion.models.causal import SHIPPED
from apportion.studies.cells import Purchase, purchase
from apportion.studies.study import Grid, Hardware, Study
from apportion.training.settings import PreferenceSettings, SFTSettings

MOST_USD = 1e9
LEAST_PRICE_USD = 1e-6
MOST_SEED = 2**31 - 1
MOST = 1e6


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
        in_range = LEAST_PRICE_USD <= price < MOST_USD
        yield Rule(f"[prices], {kind}", price, in_range, "more than 0 (1e-6 or more) and less than 1e9 USD")
    yield from _purchase_rules(study)
    yield from _stage_rules("[sft]", study.sft)
    yield from _stage_rules("[lessons]", study.lessons)
    for method in study.grid.methods:
        yield from _stage_rules("[preference]", study.preference[method])
    yield from _held_out_rules(study)
    if study.hardware:
        yield from _hardware_rules(study.hardware)
    stages = [study.sft, study.lessons, *(study.preference[method] for method in study.grid.methods)]
    adapters = all(settings.lora_rank > 0 for settings in stages)
    fits = study.model.dtype != "float16" or adapters
    cure = "Write bfloat16 or float32, or lora_rank = 16 under [sft] and [preference]."
    yield Rule(
        "[model], dtype", "float16 with full fine-tuning", fits, "a dtype whose updates do not vanish", cure
    )
    length = study.model.max_length
    yield Rule("[model], max_length", length, length >= 8, "8 tokens or more")
    answerable = study.model.rendering == "plain" or study.model.source not in SHIPPED
    found = f"chat with model '{study.model.source}', which has no chat template"
    cure = 'Write rendering = "plain" under [model], or name a chat model.'
    yield Rule("[model], rendering", found, answerable, "plain for it", cure)
    decoding = study.decoding
    yield Rule(
        "[decoding], temperature",
        decoding.temperature,
        0 <= decoding.temperature < MOST,
        "0 (greedy) or more, and less than 1e6",
    )
    yield Rule("[decoding], top_p", decoding.top_p, 0 < decoding.top_p <= 1, "above 0 and up to 1")
    yield Rule("[decoding], batch_size", decoding.batch_size, decoding.batch_size >= 1, "1 or more")


def _grid_rules(grid: Grid, *, has_cells: bool) -> Iterator[Rule]:
    some_budget = bool(grid.budgets) or has_cells
    yield Rule(
        "budgets", "none", some_budget, "a list of budgets, or [[cells]]", "Write budgets = [128, 512] (USD)."
    )
    for budget in grid.budgets:
        yield Rule("budgets", budget, 0 < budget < MOST_USD, "more than 0 and less than 1e9 USD")
    some_share = bool(grid.shares) or not grid.budgets
    yield Rule("shares", "none", some_share, "shares from 0 to 1", "Write shares = [1, 0.5, 0].")
    for share in grid.shares:
        yield Rule("shares", share, 0 <= share <= 1, "a share from 0 to 1", "Write .25 for a quarter.")
    yield Rule("seeds", "none", bool(grid.seeds), "at least one seed", "Write seeds = [0, 1, 2].")
    for seed in grid.seeds:
        yield Rule("seeds", seed, 0 <= seed <= MOST_SEED, f"a whole number from 0 to {MOST_SEED}")
    if grid.data_seed is not None:
        rule = f"a whole number from 0 to {MOST_SEED}"
        yield Rule("data_seed", grid.data_seed, 0 <= grid.data_seed <= MOST_SEED, rule)
    yield Rule("methods", "none", bool(grid.methods), "at least one", 'Write methods = ["dpo"].')
    for key in ("budgets", "shares", "seeds", "methods", "controls"):
        values = list(getattr(grid, key))
        yield Rule(key, values, len(set(values)) == len(values), "each value once", "Remove the repeat.")
    yield Rule("replay", grid.replay, 0 <= grid.replay <= MOST, "0 to 1e6 demonstrations a lesson")
    for budget in grid.control_budgets or ():
        yield Rule("control_budgets", budget, budget in grid.budgets, "some of the budgets")
    used = grid.control_budgets is None or bool(grid.controls)
    cure = 'Write controls = ["sft-on-chosen"], or remove control_budgets.'
    yield Rule("control_budgets", list(grid.control_budgets or ()), used, "controls beside them", cure)


def _purchase_rules(study: Study) -> Iterator[Rule]:
    for budget in study.grid.budgets:
        bought = [purchase(budget, share, study.prices) for share in study.grid.shares]
        found = f"{budget:g}, which buys nothing at any share"
        cure = "Raise it: a budget is in USD, see [prices]."
        yield Rule(
            "budgets",
            found,
            any(one != Purchase() for one in bought),
            "the price of a judgement or more",
            cure,
        )


def _stage_rules(stage: str, settings: SFTSettings) -> Iterator[Rule]:
    for name in ("learning_rate", "epochs"):
        value = getattr(settings, name)
        yield Rule(f"{stage}, {name}", value, 0 < value < MOST, "more than 0 and less than 1e6")
    for name in ("batch_size", "accumulation", "log_every"):
        value = getattr(settings, name)
        yield Rule(f"{stage}, {name}", value, value >= 1, "1 or more")
    for name in ("lora_rank", "min_steps", "weight_decay", "max_grad_norm", "lora_alpha"):
        value = getattr(settings, name)
        yield Rule(f"{stage}, {name}", value, 0 <= value < MOST, "0 or more, and less than 1e6")
    for up_to, size in settings.batch_sizes:
        yield Rule(f"{stage}, batch_sizes", [up_to, size], min(up_to, size) >= 1, "pairs of 1 or more")
    limits = [up_to for up_to, _ in settings.batch_sizes]
    rising = all(left < right for left, right in pairwise(limits))
    found = ", ".join(f"[{up_to}, {size}]" for up_to, size in settings.batch_sizes)
    cure = "Write the pairs in rising order of their first numbers; the first that fits is taken."
    yield Rule(f"{stage}, batch_sizes", found, rising, "numbers of examples that rise", cure)
    scaled = settings.lora_rank == 0 or settings.lora_alpha > 0
    found = f"{settings.lora_alpha:g} with lora_rank = {settings.lora_rank}, an adapter that changes nothing"
    yield Rule(f"{stage}, lora_alpha", found, scaled, "more than 0", "Write lora_alpha = 32, say.")
    yield Rule(f"{stage}, warmup", settings.warmup, 0 <= settings.warmup < 1, "a share of the steps below 1")
    yield Rule(
        f"{stage}, lora_dropout", settings.lora_dropout, 0 <= settings.lora_dropout < 1, "a share below 1"
    )
    if isinstance(settings, PreferenceSettings):
        yield Rule(f"{stage}, beta", settings.beta, 0 < settings.beta < MOST, "more than 0 and less than 1e6")
        weight = settings.sft_weight
        yield Rule(f"{stage}, sft_weight", weight, 0 <= weight < MOST, "0 or more, and less than 1e6")


def _held_out_rules(study: Study) -> Iterator[Rule]:
    for name in ("items", "max_new_tokens"):
        value = getattr(study.task, name, None)
        yield Rule(f"[task], {name}", value, value is None or value >= _least(study, name), "1 or more")
    limit = study.decoding.max_new_tokens
    yield Rule("[decoding], max_new_tokens", limit, limit is None or limit >= 1, "1 or more")


def _least(study: Study, name: str) -> int:
    return 0 if name == "max_new_tokens" and study.task_name == "preference" else 1


def _hardware_rules(hardware: Hardware) -> Iterator[Rule]:
    for name in ("train_tokens_per_second", "decode_tokens_per_second"):
        value = getattr(hardware, name)
        yield Rule(f"[hardware], {name}", value, 0 < value < float("inf"), "more than 0")
    for name in ("usd_per_hour", "tokens_per_demonstration", "tokens_per_pair", "decoded_tokens_per_cell"):
        value = getattr(hardware, name)
        yield Rule(f"[hardware], {name}", value, value is None or 0 <= value < float("inf"), "0 or more")
