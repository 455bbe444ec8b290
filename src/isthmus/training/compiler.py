"""PyTorch's compiler, as training asks for it: random numbers of plain code, gradients in the graph, its faults met."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import torch
from torch import nn


def options() -> dict[str, Any]:
    """For ``torch.compile``: random numbers are those of plain code, the same sum is taken once, biases are added late.

    >>> options()["fallback_random"]
    True
    """
    return {
        "fallback_random": True,
        "joint_custom_pre_pass": _changing(_same_sums_once),
        "post_grad_custom_post_pass": _changing(_biases_later),
    }


def without_guards() -> dict[str, Any] | None:
    """For code in which nothing changes that is not a tensor; None where PyTorch has no such option.

    >>> (without_guards() or {}).keys() <= {"guard_filter_fn"}
    True
    """
    skip = getattr(torch.compiler, "skip_all_guards_unsafe", None)
    return None if skip is None else {"guard_filter_fn": skip}


def all_known(module: nn.Module) -> bool:
    """Whether all parts are Isthmus's or PyTorch's, whose state is in tensors, with nobody's hooks.

    Then nothing that is not a tensor changes in a run. To look at each step whether it has takes a twentieth of it.

    >>> all_known(nn.Linear(2, 2))
    True
    """
    return all(
        type(part).__module__.partition(".")[0] in ("isthmus", "torch")
        and not (part._forward_hooks or part._forward_pre_hooks or part._backward_hooks or part._backward_pre_hooks)
        for part in module.modules()
    )


def with_code_of_its_own(function: Any) -> FunctionType:
    """The same function, for which the compiler keeps what it has made apart from that of other runs.

    >>> with_code_of_its_own(all_known).__code__ is all_known.__code__
    False
    """
    return FunctionType(
        function.__code__.replace(),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )


def forget(function: FunctionType) -> None:
    """What the compiler has made of a function is not kept.

    >>> forget(with_code_of_its_own(all_known))
    """
    reset = getattr(torch._dynamo.eval_frame, "reset_code", None)
    if reset is not None:
        reset(function.__code__)


@contextmanager
def gradients_in_the_graph() -> Iterator[None]:
    """Where PyTorch can (from 2.11 on), ``torch.autograd.grad`` becomes part of the graph, not its end.

    The compiler reads ``.grad`` of all that it traces, of which PyTorch warns: it is nobody's mistake.

    >>> with gradients_in_the_graph():
    ...     pass
    """
    settings = torch._dynamo.config
    traced = getattr(settings, "trace_autograd_ops", None)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The .grad attribute of a Tensor that is not a leaf")
        if traced is not None:
            settings.trace_autograd_ops = True
        try:
            yield
        finally:
            if traced is not None:
                settings.trace_autograd_ops = traced


def _same_sums_once(graph: torch.fx.Graph) -> None:
    """Layers whose results are added have the same gradient for their biases: a sum that is in the graph twice.

    In graphs without a gradient of their own the compiler does not see that; in bf16 it then names two numbers alike,
    and the C++ that it writes is refused.
    """
    first: dict[Any, torch.fx.Node] = {}
    for node in list(graph.nodes):
        if node.op == "call_function" and node.target is torch.ops.aten.sum.dim_IntList:
            same = first.setdefault(repr((node.args, node.kwargs)), node)
            if same is not node:
                node.replace_all_uses_with(same)
                graph.erase_node(node)


def _biases_later(graph: torch.fx.Graph) -> None:
    """On a processor a product with a bias copies the bias to every row before it begins.

    Added afterwards, it is a part of the loop over what the product gives.
    """
    aten = torch.ops.aten
    for node in graph.find_nodes(op="call_function", target=aten.addmm.default):
        if node.kwargs or node.meta["val"].device.type != "cpu":
            continue
        bias, *factors = node.args
        with graph.inserting_before(node):
            product = graph.call_function(aten.mm.default, tuple(factors))
            total = graph.call_function(aten.add.Tensor, (product, bias))
        for made in (product, total):
            made.meta["val"] = node.meta["val"]
        node.replace_all_uses_with(total)
        graph.erase_node(node)


def _changing(change: Callable[[torch.fx.Graph], None]) -> Any:
    """A pass over graphs, as the compiler takes it; code that it keeps is known by this file's."""
    from torch._inductor.custom_graph_pass import CustomGraphPass, get_hash_for_files

    class Changing(CustomGraphPass):
        def __call__(self, graph: torch.fx.Graph) -> None:
            change(graph)

        def uuid(self) -> Any:
            return get_hash_for_files((__file__,))

    return Changing()
