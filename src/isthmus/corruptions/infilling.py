"""Stretches of text, each behind a single mask."""

from collections.abc import Sequence

import torch
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.layers.tokens import is_token, spans, without
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class Infilling(Corruption):
    """A ``share`` of the tokens, in spans of ``span`` on average; each span is one ``mask``, however long it was.

    How many tokens are missing is to be told as well. Symbols in ``keep`` (the end of a text) stay.

    Source: Lewis et al. 2020, BART, section 2.2 (text infilling; there are no spans of length 0 here).

    >>> view = Infilling(mask=2, share=0.5)(Batch(x=torch.full((100, 100), 5)))
    >>> view.valid.sum().item() < 9_000, bool((view.x == 2).any())
    (True, True)
    """

    of_symbols = True

    def __init__(self, mask: int, share: float = 0.3, span: float = 3.0, keep: Sequence[int] = (0,)) -> None:
        super().__init__()
        check(
            "Infilling",
            (0 < share < 1, f"share is {share!r}; expected a share in (0, 1)"),
            (span >= 1, f"span is {span!r}; expected a mean length of 1 or more tokens"),
        )
        self.mask, self.share, self.span, self.keep = mask, share, span, tuple(keep)

    def forward(self, batch: Batch) -> View:
        """Put one mask for each span."""
        hidden = spans(is_token(batch, self.keep), self.share, self.span)
        first = hidden & ~F.pad(hidden, (1, 0))[:, :-1]
        real = torch.ones_like(hidden) if batch.valid is None else batch.valid
        return without(batch, real & (~hidden | first), torch.where(hidden, self.mask, batch.x))
