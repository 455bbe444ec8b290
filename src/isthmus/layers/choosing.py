"""How the next symbol is chosen from scores."""

import torch
from torch import Tensor


def narrowed(scores: Tensor, *, top_k: int | None = None, top_p: float | None = None) -> Tensor:
    """Scores ``[..., levels]`` with all but the likeliest at minus infinity.

    The ``top_k`` likeliest are left; of those the fewest that have ``top_p`` of the probability between them (Holtzman
    et al. 2020, The curious case of neural text degeneration), at least one.

    >>> narrowed(torch.tensor([0.1, 0.6, 0.3]).log(), top_p=0.7).isfinite().tolist()
    [False, True, True]
    """
    if top_k is not None and top_k < scores.shape[-1]:
        best = scores.topk(top_k, dim=-1)
        scores = torch.full_like(scores, -torch.inf).scatter(-1, best.indices, best.values)
    if top_p is not None and top_p < 1:
        ordered, order = scores.softmax(-1).sort(dim=-1, descending=True)
        spare = ordered.cumsum(-1) - ordered >= top_p  # those before have enough already
        scores = scores.masked_fill(torch.zeros_like(spare).scatter(-1, order, spare), -torch.inf)
    return scores


def drawn(scores: Tensor) -> Tensor:
    """A symbol for each row of scores, by the Gumbel-max trick, with torch's current stream."""
    gumbel = -torch.empty_like(scores).exponential_().log()
    return (scores + gumbel).argmax(-1)
