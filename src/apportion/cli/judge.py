"""`apportion judge`: two studies of one task, by a judge and by the objective score."""

from dataclasses import asdict
from pathlib import Path

from apportion.cli.json_document import print_json
from apportion.errors import UserError


def judge(first: Path, second: Path, *, judge: str = "wordy", json: bool = False) -> None:
    """Show how often a judge prefers the answers of one study to another's, and which are right more often.

    Both are taken at their largest number of demonstrations without pairs, item by item and seed by seed, each
    comparison in both orders.

    Parameters
    ----------
    first: Path
        A study's folder.
    second: Path
        The folder of another study with the same task and seeds.
    judge: str
        wordy (more different words win) or longer (more characters win): two judges that anyone can take in.
    json: bool
        Print one JSON document.
    """
    from apportion.findings.finding import as_share, in_points
    from apportion.reports.judged_arms import judged_arms
    from apportion.tasks.judging import longer_judge, wordy_judge

    judges = {"wordy": wordy_judge, "longer": longer_judge}
    if judge not in judges:
        raise UserError("--judge", repr(judge[:40]), f"one of {', '.join(judges)}", "Type --judge wordy.")
    found = judged_arms(first, second, judges[judge])
    if json:
        print_json({"judge": judge, **asdict(found.finding)})
        return
    for name, accuracy in zip((first, second), found.accuracies, strict=True):
        print(f"{name}: right in any form {as_share(accuracy)}")
    counts = found.counts
    print(f"difference {in_points(found.score_lead)}")
    print(
        f"the {judge} judge prefers the first in {as_share(found.win_rate)}: {counts.wins} wins, "
        f"{counts.losses} losses, {counts.ties} ties, {counts.junk} not read; "
        f"at equal length {found.at_equal_length:.2f}"
    )
    print(f"{found.finding.verdict}: {found.finding.claim}")
