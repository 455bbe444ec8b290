"""Tokens hidden, to be told from those around them."""

from collections.abc import Sequence

import torch

from isthmus.errors import check
from isthmus.layers.tokens import is_token, spans
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class TokenMasking(Corruption):
    """A ``share`` of the tokens, in spans of ``span`` tokens on average, is hidden; only these are judged.

    Of what is chosen eight tenths become ``mask``, a tenth another symbol (from ``mask + 1`` up to ``levels``), a tenth
    stays: what is left visible may be wrong, too. Symbols in ``keep`` (the end of a text) are never chosen; each text
    gives one token at least.

    Source: Devlin et al. 2019, BERT, section 3.1 (chosen anew at every step: Liu et al. 2019, RoBERTa); spans: Joshi et
    al. 2020, SpanBERT.

    >>> view = TokenMasking(mask=2, levels=9, share=0.5)(Batch(x=torch.full((100, 100), 5)))
    >>> abs(view.hidden.float().mean().item() - 0.5) < 0.05
    True
    """

    of_symbols = True
    partial = True

    def __init__(
        self, mask: int, levels: int, share: float = 0.15, span: float = 1.0, keep: Sequence[int] = (0,)
    ) -> None:
        super().__init__()
        check(
            "TokenMasking",
            (0 < share < 1, f"share is {share!r}; expected a share in (0, 1)"),
            (span >= 1, f"span is {span!r}; expected a mean length of 1 or more tokens"),
            (0 <= mask < levels - 1, f"mask is {mask!r}; expected a symbol with others between it and {levels!r}"),
        )
        self.mask, self.levels, self.share, self.span, self.keep = mask, levels, share, span, tuple(keep)

    def forward(self, batch: Batch) -> View:
        """Hide tokens; ``hidden`` and ``judged`` say which."""
        hidden = spans(is_token(batch, self.keep), self.share, self.span)
        fate = torch.rand(batch.x.shape, device=batch.x.device)
        other = torch.randint_like(batch.x, self.mask + 1, self.levels)
        changed = torch.where(fate < 0.8, self.mask, torch.where(fate < 0.9, other, batch.x))
        x = torch.where(hidden, changed, batch.x)
        return View(x=x, valid=batch.valid, hidden=hidden, judged=hidden, condition=batch.condition)
