"""Multihop questions: StrategyQA, Bamboogle, HotpotQA and composed facts, with their single hops where known.

StrategyQA: Geva et al. 2021 (arXiv 2101.02235). Bamboogle and the composed facts (Compositional Celebrities): Press
et al. 2022 (arXiv 2210.03350). HotpotQA: Yang et al. 2018 (arXiv 1809.09600).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from apportion.error_classes import ErrorClass
from apportion.errors import UserError
from apportion.judgements.contamination import refuse_contamination
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.findings import Row, described
from apportion.judgements.rows import read_rows, stem
from apportion.judgements.subsets import scattered, split_by_prompt
from apportion.tasks.anatomy import is_repetition, unanswered
from apportion.tasks.prompts import Template, posed, posed_demonstration
from apportion.tasks.short_answers import exact_match, f1, final_answer, mentions, normalised, yes_or_no
from apportion.tasks.sources import located
from apportion.tasks.task import Grade, Problem, Task

Source = Literal["strategyqa", "bamboogle", "hotpotqa", "composed-facts"]
SPLIT_SEED = 0  # of the questions into trained and held out, and of the cap on held-out items
_FOLDER = "$APPORTION_DATA/text/"


@dataclass(frozen=True, slots=True)
class MultihopSettings:
    """Where the questions are, what is asked, and what is trained on.

    `train` holds demonstrations, worked from the same kind of rows; without it `train_problems` questions of
    the test file are trained on and the others held out. `ask` "composed" asks the questions, "hops" each single
    hop by itself, as an item ID/1, ID/2. `context` puts the passages or facts before the question. `items` caps
    the held-out questions.
    """

    test: str | None = None
    train: str | None = None
    train_problems: int = 0
    ask: Literal["composed", "hops"] = "composed"
    context: bool = False
    items: int | None = None
    prompt_template: Template = "question"
    max_new_tokens: int = 160
    allow_contamination: bool = False


class Hop(NamedTuple):
    """A single-hop question with its answers; no answers are known where there are none."""

    question: str
    answers: tuple[str, ...]


class Question(NamedTuple):
    """A multihop question: its answers, its hops, and the sentences that answer it."""

    id: str
    question: str
    answers: tuple[str, ...]
    hops: tuple[Hop, ...]
    context: tuple[str, ...]


def strategyqa_task(settings: MultihopSettings, base: Path) -> Task:
    """Return StrategyQA, questions of yes and no; demonstrations are its train split with the facts."""
    return _task("strategyqa", settings, base, "strategyqa_dev.jsonl.gz", "strategyqa_train.jsonl.gz")


def bamboogle_task(settings: MultihopSettings, base: Path) -> Task:
    """Return Bamboogle, two-hop questions that a search engine answers wrongly, with both hops."""
    return _task("bamboogle", settings, base, "bamboogle.jsonl.gz")


def hotpotqa_task(settings: MultihopSettings, base: Path) -> Task:
    """Return HotpotQA with its passages (`context`) or without; its rows have no single hops."""
    return _task("hotpotqa", settings, base, "hotpotqa_sample.jsonl.gz")


def composed_facts_task(settings: MultihopSettings, base: Path) -> Task:
    """Return Compositional Celebrities: a fact of a person, and a fact of that, each also asked alone."""
    return _task("composed-facts", settings, base, "compositional_celebrities_subset.jsonl.gz")


def read_questions(source: str, kind: Source) -> tuple[Question, ...]:
    """Return the questions of a file in its set's own columns; raises `UserError` at the first faulty row."""
    reader = {
        "strategyqa": _strategyqa,
        "bamboogle": _composed,
        "composed-facts": _composed,
        "hotpotqa": _hotpotqa,
    }
    return tuple(reader[kind](row, f"{stem(row.file)}-{row.number:05d}") for row in read_rows(source))


def grade_answer(problem: Problem, text: str) -> Grade:
    """Return the grade of an answer; what follows a new "Question:" is not counted as part of it.

    strict: exact match (SQuAD's normalisation) of what the text names as its answer ("the answer is ...",
    "Answer:", "####") with a reference; yes and no count where the answer begins with them. flexible: exact
    match of the last line, or a reference stands in the last sentence; for yes and no, it is the only one of the
    two there. Class: `classify_answer`.
    """
    answer = text.partition("\nQuestion:")[0]
    references, hops = _referenced(problem)
    named = final_answer(answer)
    strict = named is not None and _matches(named, references)
    flexible = strict or _is_there(answer, references)
    return Grade(strict, flexible, classify_answer(answer, references, hops, strict, flexible))


def classify_answer(
    text: str,
    references: Sequence[str],
    hops: Sequence[str],
    strict: bool,
    flexible: bool,
    finished: bool | None = None,
) -> ErrorClass:
    """Return the class of an answer, given its grades and the answers of its first hops.

    "none", "style-only"; without a named answer what `anatomy.unanswered` says; "missing-or-extra-step", the
    answer is that of an earlier hop; "wrong-hop", there is working, so some hop in it is wrong; "other" where the
    answer stands alone and no one can tell.
    """
    if strict or flexible:
        return "none" if strict else "style-only"
    named = final_answer(text)
    if named is None or is_repetition(text):
        return unanswered(text, finished)
    if hops and exact_match(named, hops):
        return "missing-or-extra-step"
    working = text[: text.rfind(named)]
    return "wrong-hop" if len(working.split()) > len(["so", "the", "answer", "is"]) + 2 else "other"


def answer_f1(problem: Problem, text: str) -> float:
    """Return the F1 of what the text names as its answer, or of its last line, against the references."""
    answer = text.partition("\nQuestion:")[0]
    named = final_answer(answer) or answer.rstrip().rpartition("\n")[2]
    references, _ = _referenced(problem)
    return f1(yes_or_no(named) or named if set(references) <= {"yes", "no"} else named, references)


def grade_with_f1(problem: Problem, text: str) -> Grade:
    """Return `grade_answer`'s grade with `answer_f1` beside it."""
    return replace(grade_answer(problem, text), beside=(answer_f1(problem, text),))


class Gap(NamedTuple):
    """How many questions had all hops right, and how many of these were wrong when asked in one."""

    hops_right: int
    composed_wrong: int

    @property
    def share(self) -> float | None:
        """The compositionality gap (Press et al. 2022), None where no question had all hops right."""
        return self.composed_wrong / self.hops_right if self.hops_right else None


def compositionality_gap(composed: Mapping[str, bool], hops: Mapping[str, bool]) -> Gap:
    """Return the gap between knowing the hops and composing them, from the grades of items ID and ID/1, ID/2.

    >>> compositionality_gap({"a": False, "b": True}, {"a/1": True, "a/2": True, "b/1": False, "b/2": True})
    Gap(hops_right=1, composed_wrong=1)
    """
    by_question: dict[str, list[bool]] = {}
    for item, right in hops.items():
        by_question.setdefault(item.rpartition("/")[0], []).append(right)
    known = [item for item, rights in by_question.items() if all(rights) and item in composed]
    return Gap(len(known), sum(not composed[item] for item in known))


def _task(kind: Source, settings: MultihopSettings, base: Path, test: str, train: str | None = None) -> Task:
    source = settings.test or _FOLDER + test
    questions = read_questions(located(source, base), kind)
    by_id = {question.id: question for question in questions}
    rows = tuple(Demonstration(q.id, q.question, worked_answer(q)) for q in questions)
    trained_on = settings.train or (None if train is None or settings.test else _FOLDER + train)
    if trained_on is None:
        shown, held_out = split_by_prompt(rows, settings.train_problems, SPLIT_SEED)
        shown = tuple(_demonstration(by_id[row.id], settings) for row in shown)
    else:
        held_out = rows
        shown = tuple(_demonstration(q, settings) for q in read_questions(located(trained_on, base), kind))
    asked = [by_id[row.id] for row in scattered(held_out, settings.items, SPLIT_SEED)]
    refuse_contamination(
        [row.prompt for row in shown],
        [_prompt(question, settings) for question in asked],
        f"{trained_on or source} against {source}",
        settings.allow_contamination,
    )
    answers = (
        () if settings.ask == "hops" else tuple(_demonstration(question, settings) for question in asked)
    )
    return Task(
        name=kind,
        demonstrations=tuple(posed_demonstration(row, settings.prompt_template) for row in shown),
        pairs=(),
        problems=tuple(
            problem for question in asked for problem in _problems(question, kind, source, settings)
        ),
        answers=tuple(posed_demonstration(row, settings.prompt_template) for row in answers),
        comparisons=(),
        grade=grade_answer if kind == "strategyqa" else grade_with_f1,
        max_new_tokens=settings.max_new_tokens,
        beside=None if kind == "strategyqa" else "f1",
    )


def _problems(question: Question, kind: Source, source: str, settings: MultihopSettings) -> list[Problem]:
    if settings.ask == "composed":
        hops = tuple(answer for hop in question.hops[:-1] for answer in hop.answers)
        prompt = posed(_prompt(question, settings), settings.prompt_template)
        return [Problem(question.id, prompt, reference_of(question.answers, hops))]
    if not question.hops or not all(hop.answers for hop in question.hops):
        cure = 'Write ask = "composed"; bamboogle and composed-facts have single hops.'
        raise UserError(source, f"no answers to the single hops of {kind}", "hops to ask", cure)
    return [
        Problem(
            f"{question.id}/{place}",
            posed(hop.question, settings.prompt_template),
            reference_of(hop.answers, ()),
        )
        for place, hop in enumerate(question.hops, 1)
    ]


def reference_of(answers: Sequence[str], hops: Sequence[str]) -> str:
    """Return the answers a line, and after a blank line those of the earlier hops: what a problem refers to."""
    return "\n".join(answers) + ("\n\n" + "\n".join(hops) if hops else "")


def _referenced(problem: Problem) -> tuple[list[str], list[str]]:
    answers, _, hops = problem.reference.partition("\n\n")
    return answers.split("\n"), hops.split("\n") if hops else []


def _matches(named: str, references: Sequence[str]) -> bool:
    return exact_match(named, references) or (
        set(references) <= {"yes", "no"} and yes_or_no(named) in references
    )


def _is_there(text: str, references: Sequence[str]) -> bool:
    line = text.rstrip().rpartition("\n")[2]
    if exact_match(line, references):
        return True
    sentence = line.rstrip(" .").rpartition(". ")[2]
    if set(references) <= {"yes", "no"}:
        return {"yes", "no"} & set(normalised(sentence).split()) == set(references)
    return mentions(sentence, references)


def worked_answer(question: Question) -> str:
    """Return the answer with its hops, or with the sentences that answer it where the hops have no answers."""
    if question.hops and all(hop.answers for hop in question.hops):
        working = " ".join(f"{hop.question} {hop.answers[0].rstrip('.')}." for hop in question.hops)
    else:
        working = (
            " ".join(sentence.strip() for sentence in question.context) if len(question.answers) == 1 else ""
        )
    return f"{working} So the answer is {question.answers[0].rstrip('.')}.".strip()


def _prompt(question: Question, settings: MultihopSettings) -> str:
    if not settings.context or not question.context:
        return question.question
    return "\n".join(question.context) + f"\n\n{question.question}"


def _demonstration(question: Question, settings: MultihopSettings) -> Demonstration:
    worked = worked_answer(question)
    if settings.context:  # the passages are in the prompt already
        worked = f"So the answer is {question.answers[0].rstrip('.')}." if not question.hops else worked
    return Demonstration(question.id, _prompt(question, settings), worked)


def _strategyqa(row: Row, id_: str) -> Question:
    answer = _value(row, "answer", bool, "true or false")
    hops = tuple(Hop(step, ()) for step in _texts(row, "decomposition"))
    return Question(id_, _text(row, "question"), ("yes" if answer else "no",), hops, _texts(row, "facts"))


def _composed(row: Row, id_: str) -> Question:
    hops = tuple(Hop(_text(row, f"Q{place}"), _texts(row, f"A{place}")) for place in (1, 2))
    return Question(id_, _text(row, "Question"), _texts(row, "Answer"), hops, ())


def _hotpotqa(row: Row, id_: str) -> Question:
    passages = _value(row, "context", list, "a list of [title, sentences]")
    try:
        context = tuple(f"{title}: {' '.join(s.strip() for s in sentences)}" for title, sentences in passages)
    except (TypeError, ValueError, AttributeError):
        expected, cure = "a list of [title, sentences]", "Use HotpotQA's own form."
        raise row.finding("context", "passages of another form", expected, cure).error() from None
    return Question(id_, _text(row, "question"), _texts(row, "answer"), (), context)


def _text(row: Row, field: str) -> str:
    value = _value(row, field, str, "text that is not blank")
    if not value.strip():
        raise row.finding(field, "a blank text", "text", "Fill it in, or remove the row.").error()
    return " ".join(value.split())


def _texts(row: Row, field: str) -> tuple[str, ...]:
    """One text or number or a list of them, none blank."""
    value = row.values.get(field)
    listed = value if isinstance(value, list) else [value]
    texts = [" ".join(str(one).split()) for one in listed if isinstance(one, str | int | float)]
    if not texts or len(texts) < len(listed) or not all(texts):
        cure = "Use the set's own columns, or another task."
        raise row.finding(field, described(value), "a text or a list of texts", cure).error()
    return tuple(dict.fromkeys(texts))


def _value(row: Row, field: str, kind: type, expected: str) -> Any:
    value = row.values.get(field)
    if not isinstance(value, kind):
        raise row.finding(
            field, described(value), expected, "Use the set's own columns, or another task."
        ).error()
    return value


MULTIHOP: dict[Source, Callable[[MultihopSettings, Path], Task]] = {
    "strategyqa": strategyqa_task,
    "bamboogle": bamboogle_task,
    "hotpotqa": hotpotqa_task,
    "composed-facts": composed_facts_task,
}
