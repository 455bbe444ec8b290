"""A perceptron that judges x."""

import math
from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from isthmus.layers.adversarial import Game
from isthmus.layers.judging import WANTS, check_game, judge_loss, judge_verdict, made_x, perceptron, real_x
from isthmus.records import Trace
from isthmus.stations import Critic


class Dense(Critic):
    """Tells real x from reconstructions, from x drawn from the prior (``judges="generated"``), or from ``"both"``.

    ``penalty`` weighs the gradient penalty, ``spectral`` norms the weights: either keeps scores from running away.

    Source: Goodfellow et al. 2014, Generative adversarial nets; Gulrajani et al. 2017; Miyato et al. 2018.

    >>> import torch
    >>> from isthmus.records import Batch, Code, View
    >>> x = torch.zeros(3, 4)
    >>> trace = Trace(batch=Batch(x=x), view=View(x=x), features=x, code=Code(z=x), rebuilt=x)
    >>> Dense(in_shape=(4,), hidden=(8,)).verdict(trace).shape
    torch.Size([3])
    """

    def __init__(
        self,
        in_shape: Sequence[int],
        hidden: Sequence[int] = (512, 512),
        judges: Literal["rebuilt", "generated", "both"] = "rebuilt",
        game: Game = "non_saturating",
        penalty: float = 0.0,
        spectral: bool = False,
        repeats: int = 1,
    ) -> None:
        super().__init__()
        check_game("Dense", judges, game, penalty, repeats)
        self.judges, self.game, self.penalty, self.repeats = judges, game, penalty, repeats
        self.wants = WANTS[judges]
        self.network = nn.Sequential(nn.Flatten(), *perceptron(math.prod(in_shape), hidden, spectral=spectral))

    def loss(self, trace: Trace) -> Tensor:
        """The game's loss, with the penalty."""
        return judge_loss(self.network, real_x(trace), made_x(trace, self.judges), self.game, self.penalty)

    def verdict(self, trace: Trace) -> Tensor:
        """What it costs to be told from real x, ``[batch]``."""
        return judge_verdict(self.network, made_x(trace, self.judges), self.game, len(trace.batch))
