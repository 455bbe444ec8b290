"""A perceptron that judges codes."""

from collections.abc import Sequence

from torch import Tensor

from isthmus.layers.adversarial import Game
from isthmus.layers.judging import check_game, judge_loss, judge_verdict, perceptron
from isthmus.records import Trace
from isthmus.stations import Critic


class Code(Critic):
    """Tells codes of data from codes drawn from the prior, so that the codes come to follow it.

    Source: Makhzani et al. 2016, Adversarial autoencoders, section 2.

    >>> import torch
    >>> from isthmus.records import Batch, View, Code as CodeRecord
    >>> z = torch.zeros(3, 2)
    >>> trace = Trace(batch=Batch(x=z), view=View(x=z), features=z, code=CodeRecord(z=z), drawn=z)
    >>> Code(latent_dim=2, hidden=(8,)).verdict(trace).shape
    torch.Size([3])
    """

    wants = frozenset({"drawn"})

    def __init__(
        self,
        latent_dim: int,
        hidden: Sequence[int] = (256, 256),
        game: Game = "non_saturating",
        penalty: float = 0.0,
        repeats: int = 1,
    ) -> None:
        super().__init__()
        check_game("Code", "rebuilt", game, penalty, repeats)
        self.game, self.penalty, self.repeats = game, penalty, repeats
        self.network = perceptron(latent_dim, hidden)

    def loss(self, trace: Trace) -> Tensor:
        """The game's loss: what the prior draws is real."""
        assert trace.drawn is not None
        return judge_loss(self.network, trace.drawn, trace.code.z, self.game, self.penalty)

    def verdict(self, trace: Trace) -> Tensor:
        """What it costs codes to be told from the prior's, the mean over positions, ``[batch]``."""
        return judge_verdict(self.network, trace.code.z, self.game, len(trace.code.z))
