"""HumanEval and MBPP: functions to write, graded by running their tests in the sandbox."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apportion.errors import UserError
from apportion.judgements.contamination import refuse_contamination
from apportion.judgements.demonstrations import Demonstration, Message, Prompt
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.readers import read_demonstrations, read_pairs
from apportion.judgements.subsets import scattered
from apportion.tasks.anatomy import is_repetition, unanswered
from apportion.tasks.code_extraction import CodeForm, other_programs, strict_program
from apportion.tasks.code_pairs import near_miss
from apportion.tasks.code_problems import CodeProblem, read_humaneval, read_mbpp
from apportion.tasks.prompts import Template, posed_demonstration, posed_pair
from apportion.tasks.sandbox.isolation import Limits
from apportion.tasks.sandbox.sandbox import Outcome, Sandbox, Verdict, shared_sandbox
from apportion.tasks.sources import located
from apportion.tasks.task import Grade, Problem, Task

HELD_OUT_SEED = 0  # of the cap on held-out items
HALVES_SEED = 1  # of the halves of a pool whose problems give demonstrations and pairs
NEAR_MISSES = "near-misses"
_MBPP = "$APPORTION_DATA/text/mbpp_sanitized.jsonl.gz"

DETAILS: dict[Outcome, str] = {
    "passed": "none",
    "syntax": "form",
    "missing": "form",
    "wrong": "wrong",
    "raised": "exception",
    "timeout": "timeout",
    "memory": "limits",
    "output": "limits",
    "files": "limits",
    "exited": "crash",
    "crashed": "crash",
    "forbidden": "forbidden",
}


@dataclass(frozen=True, slots=True)
class HumanEvalSettings:
    """Where the problems are, and what is bought: `demonstrations`, or else MBPP's problems, and `pairs`.

    `pairs` is a file, or "near-misses": half of the pool's problems then give no demonstration but a pair, the
    right program and one that differs in a token and fails a test. `form` is how a function is asked for.
    `held_out_pairs` are measured by preference accuracy; `columns` maps fields to column names in
    demonstrations, `pair_columns` in both kinds of pairs. `items` caps each kind of held-out item.
    """

    problems: str = "$APPORTION_DATA/text/humaneval.jsonl.gz"
    mbpp: str = _MBPP
    demonstrations: str | None = None
    pairs: str | None = None
    held_out_pairs: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    pair_columns: dict[str, str] = field(default_factory=dict)
    form: CodeForm = "completion"
    items: int | None = None
    max_new_tokens: int = 384
    allow_contamination: bool = False


@dataclass(frozen=True, slots=True)
class MBPPSettings:
    """As for HumanEval; without `demonstrations` MBPP's own train part is the pool. `shown_tests` of the three
    tests are in the prompt, as in its paper: a model learns the function's name from them.
    """

    problems: str = _MBPP
    demonstrations: str | None = None
    pairs: str | None = None
    held_out_pairs: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    pair_columns: dict[str, str] = field(default_factory=dict)
    form: CodeForm = "completion"
    shown_tests: int = 3
    items: int | None = None
    max_new_tokens: int = 384
    allow_contamination: bool = False


def humaneval_task(settings: HumanEvalSettings, base: Path) -> Task:
    """Return HumanEval as a task: 164 problems held out, graded by their tests, NLL on their reference solutions.

    Without a file of demonstrations, MBPP's problems are the pool, cut and posed as HumanEval's are. Raises
    `UserError` where model-written code cannot be run in isolation.
    """
    problems = read_humaneval(settings.problems, base)
    shown = read_mbpp(settings.mbpp, base) if settings.demonstrations is None else ()
    return _task("humaneval", settings, base, problems, shown, lambda p: _function_asked(p, settings.form))


def mbpp_task(settings: MBPPSettings, base: Path) -> Task:
    """Return MBPP as a task: the problems of its test part held out, those of its train part the pool.

    Under "completion" the problem is a docstring and the answer the program after it; the sanitized file has 257
    problems of the test part and 120 of the train part. Raises `UserError` where code cannot be run in isolation.
    """
    rows = read_mbpp(settings.problems, base)
    problems = tuple(row for row in rows if row.part == "test")
    shown = tuple(row for row in rows if row.part == "train") if settings.demonstrations is None else ()
    return _task("mbpp", settings, base, problems, shown, lambda p: _program_asked(p, settings))


@dataclass(frozen=True, slots=True)
class _Asked:
    """How a problem is put, and its right answer in that form.

    `given` is what a continuation follows, `preamble` what stands before a program that comes in a block.
    """

    prompt: Prompt
    answer: str
    given: str
    preamble: str


def _task(
    name: str,
    settings: HumanEvalSettings | MBPPSettings,
    base: Path,
    problems: Sequence[CodeProblem],
    shown: Sequence[CodeProblem],
    ask: Callable[[CodeProblem], _Asked],
) -> Task:
    shared_sandbox()  # before anything is trained: an answer that cannot be graded is not worth decoding
    template: Template = "chat" if settings.form == "chat" else "plain"

    def pairs_of(source: str | None) -> tuple[PreferencePair, ...]:
        found = () if source is None else read_pairs(located(source, base), settings.pair_columns)
        return tuple(posed_pair(row, template) for row in found)

    if settings.pairs == NEAR_MISSES:
        paired, shown = _halves(shown, name)
        pairs = _near_misses(paired, ask)
    else:
        pairs = pairs_of(settings.pairs)
    if settings.demonstrations is None:
        demonstrations = tuple(_demonstration(problem, ask(problem)) for problem in shown)
    else:
        read = read_demonstrations(located(settings.demonstrations, base), settings.columns)
        demonstrations = tuple(posed_demonstration(row, template) for row in read)
    answers = tuple(_demonstration(problem, ask(problem)) for problem in problems)
    answers = scattered(answers, settings.items, HELD_OUT_SEED)
    kept = {row.id for row in answers}
    comparisons = scattered(pairs_of(settings.held_out_pairs), settings.items, HELD_OUT_SEED)
    refuse_contamination(
        [row.prompt for row in (*demonstrations, *pairs)],
        [row.prompt for row in (*answers, *comparisons)],
        f"the pools of {name} against {settings.problems}",
        settings.allow_contamination,
    )
    return Task(
        name=name,
        demonstrations=demonstrations,
        pairs=pairs,
        problems=tuple(_problem(p, ask(p), settings.form) for p in problems if p.id in kept),
        answers=answers,
        comparisons=comparisons,
        grade=grade_program,
        max_new_tokens=settings.max_new_tokens,
    )


def _halves(
    shown: Sequence[CodeProblem], name: str
) -> tuple[tuple[CodeProblem, ...], tuple[CodeProblem, ...]]:
    """Return the problems that give pairs and those that give demonstrations, by a hash of their texts."""
    if not shown:
        found = "pairs = 'near-misses' beside a file of demonstrations"
        cure = "Leave demonstrations out, or name a file of pairs."
        raise UserError(f"[task] {name}", found, "the pool's own problems", cure)
    texts = [Demonstration(problem.id, problem.asked, problem.program) for problem in shown]
    paired = {row.id for row in scattered(texts, len(texts) // 2, HALVES_SEED)}
    first = tuple(problem for problem in shown if problem.id in paired)
    return first, tuple(problem for problem in shown if problem.id not in paired)


def _near_misses(
    problems: Sequence[CodeProblem], ask: Callable[[CodeProblem], _Asked]
) -> tuple[PreferencePair, ...]:
    """Return a pair for each problem of which a near miss is found."""
    pairs = []
    with Sandbox(Limits(cpu_seconds=1)) as sandbox:

        def run(problem: CodeProblem) -> Outcome:
            places = {"setup": problem.setup, "entry_point": problem.entry_point}
            return sandbox.run(problem.program, problem.tests, **places).outcome

        for problem in problems:
            missed = near_miss(problem, run)
            if missed is not None:
                asked = ask(problem)
                pairs.append(PreferencePair(problem.id, asked.prompt, asked.answer, ask(missed).answer))
    return tuple(pairs)


def grade_program(problem: Problem, text: str) -> Grade:
    """Return the grade of an answer by running the problem's tests in this process's sandbox.

    strict: the program in the demanded form passes. flexible: some program that can be found in the answer does.
    Details: "form", no program in that form, or one that does not parse or lacks the function; "wrong" fails a
    test; "exception" raises; "timeout"; "limits" takes too much memory, output or files; "crash" leaves or is
    killed; "forbidden" gives up at the sandbox's wall. Classes: "style-only" where only flexible grading passes;
    without a program what `anatomy.unanswered` says; "wrong-plan" for a program that ends and is wrong; "other" for
    one that does not come to an answer.
    """
    return grade_in(shared_sandbox(), problem, text)


def grade_in(sandbox: Sandbox, problem: Problem, text: str) -> Grade:
    """Return the grade of an answer as `grade_program` does, in a sandbox of one's own."""
    known: dict[str, Any] = json.loads(problem.reference)

    def run(program: str) -> Verdict:
        return sandbox.run(program, known["tests"], setup=known["setup"], entry_point=known["entry_point"])

    places = (known["form"], known["stub"], known["preamble"], known["entry_point"])
    program = strict_program(text, *places)
    detail = "form" if program is None else DETAILS[run(program).outcome]
    if detail == "none":
        return Grade(True, True, "none")
    others = [] if detail == "timeout" else other_programs(text, *places)
    for other in others:
        outcome = run(other).outcome
        if outcome == "passed":
            return Grade(False, True, "style-only", detail=detail)
        if outcome == "timeout":  # the same loop in another form is not waited for again
            break
    if detail == "form" or is_repetition(text):
        return Grade(False, False, unanswered(text, finished=None), detail=detail)
    return Grade(False, False, "wrong-plan" if detail == "wrong" else "other", detail=detail)


def _problem(problem: CodeProblem, asked: _Asked, form: CodeForm) -> Problem:
    reference = {
        "form": form,
        "stub": asked.given,
        "preamble": asked.preamble,
        "setup": problem.setup,
        "tests": problem.tests,
        "entry_point": problem.entry_point,
    }
    return Problem(problem.id, asked.prompt, json.dumps(reference, sort_keys=True))


def _demonstration(problem: CodeProblem, asked: _Asked) -> Demonstration:
    return Demonstration(problem.id, asked.prompt, asked.answer)


def _function_asked(problem: CodeProblem, form: CodeForm) -> _Asked:
    """HumanEval's form: a stub to continue, or to complete in a block."""
    if form == "completion":
        return _Asked(
            problem.stub.rstrip(), "\n" + problem.solution.rstrip() + "\n", problem.stub, problem.preamble
        )
    words = (
        "Complete this Python function. Answer with the whole function in one block that begins ```python."
    )
    return _in_chat(f"{words}\n\n```python\n{problem.stub.rstrip()}\n```", problem, problem.preamble)


def _program_asked(problem: CodeProblem, settings: MBPPSettings) -> _Asked:
    """MBPP's form: the words and some tests, in a docstring before the program or in a chat."""
    tests = "\n".join(problem.tests.split("\n")[: settings.shown_tests])
    if settings.form == "completion":
        docstring = f'"""\n{problem.asked}\n{tests}\n"""'.replace("\\", "\\\\")
        return _Asked(docstring, "\n" + problem.program.strip() + "\n", docstring + "\n", "")
    words = f"{problem.asked} Answer with the program in one block that begins ```python."
    return _in_chat(f"{words} It has to pass:\n\n{tests}" if tests else words, problem, "")


def _in_chat(words: str, problem: CodeProblem, preamble: str) -> _Asked:
    answer = f"```python\n{problem.program.strip()}\n```"
    return _Asked((Message("user", words),), answer, "", preamble)
