"""What was asked and what a model answered: one row a query. Every metric is derived from such rows."""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

KINDS = (
    "event",
    "uniform",
    "historical",
    "degree_matched",
)  # what a row is: an event, or a non-link of a kind


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Queries, m of them, ordered by the event that they are asked beside, with their labels and scores.

    `event` [m] is the position of that event in the network; `kind` [m] an index in `KINDS`; `source`, `target`,
    `time` [m] what was asked; `label` [m] as in `scorer.Group`; `seen` [m] how many ends of the event training has
    seen, 0 to 2; `rater` and `ratee` [m] the ends of the event, for intervals over users; `score` [m] or, for signed
    existence, [m, 3].
    """

    event: NDArray[np.int64]
    kind: NDArray[np.int8]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    time: NDArray[np.float64]
    label: NDArray[np.float64]
    seen: NDArray[np.int8]
    rater: NDArray[np.int64]
    ratee: NDArray[np.int64]
    score: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.event)

    def __getitem__(self, rows: NDArray | slice) -> "Scored":
        return Scored(*(getattr(self, field.name)[rows] for field in fields(self)))

    def with_scores(self, score: NDArray[np.float64]) -> "Scored":
        """Return the same queries with other scores."""
        if len(score) != len(self):
            raise ValueError(f"{len(score)} scores for {len(self)} queries")
        return replace(self, score=score)

    def transductive(self) -> "Scored":
        """Return the rows of events with both ends seen in training."""
        return self[self.seen == 2]

    def inductive(self) -> "Scored":
        """Return the rows of events with neither end seen in training."""
        return self[self.seen == 0]

    def against(self, kind: str) -> "Scored":
        """Return the events with their non-links of one kind."""
        return self[(self.kind == 0) | (self.kind == KINDS.index(kind))]
