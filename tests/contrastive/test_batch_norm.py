"""What a batch norm knows: not spoilt by what is not finite, and used after training."""

import torch

from isthmus.layers.batch_norm import BatchNorm


def test_a_batch_that_is_not_finite_leaves_what_is_known():
    norm = BatchNorm(2)
    x = torch.randn(8, 2, 4, 4) * torch.tensor([1.0, 5.0])[:, None, None] + 3
    norm(x)
    known = norm.running_mean.clone(), norm.running_var.clone()
    norm(x.where(torch.rand(8, 2, 4, 4) > 0.1, torch.inf))
    assert torch.equal(norm.running_mean, known[0])
    assert torch.equal(norm.running_var, known[1])
    assert bool(norm.eval()(x).isfinite().all())


def test_it_is_torchs_own_otherwise():
    own, theirs = BatchNorm(3), torch.nn.BatchNorm2d(3)
    for seed in range(5):
        x = torch.randn(6, 3, 2, 2, generator=torch.Generator().manual_seed(seed))
        assert torch.allclose(own(x), theirs(x))
    assert torch.allclose(own.eval()(x), theirs.eval()(x))
