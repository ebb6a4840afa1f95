"""GSM8K on the real files: counts, split, form, and the grader against the release's own labels."""

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from apportion.errors import UserError
from apportion.judgements.contamination import prompt_key
from apportion.tasks.arithmetic import false_steps
from apportion.tasks.math import GSM8KSettings, grade_solution, gsm8k_task
from apportion.tasks.task import Problem, Task

data = os.environ.get("APPORTION_DATA")
needs_data = pytest.mark.skipif(
    not data, reason="APPORTION_DATA is not set: export it to the folder that holds text/"
)


@pytest.fixture(scope="module")
def task() -> Task:
    return gsm8k_task(GSM8KSettings(), Path.cwd())


@needs_data
def test_counts(task: Task) -> None:
    assert len(task.demonstrations) == 7473
    assert len({pair.prompt for pair in task.pairs}) == 500
    assert len({pair.prompt for pair in task.comparisons}) == 231 == len(task.answers)
    assert len(task.pairs) + len(task.comparisons) == 2429
    assert len(task.problems) == 1319 - 500


@needs_data
def test_nothing_that_is_trained_on_is_held_out(task: Task) -> None:
    trained = {prompt_key(row.prompt) for row in (*task.demonstrations, *task.pairs)}
    held_out = {prompt_key(row.prompt) for row in (*task.problems, *task.answers, *task.comparisons)}
    assert trained.isdisjoint(held_out)
    assert {row.prompt for row in task.comparisons} == {row.prompt for row in task.answers}
    assert {row.prompt for row in task.answers} <= {row.prompt for row in task.problems}


@needs_data
def test_both_kinds_share_one_form(task: Task) -> None:
    texts = [row.response for row in task.demonstrations] + [pair.chosen for pair in task.pairs]
    assert all(text.startswith(" ") and text.splitlines()[-1].startswith("#### ") for text in texts)
    assert not any("<<" in text or "\nA:" in text for text in texts)
    assert sum("#### " not in pair.rejected for pair in (*task.pairs, *task.comparisons)) == 5
    assert all(not str(row.prompt)[-1].isspace() for row in task.problems)


@needs_data
def test_marks_can_be_kept() -> None:
    task = gsm8k_task(GSM8KSettings(keep_marks=True, items=3), Path.cwd())
    assert "<<48/2=24>>" in task.demonstrations[0].response
    assert len(task.problems) == len(task.answers) == len(task.comparisons) == 3


@needs_data
def test_reference_solutions_are_right_and_chosen_beat_rejected(task: Task) -> None:
    problems = {problem.prompt: problem for problem in task.problems}
    assert all(
        grade_solution(problems[row.prompt], row.response).error_class == "none" for row in task.answers
    )
    for pair in task.comparisons:
        assert grade_solution(problems[pair.prompt], pair.chosen).strict
        assert not grade_solution(problems[pair.prompt], pair.rejected).strict


@needs_data
def test_false_steps_are_rare_in_reference_solutions(task: Task) -> None:
    with_false_steps = sum(bool(false_steps(row.response)) for row in task.demonstrations)
    assert with_false_steps == 33  # slips and loose notation of the authors, 0.4 percent of 7,473


@needs_data
def test_the_grader_agrees_with_the_release_on_real_model_solutions() -> None:
    with gzip.open(
        Path(str(data)) / "text" / "gsm8k_model_solutions.jsonl.gz", "rt", encoding="utf-8"
    ) as file:
        rows = [json.loads(line) for line in file]
    disagreements = 0
    for row in rows:
        problem = Problem("p", row["question"], row["ground_truth"].rpartition("A:")[2].strip())
        for system in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"):
            solution = row[system]["solution"].replace("\nA:", "\n####")
            disagreements += grade_solution(problem, solution).strict != row[system]["is_correct"]
    assert disagreements == 0


def write(path: Path, rows: list[dict[str, str]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path.name


def small(folder: Path, leak: bool = False) -> GSM8KSettings:
    test = [{"question": f"What is {i} + 1?", "answer": f"{i} + 1 = {i + 1}\n#### {i + 1}"} for i in range(6)]
    pairs = [
        {"question": row["question"], "chosen": f"It is\nA: {i + 1}", "rejected": f"It is\nA: {i}"}
        for i, row in enumerate(test[:4])
    ]
    train = [{"question": "WHAT is 5 + 1?" if leak else "What is 9 + 1?", "answer": "9 + 1 = 10\n#### 10"}]
    return GSM8KSettings(
        demonstrations=write(folder / "train.jsonl", train),
        pairs=write(folder / "pairs.jsonl", pairs),
        test=write(folder / "test.jsonl", test),
        train_problems=2,
    )


def test_paths_count_from_the_study_file(tmp_path: Path) -> None:
    task = gsm8k_task(small(tmp_path), tmp_path)
    assert [len(rows) for rows in (task.pairs, task.comparisons, task.answers, task.problems)] == [2, 2, 2, 4]
    assert task.demonstrations[0].prompt == "Question: What is 9 + 1?\nAnswer:"
    assert task.demonstrations[0].response == " 9 + 1 = 10\n#### 10"
    assert task.pairs[0].chosen.startswith(" It is\n#### ")


def test_contamination_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"train.jsonl and pairs.jsonl against test.jsonl: .*'what is 5 \+ 1\?'"
    ):
        gsm8k_task(small(tmp_path, leak=True), tmp_path)


def test_pairs_of_other_problems_are_refused(tmp_path: Path) -> None:
    settings = small(tmp_path)
    write(tmp_path / "test.jsonl", [{"question": "Else?", "answer": "#### 1"}])
    with pytest.raises(UserError, match=r"2 held-out problems of pairs.jsonl that are not in it"):
        gsm8k_task(settings, tmp_path)


def test_an_unset_variable_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APPORTION_DATA", raising=False)
    with pytest.raises(UserError) as caught:
        gsm8k_task(GSM8KSettings(), tmp_path)
    assert str(caught.value) == (
        "$APPORTION_DATA/text/gsm8k_train.jsonl.gz: found no environment variable APPORTION_DATA; expected "
        "the folder that holds the data. Type: export APPORTION_DATA=/path/to/the/folder, or write the "
        "file's path."
    )


def test_another_marker_is_the_form_of_everything(tmp_path: Path) -> None:
    task = gsm8k_task(replace(small(tmp_path), marker="A:"), tmp_path)
    assert task.demonstrations[0].response == " 9 + 1 = 10\nA: 10"
    assert task.pairs[0].chosen.splitlines()[-1].startswith("A: ")
    problem = task.problems[0]
    final = problem.reference.partition("\n")[0]
    assert task.grade(problem, f"It is\nA: {final}").strict
    assert not task.grade(problem, f"It is\n#### {final}").strict
    plain = gsm8k_task(small(tmp_path), tmp_path)
    assert plain.grade(plain.problems[0], f"It is\n#### {final}").strict


def test_wrong_answers_have_the_classes_of_the_anatomy(tmp_path: Path) -> None:
    task = gsm8k_task(small(tmp_path), tmp_path)
    problem = task.problems[0]
    final = int(problem.reference.partition("\n")[0])
    assert task.grade(problem, f"It is {final}.").error_class == "style-only"
    assert task.grade(problem, f"{final} * 4 = {final * 4}\n#### {final * 4}").error_class == "wrong-plan"
    assert task.grade(problem, f"{final} + 4 = {final}\n#### {final + 7}").error_class == "arithmetic"
    assert task.grade(problem, "I do not know.").error_class == "refused"
    assert task.grade(problem, "It is").error_class == "truncated"
    assert task.grade(problem, "").error_class == "malformed"
    assert task.grade(problem, "#### 99").error_class == "other"


@needs_data
def test_flexible_grading_agrees_with_the_release_under_its_own_marker() -> None:
    path = Path(str(data)) / "text" / "gsm8k_model_solutions.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    agreed = total = 0
    for row in rows:
        problem = Problem("p", row["question"], row["ground_truth"].rpartition("A:")[2].strip())
        assert grade_solution(problem, row["ground_truth"], "A:").error_class == "none"
        for system in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"):
            total += 1
            agreed += grade_solution(problem, row[system]["solution"]).flexible == row[system]["is_correct"]
    assert total == 5276
    assert agreed >= 0.998 * total
