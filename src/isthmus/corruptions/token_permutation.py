"""Tokens out of order."""

from collections.abc import Sequence

import torch

from isthmus.errors import check
from isthmus.layers.tokens import is_token, reordered
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class TokenPermutation(Corruption):
    """Each token moves by less than ``reach`` places; symbols in ``keep`` (the end of a text) stay.

    Source: Lample et al. 2018, Unsupervised machine translation using monolingual corpora only, section 2.3.

    >>> view = TokenPermutation(reach=3)(Batch(x=torch.arange(5, 25)[None]))
    >>> int((view.x[0] - torch.arange(5, 25)).abs().max()) < 3, sorted(view.x[0].tolist()) == list(range(5, 25))
    (True, True)
    """

    of_symbols = True

    def __init__(self, reach: int = 3, keep: Sequence[int] = (0,)) -> None:
        super().__init__()
        check("TokenPermutation", (reach >= 2, f"reach is {reach!r}; expected 2 or more places"))
        self.reach, self.keep = reach, tuple(keep)

    def forward(self, batch: Batch) -> View:
        """Sort tokens by their place and some luck."""
        places = torch.arange(batch.x.shape[1], device=batch.x.device)
        luck = self.reach * torch.rand(batch.x.shape, device=batch.x.device)
        return reordered(batch, places + luck, is_token(batch, self.keep))
