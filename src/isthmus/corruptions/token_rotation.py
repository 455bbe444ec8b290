"""Texts that begin somewhere else."""

from collections.abc import Sequence

import torch

from isthmus.layers.tokens import is_token, reordered
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class TokenRotation(Corruption):
    """A text begins at any of its tokens, and what came before comes last; symbols in ``keep`` (the end) stay.

    Source: Lewis et al. 2020, BART, section 2.2 (document rotation).

    >>> TokenRotation()(Batch(x=torch.tensor([[5, 6, 7, 0]]))).x[0, 3].item()
    0
    """

    of_symbols = True

    def __init__(self, keep: Sequence[int] = (0,)) -> None:
        super().__init__()
        self.keep = tuple(keep)

    def forward(self, batch: Batch) -> View:
        """Turn the tokens of each row by a number of places drawn for it."""
        tokens = is_token(batch, self.keep)
        count, rank = tokens.sum(1, keepdim=True), tokens.cumsum(1) - 1
        turned = (torch.rand(len(batch), 1, device=batch.x.device) * count).long()
        return reordered(batch, ((rank - turned) % count.clamp_min(1)).float(), tokens)
