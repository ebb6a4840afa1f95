"""`apportion judge`: answers by a judge, beside the task's score; or a judge against the labels of a public set."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from apportion.cli.json_document import print_json
from apportion.errors import UserError

if TYPE_CHECKING:
    from apportion.reports.judged_references import AsksAll, JudgedArm
    from apportion.tasks.judged_sets import JudgedSet
    from apportion.tasks.judging import Comparison, Judged

_TYPE_A_MODEL = "wordy, longer, or a model: its folder, .gguf file or hub id (owner/name)"


def judge(
    first: Path,
    second: Path | None = None,
    *,
    against: Literal["references"] | None = None,
    judge: str = "wordy",
    study: Path | None = None,
    form: Literal["llmbar", "pandalm", "judgebench", "hh"] | None = None,
    items: int | None = None,
    json: bool = False,
) -> None:
    """Show how often a judge prefers the answers of one study to another's, or to the references of its task.

    Of two studies both are taken at their largest number of demonstrations without pairs, item by item and seed by
    seed, and which are right more often (or nearer to the references, by ROUGE-L) is said beside it. Against the
    references every purchase is judged, with the task's own score beside it. Of a file of pairs with people's labels
    (--form) it shows how often the judge agrees with them. Each comparison is made in both orders; where they disagree
    it is a tie.

    Parameters
    ----------
    first: Path
        A study's folder; with --form a file of pairs.
    second: Path
        The folder of another study with the same task and seeds.
    against: str
        "references" in place of a second study.
    judge: str
        wordy (more different words win) or longer (more characters win): two judges that anyone can take in. Or a
        model: its folder, .gguf file or hub id; it sees 2,048 tokens and is read by its [[A]], [[B]] or [[C]].
    study: Path
        The study file, where the task's data are named relative to it; else the copy in the folder is read.
    form: str
        The columns of LLMBar, PandaLM, JudgeBench or HH-RLHF: the first argument is such a file.
    items: int
        With --form take the first so many pairs; all if not given.
    json: bool
        Print one JSON document.
    """
    asks = _asks_all(judge)
    if items is not None and (form is None or items < 1):
        raise UserError("--items", f"{items}", "1 or more, with --form", "Leave it out, or add --form.")
    if form is not None:
        if second is not None or against is not None or study is not None:
            raise UserError("--form", "a study beside it", "one file of pairs", "Name the file alone.")
        _against_labels(first, form, items, judge, asks, json=json)
    elif against is not None:
        if second is not None:
            raise UserError(
                "--against", f"a second study ({second})", "one study's folder", "Give one of them."
            )
        _against_references(first, study, judge, asks, json=json)
    elif second is None:
        cure = f"Type: apportion judge {first} --against references"
        raise UserError("apportion judge", "one study's folder", "two, or --against references", cure)
    elif study is not None:
        raise UserError("--study", f"{study}", "--against references with it", "Leave it out.")
    else:
        _two_studies(first, second, judge, asks, json=json)


def _asks_all(judge: str) -> "AsksAll":
    from apportion.models.settings import ModelSettings
    from apportion.studies.judges import compared_by, judged_by_model
    from apportion.tasks.judging import longer_judge, wordy_judge

    judges = {"wordy": wordy_judge, "longer": longer_judge}
    if judge in judges:
        return partial(compared_by, judges[judge])
    place = Path(os.path.expandvars(judge)).expanduser()
    if not (place.exists() or "/" in judge):
        raise UserError("--judge", repr(judge[:80]), _TYPE_A_MODEL, "Type --judge wordy.")

    def asks(comparisons: "Sequence[Comparison]") -> "list[Judged]":
        from apportion.models.causal import load_tokenizer

        source = str(place.resolve()) if place.exists() else judge
        settings = ModelSettings(source, max_length=2048)
        has_template = bool(load_tokenizer(settings, Path.cwd()).chat_template)
        settings = ModelSettings(source, max_length=2048, rendering="chat" if has_template else "plain")
        return judged_by_model(settings, comparisons, Path.cwd())

    return asks


def _two_studies(first: Path, second: Path, judge: str, asks: "AsksAll", *, json: bool) -> None:
    from apportion.findings.finding import as_share, in_points
    from apportion.reports.judged_arms import judged_arms

    found = judged_arms(first, second, asks)
    if json:
        print_json({"judge": judge, **asdict(found.finding)})
        return
    called = "right in any form" if found.metric == "accuracy" else "ROUGE-L"
    for name, score in zip((first, second), found.scores, strict=True):
        print(f"{name}: {called} {as_share(score)}")
    counts = found.counts
    print(f"difference {in_points(found.score_lead)}")
    print(
        f"the {judge} judge prefers the first in {as_share(found.win_rate)}: {counts.wins} wins, "
        f"{counts.losses} losses, {counts.ties} ties, {counts.junk} not read; "
        f"at equal length {found.at_equal_length:.2f}"
    )
    print(f"{found.finding.verdict}: {found.finding.claim}")


def _against_references(root: Path, study: Path | None, judge: str, asks: "AsksAll", *, json: bool) -> None:
    from apportion.findings.finding import as_share
    from apportion.reports.judged_references import judged_references
    from apportion.reports.record import read_record
    from apportion.studies.study_file import read_study

    record = read_record(root)
    task = (record.study if study is None else read_study(study)).load_task()
    found = judged_references(record, root, task, asks)
    if json:
        print_json({"judge": judge, "against": "references", "arms": [_plain(one) for one in found]})
        return
    print(f"answers against the references of {task.name}, by the judge {judge}; ties count half")
    print(
        f"{'demonstrations':>14}{'pairs':>7}  {'method':<14}{'win rate':<21}{'against .5':<12}{'equal length':>12}"
        f"{'wins':>6}{'losses':>8}{'ties':>6}{'not read':>10}  {found[0].metric}"
    )
    for one in found:
        rate = "nothing read" if one.win_rate is None else as_share(one.win_rate)
        counts = one.counts
        print(
            f"{one.arm.n_demonstrations:>14}{one.arm.n_pairs:>7}  {one.arm.method:<14}{rate:<21}"
            f"{one.standing or '-':<12}{one.at_equal_length:>12.2f}"
            f"{counts.wins:>6}{counts.losses:>8}{counts.ties:>6}{counts.junk:>10}"
            f"  {as_share(one.score)}"
        )
    rated = sum(one.p is not None for one in found)
    print(f"against .5: p below .05 after Holm's correction for {rated} rows; the intervals are single ones")


def _against_labels(
    pairs: Path, form: "JudgedSet", items: int | None, judge: str, asks: "AsksAll", *, json: bool
) -> None:
    from apportion.findings.finding import as_share
    from apportion.studies.judges import label_agreement
    from apportion.tasks.judged_sets import read_judged

    comparisons = read_judged(pairs, form)[:items]
    if not any(one.human in ("first", "second") for one in comparisons):
        raise UserError(
            str(pairs), "no pairs of which people prefer a side", "at least one", "Give another file."
        )
    found = label_agreement(comparisons, asks(comparisons))
    people, counts = found.people, found.counts
    if json:
        print_json(
            {
                "judge": judge,
                "pairs": len(comparisons),
                "prompts": found.share.items,
                "agreement": found.share._asdict(),
                "people": people._asdict(),
                "said": counts._asdict(),
            }
        )
        return
    print(f"{people.labelled} pairs of {found.share.items} prompts with a side that people prefer, {judge}")
    print(
        f"agreement {as_share(found.share)}: {people.agreed} agree, "
        f"{people.labelled - people.agreed - people.tied - people.junk} do not, {people.tied} tied (a half), "
        f"{people.junk} not read (wrong)"
    )
    print(
        f"of all {len(comparisons)} pairs {counts.ties} tied, {counts.junk} not read; in {counts.inconsistent} of the "
        f"ties the orders disagree, and {counts.first_place} of these went to whichever stood first"
    )


def _plain(one: "JudgedArm") -> dict[str, Any]:
    return {
        **one.arm._asdict(),
        "metric": one.metric,
        "score": one.score._asdict(),
        "win_rate": None if one.win_rate is None else one.win_rate._asdict(),
        "p_holm": one.p,
        "against_one_half": one.standing,
        "at_equal_length": one.at_equal_length,
        **one.counts._asdict(),
    }
