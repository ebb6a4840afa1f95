"""From two embeddings to an answer: pair heads that can express agreement, and what each task makes of them."""

from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit, softmax
from torch import Tensor, nn
from torch.nn import functional

from apportion.signed.dropout import Dropout
from apportion.signed.products import rowwise
from apportion.signed.scorer import SignedTask

Head = Literal["agreement", "additive"]

OUTPUTS: dict[SignedTask, int] = {"existence": 1, "sign": 1, "signed-existence": 3, "weight": 1}


class PairHead(nn.Module):
    """What follows from a pair's terms: `members` small networks that share most weights; [members, m, outputs].

    The terms of a pair are [z_u | z_v | z_u * z_v | |z_u - z_v|] and whatever else is known of it: products and
    differences can say that two users agree, which no sum of a part of u and a part of v can. Beside the network, a
    straight line from the terms that are `direct` to the answer. The members differ by factors and shifts of their
    hidden units and by their last layer (after TabM, Gorishniy 2025, without factors on the inputs); the loss is
    the mean of theirs, the answer their mean answer. A small ensemble at the cost of a wider layer.
    """

    def __init__(
        self, terms: int, direct: int, hidden: int, outputs: int, dropout: float, members: int
    ) -> None:
        super().__init__()
        self.first = nn.Linear(terms, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.dropout = Dropout(dropout)
        self.factor = nn.Parameter(_factors(members, hidden))
        self.shift = nn.Parameter(torch.zeros(members, hidden))
        self.again = nn.Parameter(_factors(members, hidden))
        self.last = nn.Parameter(torch.randn(members, outputs, hidden) / hidden**0.5)
        self.bias = nn.Parameter(torch.zeros(members, outputs))
        self.direct = nn.Parameter(torch.zeros(outputs, direct))

    def forward(self, terms: Tensor, direct: Tensor, given: Tensor | None = None) -> Tensor:
        """Return the answers of all members on m pairs, [members, m, outputs].

        `direct` [m, .] are the last of `terms`. `given` [m, .] are further terms, direct too, that are data: apart
        from the others, as no gradient goes back to them.
        """
        of_terms, of_given = self.first.weight.tensor_split([terms.shape[1]], dim=1)
        of_direct, of_given_directly = self.direct.tensor_split([direct.shape[1]], dim=1)
        h = rowwise(terms, of_terms, self.first.bias)
        if given is not None:
            h = rowwise(given, of_given, h)
        kept = self.dropout(
            torch.ones_like(h)
        )  # the same units fall out in all members: draws cost more than products
        h = torch.addcmul(self.shift.unsqueeze(1), h.unsqueeze(0), self.factor.unsqueeze(1))
        h = functional.gelu(h) * self.again.unsqueeze(1) * kept
        each = h.shape[:2]  # members, pairs
        h = functional.gelu(rowwise(h.flatten(0, 1), self.second.weight, self.second.bias).unflatten(0, each))
        # a product and a sum, not a matrix product: with few outputs that one rounds by how many pairs there are
        out = (h.unsqueeze(2) * self.last.unsqueeze(1)).sum(-1) + self.bias.unsqueeze(1)
        out = out + (direct.unsqueeze(1) * of_direct).sum(-1)
        return out if given is None else out + (given.unsqueeze(1) * of_given_directly).sum(-1)


class AdditiveHead(nn.Module):
    """The published head: out(relu(A z_u + B z_v)), [1, m, outputs]. It cannot express that u and v agree."""

    def __init__(self, dim: int, outputs: int) -> None:
        super().__init__()
        self.of_source = nn.Linear(dim, dim)
        self.of_target = nn.Linear(dim, dim)
        self.last = nn.Linear(dim, outputs)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Return the answers on m pairs of embeddings, [m, dim] each."""
        of_source, of_target = (
            rowwise(x, layer.weight, layer.bias)
            for x, layer in ((source, self.of_source), (target, self.of_target))
        )
        h = functional.relu(of_source + of_target)
        return ((h.unsqueeze(1) * self.last.weight).sum(-1) + self.last.bias).unsqueeze(0)


def _factors(members: int, size: int) -> Tensor:
    """Return factors near 1 by which members differ, [members, size]; a single member has exactly 1."""
    return 1.0 + 0.5 * torch.randn(members, size) if members > 1 else torch.ones(1, size)


class Scale(NamedTuple):
    """What the labels of the training events looked like: mean and spread of weights, share of each class."""

    mean: float
    spread: float
    shares: tuple[float, ...]


def scale_of(labels: Tensor, task: SignedTask) -> Scale:
    """Return the scale of the training labels, [n]; shares are those of the labels 0, 1 (and 2), at least 1/n each."""
    if task == "weight":
        return Scale(float(labels.mean()), max(float(labels.std()), 1e-6), ())
    n = 3 if task == "signed-existence" else 2
    count = torch.bincount(labels.long(), minlength=n).clamp_min(1)
    return Scale(0.0, 1.0, tuple((count / count.sum()).tolist()))


def loss(answers: Tensor, labels: Tensor, task: SignedTask, scale: Scale, class_weight: float) -> Tensor:
    """Return the mean loss of all members' answers [members, m, outputs] to m queries.

    Cross-entropy; for weights the squared error in units of the training spread. A class of share p counts
    p^-`class_weight`, scaled so that the mean over training events is 1: with 0 all events count
    alike, with 1 all classes.
    """
    members = len(answers)
    if task == "weight":
        wanted = (labels - scale.mean) / scale.spread
        return functional.mse_loss(answers.squeeze(2), wanted.float().expand(members, -1))
    shares = torch.tensor(scale.shares)
    factor = shares**-class_weight
    factor = factor / (shares * factor).sum()
    classes = labels.long()
    if task == "signed-existence":
        each = functional.cross_entropy(
            answers.transpose(1, 2), classes.expand(members, -1), reduction="none"
        )
    else:
        each = functional.binary_cross_entropy_with_logits(
            answers.squeeze(2), labels.float().expand(members, -1), reduction="none"
        )
    return (each * factor[classes]).mean()


def scores(answers: Tensor, task: SignedTask, scale: Scale) -> NDArray[np.float64]:
    """Return what a scorer gives: probabilities [m], of three classes [m, 3], or expected weights [m].

    By SciPy: torch's float64 sigmoid rounds by where in a row of four a number lies.
    """
    each = answers.numpy().astype(np.float64)
    if task == "weight":
        return each.mean(axis=0)[:, 0] * scale.spread + scale.mean
    if task == "signed-existence":
        return softmax(each, axis=2).mean(axis=0)
    return expit(each).mean(axis=0)[:, 0]
