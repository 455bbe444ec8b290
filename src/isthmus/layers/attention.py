"""What each place sees of others."""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor
from torch.nn import functional as F


def attention(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    valid: Tensor | None = None,
    *,
    dropout: float = 0.0,
    causal: bool = False,
) -> Tensor:
    """Of ``[batch, heads, length, width]`` each, the mean of the values, weighted by softmax(query . key / width^1/2).

    ``valid [batch, length]`` says which places may be looked at.

    Source: Vaswani et al. 2017, Attention is all you need, equation 1.

    >>> x = torch.zeros(1, 2, 3, 4)
    >>> attention(x, x, x, torch.tensor([[True, True, False]])).shape
    torch.Size([1, 2, 3, 4])
    """
    mask = None if valid is None else valid[:, None, None]
    dtype, on_cpu = queries.dtype, queries.device.type == "cpu"
    # on a processor PyTorch's gradient of attention in bf16 takes ten times as long as in float32
    with torch.autocast("cpu", enabled=False) if on_cpu else nullcontext():
        if on_cpu:
            queries, keys, values = (x.float() if x.dtype == torch.bfloat16 else x for x in (queries, keys, values))
        seen = F.scaled_dot_product_attention(queries, keys, values, mask, dropout_p=dropout, is_causal=causal)
    return seen.to(dtype)
