"""Fitted laws for people: a short table, a sketch of each curve, roll-outs, checklists."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apportion.cli.checklist_lines import checklist_lines

if TYPE_CHECKING:
    from apportion.laws.checklist import Checklist
    from apportion.laws.forecast import Forecast

BLOCKS = "▁▂▃▄▅▆▇█"


def fit_table(found: Sequence["Forecast"], lists: Sequence["Checklist"]) -> str:
    """Return a short table with a sketch of each curve's runs, smallest size first; roll-outs; checklists."""
    lines = [
        f"{'curve':32} {'runs':>4} {'law':14} {'status':15} {'at n':>14} {'expected':>9}  95 % interval",
    ]
    for f in found:
        size = f"{f.n_demonstrations:,}" + (f"+{f.n_pairs:,}" if f.n_pairs else "")
        lines.append(
            f"{_called(f):32} {len(f.runs.y):4} {'-' if f.status == 'no-law' else f.family:14} {f.status:15} "
            f"{size:>14} {f.mean:9.4g}  {f.low:.4g} to {f.high:.4g}"
        )
        lines.append(f"  {_sketch(f)}")
        if f.status == "no-law":
            lines.append(
                f"  no law fits better than a line or a level, or chance would do; closest: {f.family}"
            )
        if f.epochs is not None:
            lines.append(
                f"  foretold for {f.epochs:g} epochs; repeated data: R* {f.parameters['R*']:.3g} repetitions"
            )
    for joint in (False, True):
        lines += _rolled([f for f in found if f.is_joint == joint and f.roll_out])
    for f, points in zip(found, lists, strict=False):
        lines += ["", f"To refit {_called(f)}:", *checklist_lines(points, "  ")]
    return "\n".join(lines)


def _called(found: "Forecast") -> str:
    return shortened(found.model, found.task)


def shortened(model: str | None, task: str | None) -> str:
    """Return a curve's name in at most 32 characters."""
    called = " / ".join(part for part in (model, task) if part) or "all runs"
    return called if len(called) <= 32 else called[:31] + "…"


def _rolled(found: Sequence["Forecast"]) -> list[str]:
    """Return the table of roll-outs of curves with the same families, or nothing."""
    if not found:
        return []
    unit = {"score": "the logit of the score", "loss": "the log of the loss"}[found[0].kind]
    names = list(found[0].roll_out)
    lines = [
        "",
        f"Roll-out: the largest sizes foretold from the smaller ones, root mean square error in {unit}",
        f"{'curve':32} {'foretold':>8} " + " ".join(f"{name:>14}" for name in names),
    ]
    for f in found:
        best = min(f.roll_out.values())
        errors = [f"{error:.3f}{'*' if error == best else ' '}" for error in f.roll_out.values()]
        lines.append(f"{_called(f):32} {f.held_out:8} " + " ".join(f"{error:>14}" for error in errors))
    return lines


def _sketch(found: "Forecast") -> str:
    """Return one block a size, as high as the mean result there, with the ends named."""
    totals: dict[int, list[float]] = {}
    for s, p, y in zip(found.runs.n_demonstrations, found.runs.n_pairs, found.runs.y, strict=True):
        totals.setdefault(int(s + p), []).append(float(y))
    sizes = sorted(totals)
    means = [sum(totals[n]) / len(totals[n]) for n in sizes]
    low, span = min(means), max(max(means) - min(means), 1e-12)
    step = max(1, len(sizes) // 60)
    blocks = "".join(BLOCKS[min(7, int(8 * (m - low) / span))] for m in means[::step])
    return f"{sizes[0]:,} [{means[0]:.4g}] {blocks} {sizes[-1]:,} [{means[-1]:.4g}]"
