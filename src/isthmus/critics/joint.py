"""A perceptron that judges x together with its code."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.layers.adversarial import Game, critic_loss, gradient_penalty, maker_cost
from isthmus.layers.judging import check_game, perceptron
from isthmus.records import Trace
from isthmus.stations import Critic


class Joint(Critic):
    """Tells pairs (x, its code) from pairs (x of a drawn code, that code): encoder and decoder become inverses.

    Source: Donahue et al. 2017, Adversarial feature learning (BiGAN), section 3; Dumoulin et al. 2017.

    >>> from isthmus.records import Batch, Code, View
    >>> x, z = torch.zeros(3, 4), torch.zeros(3, 2)
    >>> trace = Trace(batch=Batch(x=x), view=View(x=x), features=z, code=Code(z=z), drawn=z, generated=x)
    >>> Joint(in_shape=(4,), latent_dim=2, hidden=(8,)).verdict(trace).shape
    torch.Size([3])
    """

    wants = frozenset({"drawn", "generated"})

    def __init__(
        self,
        in_shape: Sequence[int],
        latent_dim: int,
        hidden: Sequence[int] = (512, 512),
        game: Game = "non_saturating",
        penalty: float = 0.0,
        repeats: int = 1,
    ) -> None:
        super().__init__()
        check_game("Joint", "generated", game, penalty, repeats)
        self.game, self.penalty, self.repeats = game, penalty, repeats
        self.network = perceptron(math.prod(in_shape) + latent_dim, hidden)

    def loss(self, trace: Trace) -> Tensor:
        """The game's loss: pairs of the encoder are real."""
        assert trace.drawn is not None
        assert trace.generated is not None
        real = trace.target.float(), trace.code.z.float()
        made = trace.generated.float(), trace.drawn.float()
        with torch.autocast(real[0].device.type, enabled=False):
            loss = critic_loss(self.game, self._scores(*real), self._scores(*made))
            if self.penalty == 0:
                return loss
            return loss + self.penalty * gradient_penalty(self._scores, real, made)

    def verdict(self, trace: Trace) -> Tensor:
        """What it costs both sides to be told apart, ``[batch]``: each wants to look like the other."""
        assert trace.drawn is not None
        assert trace.generated is not None
        with torch.autocast(trace.batch.x.device.type, enabled=False):
            real = self._scores(trace.target.float(), trace.code.z.float())
            made = self._scores(trace.generated.float(), trace.drawn.float())
        return maker_cost(self.game, made) + maker_cost(self.game, -real)

    def _scores(self, x: Tensor, z: Tensor) -> Tensor:
        return self.network(torch.cat([x.flatten(1), z.flatten(1)], dim=1))[:, 0]
