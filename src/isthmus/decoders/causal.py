"""A decoder that writes symbols one after the other."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.layers.causal_transformer import CausalTransformer
from isthmus.records import Code, View
from isthmus.stations import Decoder


class Causal(Decoder):
    """A transformer over the values of x in order, each one of ``outputs`` levels, seeing the code and those before.

    With a ``teacher`` (in training and scoring) all places are scored at once; without one it writes by itself, always
    the likeliest value, and gives the scores of what it wrote.

    Source: Vaswani et al. 2017, Attention is all you need; van den Oord et al. 2017 for priors over symbols.

    >>> decoder = Causal(latent_dim=0, out_shape=(4,), outputs=7, width=8, depth=1, heads=2)
    >>> decoder(Code(z=torch.zeros(3, 0)), None, torch.zeros(3, 4)).shape
    torch.Size([3, 7, 4])
    """

    def __init__(
        self,
        latent_dim: int,
        out_shape: Sequence[int],
        outputs: int = 2,
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        dropout: float = 0.0,
        condition_dim: int = 0,
    ) -> None:
        super().__init__()
        self.out_shape, self.latent_dim, self.condition_dim = tuple(out_shape), latent_dim, condition_dim
        self.network = CausalTransformer(
            math.prod(out_shape), outputs, width, depth, heads, dropout, latent_dim + condition_dim
        )

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, outputs, *out_shape]``: log-probabilities but for a constant."""
        known = [code.z.flatten(1)] if self.latent_dim else []
        known += [view.condition] if self.condition_dim and view is not None and view.condition is not None else []
        condition = torch.cat(known, dim=1) if known else None
        scores = (
            self._write(len(code.z), condition, code.z.device)
            if teacher is None
            else self.network(teacher.flatten(1).long(), condition)
        )
        return scores.movedim(-1, 1).unflatten(2, self.out_shape)

    def _write(self, count: int, condition: Tensor | None, device: torch.device) -> Tensor:
        caches, scores, last = self.network.caches(), [], None
        given = torch.zeros(count, 0, device=device) if condition is None else condition
        for place in range(self.network.positions):
            scores.append(self.network.next_scores(last, place, given, caches))
            last = scores[-1].argmax(-1)
        return torch.stack(scores, dim=1)
