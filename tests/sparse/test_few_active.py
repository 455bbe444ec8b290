"""The layer whose weights get their gradient from the outputs that count: the same as of any linear layer."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.layers.few_active import MANY, linear_of_few, weight_gradient
from isthmus.layers.unit_activity import UnitActivity
from isthmus.training import compiler

ROWS, DIM, OUTPUTS = 6, 5, 3 * MANY


def given() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    return (
        torch.randn(ROWS, DIM, requires_grad=True),
        torch.randn(OUTPUTS, DIM, requires_grad=True),
        torch.randn(OUTPUTS, requires_grad=True),
    )


def of_the_largest(features: Tensor, count: int) -> Tensor:
    return features.float().topk(count, dim=1).values.square().sum()


@pytest.mark.parametrize("count", [1, 3, OUTPUTS], ids=["one", "few", "all"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gradients_are_those_of_a_linear_layer(count: int, dtype: torch.dtype) -> None:
    inputs = given()
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        ours, plain = linear_of_few(*inputs), F.linear(*inputs)
    assert ours.dtype == dtype
    torch.testing.assert_close(ours, plain, rtol=0, atol=0)
    found = torch.autograd.grad(of_the_largest(ours, count), inputs)
    wanted = torch.autograd.grad(of_the_largest(plain, count), inputs)
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == b.dtype
        torch.testing.assert_close(a, b, rtol=1e-5 if dtype == torch.float32 else 2e-2, atol=1e-5)


def test_compiled_gradients_are_the_same() -> None:
    inputs = given()

    def gradients() -> tuple[Tensor, ...]:
        return torch.autograd.grad(of_the_largest(linear_of_few(*inputs), 2), inputs)

    with compiler.gradients_in_the_graph():
        compiled = torch.compile(gradients, backend="aot_eager", fullgraph=True)()
    for a, b in zip(compiled, gradients(), strict=True):
        torch.testing.assert_close(a, b)


def test_numbers_and_gradient_agree() -> None:
    x, weight, bias = (value.detach().double().requires_grad_() for value in given())
    assert torch.autograd.gradcheck(linear_of_few, (x, weight, bias))
    assert torch.autograd.gradcheck(lambda *given: linear_of_few(*given)[:, :1], (x, weight, bias))  # of one output


def test_weight_gradient_of_nothing_is_zero() -> None:
    assert not weight_gradient(torch.zeros(ROWS, OUTPUTS), torch.ones(ROWS, DIM)).any()


def test_the_pull_on_dead_units_is_the_same_in_compiled_code() -> None:
    torch.manual_seed(0)
    activity = UnitActivity(8, patience=1)
    activity.idle[[1, 4]] = 5.0
    before = torch.randn(3, 8, requires_grad=True)

    def pulled() -> tuple[Tensor, Tensor]:
        cost = activity.pull(before, torch.tensor(0.5))
        return cost.detach(), torch.autograd.grad(cost.sum(), before)[0]

    plain = pulled()
    with compiler.gradients_in_the_graph():
        compiled = torch.compile(pulled, backend="aot_eager", fullgraph=True)()
    assert plain[0].sum() > 0
    torch.testing.assert_close(plain, compiled)
