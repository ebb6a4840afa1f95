"""In which order the units of a study are done, so that no worker is left with a long chain at the end."""

from apportion.studies.progress import expected_work
from apportion.studies.stages import Graph, Unit


def most_urgent_first(graph: Graph) -> list[Unit]:
    """Return the units of a graph in the order in which free workers take those that are ready.

    Cells come first, as their scores are what the user waits for and they are short. Of the others the one comes
    first that has the longest chain of work from its start to the end of the study: critical path scheduling, as in
    T. C. Hu, Parallel sequencing and assembly line problems, Operations Research 9 (1961). Equals keep their order.
    """
    chain = {name: expected_work(unit) for name, unit in graph.units.items()}
    for unit in reversed(graph.units.values()):  # what needs a unit stands after it in the graph
        for need in unit.needs:
            chain[need] = max(chain[need], expected_work(graph.units[need]) + chain[unit.name])
    return sorted(graph.units.values(), key=lambda unit: (unit.kind != "cell", -chain[unit.name]))
