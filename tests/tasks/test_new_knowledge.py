"""New facts, asked and taught: nothing of them leaks into what is demonstrated, and every question has its answer."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from apportion.errors import UserError
from apportion.facts_language import (
    GROUPS,
    HOPS,
    KNOWN_FACTS,
    NEW_GROUPS,
    Fact,
    TwoHops,
    asked,
    context,
    draw_facts,
    statement,
    two_hops,
    worked,
)
from apportion.identity import generator
from apportion.tasks.new_knowledge import NewKnowledgeSettings, grade_fact, names_of, new_knowledge_task

HERE = Path()
SMALL = NewKnowledgeSettings(demonstrations=200, items=20)


def test_the_groups_of_names_share_none():
    everybody = [
        name for names in GROUPS.values() for kind in (names.person, names.town, names.event) for name in kind
    ]
    assert len(everybody) == len(set(everybody))
    assert set(GROUPS) == {"known", *NEW_GROUPS}


def test_facts_name_their_own_group_and_two_hops_link():
    facts = draw_facts(GROUPS["test"], generator("test", "facts"))
    assert len(facts) == 3 * (24 + 12 + 12)
    assert len({(fact.subject, fact.relation) for fact in facts}) == len(facts)
    for first, second in two_hops(facts):
        assert first.value == second.subject
        assert second.value != first.subject
        assert (first.relation, second.relation) in {(one.word, two.word) for one, two in HOPS}


def test_context_holds_the_facts_of_the_question_once():
    question = TwoHops(Fact("Tavo", "home", "Brunka"), Fact("Brunka", "land", "Olm"))
    told = context(question, KNOWN_FACTS, 5, generator("test", "context"))
    assert told.count(".") == 5
    assert told.count("The home of Tavo is Brunka.") == told.count("The land of Brunka is Olm.") == 1


def test_new_names_are_demonstrated_in_fictions_alone_and_taught_in_full():
    task = new_knowledge_task(SMALL, HERE)
    new = names_of(SMALL)
    for row in task.demonstrations:
        told, _, asked_ = str(row.prompt).rpartition("Question:")
        if new & set(re.findall(r"\w+", asked_ + row.response)):
            assert row.response.split(". So")[0].split(". ")[0].strip() in told
    assert len(task.lessons) == 4 * 48 + 3 * 48
    taught = [str(row.prompt) + row.response for row in task.lessons[: 4 * 48]]
    assert all(text.count(".") == 3 for text in taught)
    direct = [
        p
        for p in new_knowledge_task(NewKnowledgeSettings(demonstrations=0), HERE).problems
        if "/direct/" in p.id
    ]
    for problem in direct[:50]:
        subject, relation = problem.id.rpartition("/")[2].split("-")
        told_of = [
            text
            for text in taught
            if f"{relation} of {subject} is" in text or f"for {subject}, the {relation}" in text
        ]
        assert len(told_of) == 4
        assert all(f" {problem.reference}." in text for text in told_of)


def test_items_are_asked_with_and_without_the_facts():
    task = new_knowledge_task(SMALL, HERE)
    kinds = {problem.id.rpartition("/")[0] for problem in task.problems}
    assert kinds == {f"{way}/{kind}" for way in ("recalled", "told") for kind in ("direct", "two-hops")}
    by_id = {problem.id: problem for problem in task.problems}
    assert len(by_id) == len(task.problems) == 4 * 20
    for name, problem in by_id.items():
        way, _, rest = name.partition("/")
        if way == "told":
            recalled = by_id[f"recalled/{rest}"]
            assert str(problem.prompt).endswith(str(recalled.prompt))
            assert problem.reference == recalled.reference
            assert problem.reference.split("\n")[0] in str(problem.prompt)
        else:
            assert str(problem.prompt).startswith("Question: What is the ")


def test_seeds_draw_other_facts_and_splits_other_names():
    one, other = (
        new_knowledge_task(NewKnowledgeSettings(seed=seed, demonstrations=1), HERE) for seed in (0, 1)
    )
    assert {row.id for row in one.lessons} == {row.id for row in other.lessons}
    assert [row.response for row in one.lessons] != [row.response for row in other.lessons]
    assert not names_of(NewKnowledgeSettings()) & names_of(NewKnowledgeSettings(split="test"))


def test_answers_count_in_any_form_and_only_if_right():
    task = new_knowledge_task(SMALL, HERE)
    problem = next(p for p in task.problems if p.id.startswith("recalled/two-hops"))
    right, earlier = problem.reference.split("\n\n")
    graded = [
        grade_fact(problem, text)
        for text in (
            f" The home of Tavo is {earlier} . The land of {earlier} is {right} . So the answer is {right} .",
            f" {right} .",
            f" {right} . Question : What is the home of Tavo ? Answer : {earlier} .",
            f" So the answer is {earlier} .",
            "",
        )
    ]
    assert [grade.score for grade in graded] == [1.0, 1.0, 1.0, 0.0, 0.0]
    assert [grade.strict for grade in graded] == [True, False, False, False, False]
    assert graded[3].error_class == "missing-or-extra-step"


def test_wordings_end_in_the_value():
    fact = Fact("Tavo", "home", "Brunka")
    assert {statement(fact, wording)[1] for wording in (0, 1)} == {" Brunka."}
    assert asked(fact) == "What is the home of Tavo?"
    assert worked(fact) == "The home of Tavo is Brunka. So the answer is Brunka."


@pytest.mark.parametrize(
    ("dial", "value"), [("direct", 1.5), ("read", -0.1), ("told", 1), ("demonstrations", -1)]
)
def test_dials_out_of_range_are_refused(dial, value):
    with pytest.raises(UserError, match=dial):
        NewKnowledgeSettings(**{dial: value})


@pytest.mark.skipif("APPORTION_DATA" not in os.environ, reason="APPORTION_DATA is not set")
def test_real_questions_are_parted_by_person():
    task = new_knowledge_task(NewKnowledgeSettings(facts="composed", read=1.0), HERE)
    names = {
        str(row.prompt).removesuffix(" was born in").removesuffix(" was born on") for row in task.lessons
    }
    assert 350 < len(task.demonstrations) <= 400
    asked_directly = [p for p in task.problems if p.id.startswith("recalled/direct")]
    assert 300 < len(asked_directly) < len([p for p in task.problems if p.id.startswith("recalled/two-hops")])
    questions = [str(row.prompt).rpartition("Question: ")[2] for row in task.demonstrations]
    assert not [name for name in names for question in questions if f" {name} was born" in question]
    told = next(p for p in task.problems if p.id.startswith("told/direct"))
    assert str(told.prompt).count("\n") == 2


@pytest.mark.skipif("APPORTION_DATA" not in os.environ, reason="APPORTION_DATA is not set")
def test_a_study_and_its_mirror_ask_about_everybody_once():
    half = NewKnowledgeSettings(facts="composed", read=1.0, train_problems=500)
    tasks = [new_knowledge_task(one, HERE) for one in (half, replace(half, mirrored=True))]
    asked = [{problem.id for problem in task.problems} for task in tasks]
    assert not asked[0] & asked[1]
    two_hops = {item for item in asked[0] | asked[1] if item.startswith("told/two-hops/")}
    assert len(two_hops) == 1_000
    for task, items in zip(tasks, asked, strict=True):
        shown = {row.id for row in task.demonstrations}
        assert not [item for item in items if item.rpartition("/")[2] in shown]
        assert 480 < len(shown) <= 500
