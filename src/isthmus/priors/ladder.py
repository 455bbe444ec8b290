"""The prior of a code of several levels."""

from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import ParameterError, check
from isthmus.layers.ladder_posterior import LadderPosterior, TopDown
from isthmus.stations import Bottleneck, Encoder, Posterior, Prior


class Ladder(Prior):
    """p(z) = N(0, I) of the top level, then p(level | the one above), with the networks of the ``Ladder`` bottleneck.

    It has no weights of its own: the posterior reads the same networks.

    Source: Sonderby et al. 2016, Ladder variational autoencoders, equations 1 to 3.

    >>> from isthmus.bottlenecks.ladder import Ladder as Levels
    >>> from isthmus.encoders.mlp import MLP
    >>> prior = Ladder(latent_dim=3)
    >>> prior.connect(MLP(in_shape=(5,), out_dim=6, hidden=(8,)), Levels(3))
    >>> prior.log_prob(torch.zeros(4, 3)).shape, prior.sample((4, 3)).shape
    (torch.Size([4, 3]), torch.Size([4, 3]))
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        check("Ladder", (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"))
        self._reader: tuple[Encoder, Bottleneck] | tuple[()] = ()

    def connect(self, encoder: Encoder, bottleneck: Bottleneck) -> None:
        """Take the levels of the bottleneck; raises ``ParameterError`` where it has none."""
        if not isinstance(getattr(bottleneck, "down", None), TopDown):
            raise ParameterError(
                f"Ladder: the codes of {type(bottleneck).__name__} have no levels, each given the one above; expected "
                "the bottleneck Ladder"
            )
        self._reader = (encoder, bottleneck)  # a tuple, so that its weights stay registered once, in the model

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z) per dimension, nats: of each level given the one above."""
        down = self._down()
        each = z.split(down.sizes, dim=-1)
        return torch.cat([p.log_prob(own) for p, own in zip(down(z), each, strict=True)], dim=-1)

    @torch.no_grad()
    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Codes from the top level down."""
        down = self._down()
        device = next((p.device for p in down.parameters()), torch.device("cpu"))
        each = torch.randn(*shape).to(device).split(down.sizes, dim=-1)
        made = [each[-1]]
        for level in reversed(range(len(each) - 1)):
            made.append(down.given(level, made[-1]).at(each[level]))
        return torch.cat(made[::-1], dim=-1)

    def divergence(self, posterior: Posterior, z: Tensor) -> Tensor:
        """KL per dimension, nats: of each level exactly, given the level above it in z."""
        if isinstance(posterior, LadderPosterior) and posterior.down is self._down():
            return posterior.divergence(z)
        return super().divergence(posterior, z)

    def _down(self) -> TopDown:
        if not self._reader:
            raise ParameterError("Ladder has not met its bottleneck: put an Autoencoder together with it first")
        down = self._reader[1].down
        assert isinstance(down, TopDown)
        return down
