import math

import numpy as np
import pytest
import torch

from apportion.signed.heads import AdditiveHead, PairHead, Scale, loss, scale_of, scores


def test_the_loss_of_a_head_that_knows_nothing_is_that_of_the_toss_of_a_coin():
    labels = torch.tensor([0.0, 1.0, 1.0, 1.0])
    scale = scale_of(labels, "sign")
    assert scale.shares == (0.25, 0.75)
    assert loss(torch.zeros(3, 4, 1), labels, "sign", scale, 0.0).item() == pytest.approx(math.log(2))
    three = torch.tensor([0.0, 1.0, 2.0, 2.0])
    found = loss(torch.zeros(2, 4, 3), three, "signed-existence", scale_of(three, "signed-existence"), 1.0)
    assert found.item() == pytest.approx(math.log(3))


def test_class_weights_make_classes_count_alike_with_a_mean_of_1():
    labels = torch.tensor([0.0, 1.0, 1.0, 1.0])
    answers = torch.tensor([[2.0], [0.5], [-1.0], [0.3]]).unsqueeze(0)
    each = torch.nn.functional.softplus(torch.where(labels > 0, -1.0, 1.0) * answers[0, :, 0])
    expected = (each[0] + each[1:].mean()) / 2
    found = loss(answers, labels, "sign", scale_of(labels, "sign"), 1.0)
    assert found.item() == pytest.approx(expected.item())


def test_weights_are_learned_in_units_of_their_spread_and_given_in_their_own():
    labels = torch.tensor([1.0, 2.0, -10.0, 3.0])
    scale = scale_of(labels, "weight")
    right = ((labels - scale.mean) / scale.spread).view(1, 4, 1).float()
    assert loss(right, labels, "weight", scale, 0.0).item() == pytest.approx(0)
    np.testing.assert_allclose(scores(right, "weight", scale), labels, rtol=1e-5)
    assert loss(torch.zeros(1, 4, 1), labels, "weight", scale, 0.0).item() == pytest.approx(
        0.75
    )  # (n - 1) / n


def test_scores_are_mean_probabilities_of_the_members():
    answers = torch.tensor([[[0.0], [math.log(3)]], [[0.0], [-math.log(3)]]])
    np.testing.assert_allclose(scores(answers, "sign", Scale(0, 1, (0.5, 0.5))), [0.5, 0.5])
    np.testing.assert_allclose(scores(answers[:1], "existence", Scale(0, 1, (0.5, 0.5))), [0.5, 0.75])
    three = scores(torch.tensor([[[0.0, 0.0, math.log(2)]]]), "signed-existence", Scale(0, 1, ()))
    np.testing.assert_allclose(three, [[0.25, 0.25, 0.5]])


def agreement(head, z, steps=300):
    """Train a head to say whether two signs are equal; return the share that it gets right."""
    u, v = z
    wanted = (u[:, 0] * v[:, 0] > 0).float()
    optimiser = torch.optim.Adam(head.parameters(), lr=0.02)
    for _ in range(steps):
        optimiser.zero_grad()
        answers = ask(head, u, v).mean(0)[:, 0]
        torch.nn.functional.binary_cross_entropy_with_logits(answers, wanted).backward()
        optimiser.step()
    return ((ask(head, u, v).mean(0)[:, 0] > 0) == (wanted > 0)).float().mean().item()


def ask(head, u, v):
    if isinstance(head, AdditiveHead):
        return head(u, v)
    return head(torch.cat([u, v, u * v, (u - v).abs()], dim=1), torch.zeros(len(u), 0))


def test_a_pair_head_can_express_agreement_in_one_hidden_unit_and_an_additive_one_cannot():
    torch.manual_seed(0)
    z = torch.randn(2, 400, 1).sign()
    assert agreement(PairHead(4, 0, 8, 1, 0.0, 1), z) == 1.0
    assert agreement(AdditiveHead(1, 1), z) < 0.8


def test_members_differ_and_one_alone_has_factors_of_1():
    torch.manual_seed(0)
    out = PairHead(4, 2, 8, 1, 0.0, 3)(torch.randn(5, 4), torch.randn(5, 2))
    assert out.shape == (3, 5, 1)
    assert not torch.allclose(out[0], out[1])
    assert bool((PairHead(4, 0, 8, 1, 0.0, 1).factor == 1).all())


def test_each_member_gives_what_its_formula_says():
    torch.manual_seed(0)
    head = PairHead(8, 3, 8, 3, 0.5, 4).eval()
    for weights in (head.shift, head.bias, head.direct):
        torch.nn.init.normal_(weights)
    terms, given = torch.randn(5, 6), torch.randn(5, 2)
    every, direct = torch.cat([terms, given], dim=1), torch.cat([terms[:, 5:], given], dim=1)
    gelu = torch.nn.functional.gelu
    expected = []
    for factor, shift, again, last, bias in zip(
        head.factor, head.shift, head.again, head.last, head.bias, strict=True
    ):
        h = gelu(head.first(every) * factor + shift) * again
        expected.append(gelu(head.second(h)) @ last.T + bias + direct @ head.direct.T)
    torch.testing.assert_close(head(terms, terms[:, 5:], given), torch.stack(expected))


def test_in_training_the_same_hidden_units_fall_out_in_all_members():
    torch.manual_seed(0)
    head = PairHead(6, 0, 8, 1, 0.5, 2)
    with torch.no_grad():
        for name in ("factor", "shift", "again", "last", "bias"):
            weights = getattr(head, name)
            weights.copy_(weights[:1].expand_as(weights))
        terms = torch.randn(20, 6)
        out = head(terms, torch.zeros(20, 0))
        assert torch.equal(out[0], out[1])
        assert not torch.allclose(out, head.eval()(terms, torch.zeros(20, 0)))
