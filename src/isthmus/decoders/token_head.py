"""A symbol told at each place from the features of that place alone."""

from collections.abc import Sequence

from torch import Tensor, nn

from isthmus.errors import check
from isthmus.records import Code, View
from isthmus.stations import Decoder


class TokenHead(Decoder):
    """A dense layer, a norm and scores of ``outputs`` levels, at each place of the code ``[batch, length, dim]``.

    A flat code says the same of every place.

    Source: Devlin et al. 2019, BERT, section 3.1 (the masked language model's head).

    >>> import torch
    >>> TokenHead(latent_dim=4, out_shape=(6,), outputs=9)(Code(z=torch.zeros(2, 5, 4)), None).shape
    torch.Size([2, 9, 5])
    """

    def __init__(self, latent_dim: int, out_shape: Sequence[int], outputs: int = 2) -> None:
        super().__init__()
        check("TokenHead", (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"))
        self.out_shape = tuple(out_shape)
        self.dense = nn.Sequential(nn.Linear(latent_dim, latent_dim), nn.GELU(), nn.LayerNorm(latent_dim))
        self.head = nn.Linear(latent_dim, outputs)

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, outputs, length]``, or of a flat code ``[batch, outputs, *out_shape]``."""
        scores = self.head(self.dense(code.z)).movedim(-1, 1)  # [batch, outputs(, length)]
        if code.z.ndim > 2:
            return scores
        return scores.view(*scores.shape, *[1] * len(self.out_shape)).expand(-1, -1, *self.out_shape)
