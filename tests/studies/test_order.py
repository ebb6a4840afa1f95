"""Free workers take the units with the longest chain of work first."""

import pytest
from tests.studies.tiny import TINY, write_study

from apportion.studies.order import most_urgent_first
from apportion.studies.progress import expected_work
from apportion.studies.stages import Graph, graph_of
from apportion.studies.study_file import read_study


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return graph_of(read_study(write_study(tmp_path_factory.mktemp("study"), TINY)))


def longest_chain(graph: Graph, name: str) -> float:
    after = [unit.name for unit in graph.units.values() if name in unit.needs]
    return expected_work(graph.units[name]) + max((longest_chain(graph, one) for one in after), default=0.0)


def test_all_units_are_there_once_cells_first_then_the_longest_chain(graph: Graph) -> None:
    order = most_urgent_first(graph)
    assert {unit.name for unit in order} == set(graph.units)
    assert len(order) == len(graph.units)
    kinds = [unit.kind for unit in order]
    cells = kinds.count("cell")
    assert set(kinds[:cells]) == {"cell"}
    chains = [longest_chain(graph, unit.name) for unit in order[cells:]]
    assert chains == sorted(chains, reverse=True)


def test_what_a_unit_needs_comes_before_it(graph: Graph) -> None:
    place = {unit.name: k for k, unit in enumerate(most_urgent_first(graph))}
    for unit in graph.units.values():
        if unit.kind != "cell":
            assert all(place[need] < place[unit.name] for need in unit.needs)
