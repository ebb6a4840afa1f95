"""`TemporalData` both ways: nothing is lost but the names, and those can be handed back."""

import sys

import numpy as np
import pytest

from apportion.errors import UserError
from apportion.signed.events import Events
from apportion.signed.temporal_data import from_temporal_data, to_temporal_data

EVENTS = Events.of(
    ["ann", "bob", "ann"], ["bob", "cy", "cy"], [1289241911.72836, 1289241911.5, 7.0], [-10, 1, 3]
)


def test_there_and_back() -> None:
    pytest.importorskip("torch_geometric")
    data = to_temporal_data(EVENTS)
    assert (data.num_events, data.num_nodes) == (3, 3)
    assert data.src.tolist() == EVENTS.source.tolist() and data.t.tolist() == EVENTS.time.tolist()
    assert from_temporal_data(data, users=EVENTS.users.tolist()).digest == EVENTS.digest
    without_names = from_temporal_data(data)
    assert without_names.users.tolist() == ["0", "1", "2"]
    assert without_names.weight.tolist() == EVENTS.weight.tolist()


def test_it_loads_in_its_own_loader() -> None:
    pytest.importorskip("torch_geometric")
    from torch_geometric.loader import TemporalDataLoader

    batches = list(TemporalDataLoader(to_temporal_data(EVENTS), batch_size=2))
    assert np.concatenate([batch.msg[:, 0].numpy() for batch in batches]).tolist() == EVENTS.weight.tolist()


def test_another_column_of_the_message_in_any_order() -> None:
    geometric = pytest.importorskip("torch_geometric")
    import torch

    ends = {"src": torch.tensor([5, 9]), "dst": torch.tensor([9, 7]), "t": torch.tensor([20, 10])}
    data = geometric.data.TemporalData(**ends, msg=torch.tensor([[0.5, -2.0], [0.5, 3.0]]))
    events = from_temporal_data(data, column=1)
    assert (events.users.tolist(), events.weight.tolist()) == (["5", "7", "9"], [3.0, -2.0])
    with pytest.raises(UserError, match=r"msg of the shape \(2, 2\); expected a column 2"):
        from_temporal_data(data, column=2)
    with pytest.raises(UserError, match="found the node 9; expected one of the 2 users"):
        from_temporal_data(data, users=["a", "b"])
    with pytest.raises(UserError, match="found no msg"):
        from_temporal_data(geometric.data.TemporalData(**ends))


def test_without_pytorch_geometric_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_geometric.data", None)
    with pytest.raises(UserError, match=r"found no PyTorch Geometric; .* pip install 'apportion\[pyg\]'"):
        to_temporal_data(EVENTS)
