"""Recurrent units as the operation that ONNX has for them: one node, for sequences of any length."""

from __future__ import annotations

from dataclasses import fields

import torch
from torch import Tensor, nn
from torch.onnx.ops._symbolic_impl import EncodedAttrs

FLOAT = 1  # as ONNX numbers its types


class OnnxGRU(nn.Module):
    """Stands for a ``nn.GRU`` (batch first, one direction) while a graph is made; elsewhere it gives zeros.

    PyTorch's own way is a loop in the graph, which takes minutes to write and is slow to run. Gates come in another
    order: reset, update, new in PyTorch; update, reset, new in ONNX.

    Source: https://onnx.ai/onnx/operators/onnx__GRU.html, with ``linear_before_reset``.

    >>> OnnxGRU(nn.GRU(2, 4, batch_first=True))(torch.zeros(3, 5, 2))[0].shape
    torch.Size([3, 5, 4])
    """

    def __init__(self, units: nn.GRU) -> None:
        super().__init__()
        self.width, self.depth = units.hidden_size, units.num_layers
        # as torch.onnx.ops.symbolic_multi_out has them, which a loop in a graph cannot look into
        encoded = EncodedAttrs.from_dict({"hidden_size": self.width, "linear_before_reset": 1})
        self._attributes = {each.name: getattr(encoded, each.name) for each in fields(encoded)}
        for layer in range(units.num_layers):
            of_input, of_state, input_bias, state_bias = (
                _reordered(getattr(units, f"{name}_l{layer}").detach())
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            self.register_buffer(f"of_input_{layer}", of_input[None])
            self.register_buffer(f"of_state_{layer}", of_state[None])
            self.register_buffer(f"bias_{layer}", torch.cat([input_bias, state_bias])[None])

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What each place is told, ``[batch, length, width]``, and the last state, ``[depth, batch, width]``."""
        count, length = x.shape[0], x.shape[1]
        state = x.new_zeros(self.depth, count, self.width) if state is None else state
        told, last = x.transpose(0, 1), []
        for layer in range(self.depth):
            weights = (getattr(self, f"{name}_{layer}") for name in ("of_input", "of_state", "bias"))
            told, ended = torch.ops.onnx_symbolic._symbolic_multi_out(
                [told, *weights, None, state[layer : layer + 1]],
                "GRU",
                [FLOAT, FLOAT],
                shapes=[[length, 1, count, self.width], [1, count, self.width]],
                **self._attributes,
                metadata_props_keys=[],
                metadata_props_values=[],
                domain="",
                version=None,
            )
            told = told[:, 0]
            last.append(ended)
        return told.transpose(0, 1), torch.cat(last)


def with_onnx_units(model: nn.Module) -> nn.Module:
    """The same model, changed in place: each ``nn.GRU`` in it is an ``OnnxGRU``."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.GRU):
                setattr(parent, name, OnnxGRU(child))
    return model


def _reordered(gates: Tensor) -> Tensor:
    """Update, reset, new, of reset, update, new: three thirds of the first axis."""
    reset, update, new = gates.chunk(3)
    return torch.cat([update, reset, new])
