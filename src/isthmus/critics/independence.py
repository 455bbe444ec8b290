"""A classifier that tells codes from codes whose numbers have been shuffled."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.layers.judging import perceptron
from isthmus.records import Trace
from isthmus.stations import Critic


class Independence(Critic):
    """Its score is log q(z) - log of the product of q(z_d): the total correlation, nats, where it has learnt to tell.

    Codes of the batch are told from such as take each of their numbers from another row of it.

    Source: Kim & Mnih 2018, Disentangling by factorising, equations 2 and 3 and algorithm 2.

    >>> from isthmus.records import Batch, Code, View
    >>> z = torch.zeros(3, 2)
    >>> trace = Trace(batch=Batch(x=z), view=View(x=z), features=z, code=Code(z=z))
    >>> Independence(latent_dim=2, hidden=(8,)).verdict(trace).shape
    torch.Size([3])
    """

    def __init__(self, latent_dim: int, hidden: Sequence[int] = (256, 256, 256), repeats: int = 1) -> None:
        super().__init__()
        check(
            "Independence",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (repeats >= 1, f"repeats is {repeats!r}; expected 1 or more"),
        )
        self.repeats = repeats
        self.network = perceptron(latent_dim, hidden)

    def loss(self, trace: Trace) -> Tensor:
        """The cross-entropy of telling them, nats."""
        z = trace.code.z.float().flatten(0, -2)
        order = torch.rand_like(z).argsort(0)  # of each number its own
        with torch.autocast(z.device.type, enabled=False):
            joint, apart = self.network(z), self.network(z.gather(0, order))
        return F.softplus(-joint).mean() + F.softplus(apart).mean()

    def verdict(self, trace: Trace) -> Tensor:
        """log q(z) - log of the product of q(z_d) as far as it can tell, the mean over places, ``[batch]``."""
        with torch.autocast(trace.code.z.device.type, enabled=False):
            return self.network(trace.code.z.float()).flatten(1).mean(1)
