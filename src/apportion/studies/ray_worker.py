"""The Ray actor that does units; imported only where Ray is installed."""

from pathlib import Path

import ray  # type: ignore[import-not-found]

from apportion.studies.stages import Graph


@ray.remote(max_restarts=0)
class RayWorker:
    """A worker behind Ray."""

    def __init__(self, graph: Graph, root: Path, threads: int) -> None:
        import torch

        from apportion.studies.work import Worker

        torch.set_num_threads(threads)
        self._worker = Worker(graph, root)

    def do(self, unit: str) -> str:
        """Do a unit; see Worker.do."""
        return self._worker.do(unit)
