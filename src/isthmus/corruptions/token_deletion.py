"""Tokens that are not there any more."""

from collections.abc import Sequence

import torch

from isthmus.errors import check
from isthmus.layers.tokens import is_token, without
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class TokenDeletion(Corruption):
    """Each token is left out with probability ``share``; what is left moves together, and is one token at least.

    Symbols in ``keep`` (the end of a text) stay.

    Source: Wang et al. 2021, TSDAE: using transformer-based sequential denoising auto-encoder (a share of 0.6 was
    best); Lewis et al. 2020, BART, section 2.2.

    >>> view = TokenDeletion(share=0.5)(Batch(x=torch.full((100, 100), 5)))
    >>> abs(view.valid.sum().item() / 10_000 - 0.5) < 0.05
    True
    """

    of_symbols = True

    def __init__(self, share: float = 0.6, keep: Sequence[int] = (0,)) -> None:
        super().__init__()
        check("TokenDeletion", (0 < share < 1, f"share is {share!r}; expected a probability in (0, 1)"))
        self.share, self.keep = share, tuple(keep)

    def forward(self, batch: Batch) -> View:
        """Leave tokens out; ``valid`` says what is left."""
        tokens = is_token(batch, self.keep)
        luck = torch.rand(batch.x.shape, device=batch.x.device).where(tokens, -1.0)
        saved = (luck >= self.share) | (luck == luck.max(1, keepdim=True).values)
        real = torch.ones_like(tokens) if batch.valid is None else batch.valid
        return without(batch, torch.where(tokens, saved, real), batch.x)
