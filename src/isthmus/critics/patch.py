"""A convolutional network that judges patches of pictures."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from isthmus.layers.adversarial import Game
from isthmus.layers.convolution import check_picture
from isthmus.layers.judging import WANTS, check_game, judge_loss, judge_verdict, made_x, real_x
from isthmus.layers.spectral_norm import SpectralNorm
from isthmus.records import Trace
from isthmus.stations import Critic


class Patch(Critic):
    """As ``dense``, but each score sees a patch of the picture only: for texture, not for the whole.

    ``spectral`` norms each layer's weights as a matrix, as the paper does.

    Source: Isola et al. 2017, Image-to-image translation with conditional adversarial networks, section 3.2.2.

    >>> import torch
    >>> from isthmus.records import Batch, Code, View
    >>> x = torch.zeros(3, 1, 16, 16)
    >>> trace = Trace(batch=Batch(x=x), view=View(x=x), features=x, code=Code(z=x), rebuilt=x)
    >>> Patch(in_shape=(1, 16, 16), channels=(8, 16)).verdict(trace).shape
    torch.Size([3])
    """

    def __init__(
        self,
        in_shape: Sequence[int],
        channels: Sequence[int] = (32, 64),
        judges: Literal["rebuilt", "generated", "both"] = "rebuilt",
        game: Game = "hinge",
        penalty: float = 0.0,
        spectral: bool = True,
        repeats: int = 1,
    ) -> None:
        super().__init__()
        check_game("Patch", judges, game, penalty, repeats)
        check_picture("Patch", in_shape, channels)
        self.judges, self.game, self.penalty, self.repeats = judges, game, penalty, repeats
        self.wants = WANTS[judges]
        layers: list[nn.Module] = []
        for before, after in pairwise([in_shape[0], *channels]):
            halving = nn.Conv2d(before, after, 4, stride=2, padding=1)
            layers += [SpectralNorm(halving) if spectral else halving, nn.LeakyReLU(0.2)]
        scores = nn.Conv2d(channels[-1], 1, 3, padding=1)
        self.network = nn.Sequential(*layers, SpectralNorm(scores) if spectral else scores)

    def loss(self, trace: Trace) -> Tensor:
        """The game's loss over all patches, with the penalty."""
        return judge_loss(self.network, real_x(trace), made_x(trace, self.judges), self.game, self.penalty)

    def verdict(self, trace: Trace) -> Tensor:
        """What it costs to be told from real pictures, the mean over patches, ``[batch]``."""
        return judge_verdict(self.network, made_x(trace, self.judges), self.game, len(trace.batch))
