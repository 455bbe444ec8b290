"""A classifier that judges what a code tells of a known factor."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import ParameterError, check, did_you_mean
from isthmus.layers.batch_norm import BatchNorm
from isthmus.layers.judging import perceptron
from isthmus.layers.mean_of_places import mean_of_places
from isthmus.records import Trace
from isthmus.stations import Critic

SMALLEST_VARIANCE = 1e-8  # of a number of the code that is heard
MOMENTUM = 0.1  # of what is known of their means and variances, by batches


class Factor(Critic):
    """Learns to tell the batch's ``condition`` from the code, so that the code comes to tell nothing of it.

    It also learns to guess without the code; the verdict is the divergence of that guess from what it says having seen
    the code, nats, 0 where the code tells nothing. It sees the mean of a code that is random in all its parts, and
    draws of others, each number with mean 0 and spread 1 over the batch, as whoever learns from codes later will: what
    is told in a whisper is told. ``part`` is the part of the code that it judges; None: all of it. Of a code with
    places it means the scores over the places.

    The condition is a class, one-hot, or with ``numbers`` standardised ones with a 1 behind them: then it tells their
    mean, and the divergence is that of Gaussians of variance 1.

    Source: Lample et al. 2017, Fader networks: manipulating images by sliding attributes, section 3.2.

    >>> from isthmus.records import Batch, View, Code
    >>> x, z = torch.zeros(3, 5), torch.zeros(3, 2)
    >>> trace = Trace(batch=Batch(x=x, condition=torch.eye(3)), view=View(x=x), features=z, code=Code(z=z))
    >>> Factor(latent_dim=2, condition_dim=3, hidden=(8,)).verdict(trace).shape
    torch.Size([3])
    """

    def __init__(
        self,
        latent_dim: int,
        condition_dim: int,
        numbers: bool = False,
        part: str | None = None,
        hidden: Sequence[int] = (256, 256),
        repeats: int = 1,
    ) -> None:
        super().__init__()
        check(
            "Factor",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (condition_dim >= 1 + numbers, f"condition_dim is {condition_dim!r}; expected {1 + numbers} or more"),
            (repeats >= 1, f"repeats is {repeats!r}; expected 1 or more"),
        )
        self.numbers, self.part, self.repeats = numbers, part, repeats
        told = condition_dim - 1 if numbers else condition_dim
        momentum = MOMENTUM / (repeats + 1)  # it sees a batch in each of its steps, and to judge it
        self.norm = BatchNorm(latent_dim, eps=SMALLEST_VARIANCE, momentum=momentum, affine=False)
        self.network = perceptron(latent_dim, hidden, outputs=told)
        self.guess = nn.Parameter(torch.zeros(told))  # what it says without the code

    def loss(self, trace: Trace) -> Tensor:
        """The cross-entropies of the factor, with the code and without."""
        wanted, told = trace.batch.condition, self._told(trace)
        assert wanted is not None
        both = told, self.guess.expand_as(told)
        if self.numbers:
            return torch.stack([0.5 * (said - wanted[:, :-1]).square().sum(-1).mean() for said in both]).sum()
        return torch.stack([F.cross_entropy(said, wanted) for said in both]).sum()

    def verdict(self, trace: Trace) -> Tensor:
        """KL(guess || what it says of the code), nats, ``[batch]``."""
        told, guess = self._told(trace), self.guess.detach()
        if self.numbers:
            return 0.5 * (told - guess).square().sum(-1)
        told, guess = told.log_softmax(-1), guess.log_softmax(-1)
        return (guess.exp() * (guess - told)).sum(-1)

    def _told(self, trace: Trace) -> Tensor:
        """Scores of the classes, or means of the numbers, ``[batch, condition_dim]`` float32."""
        code = trace.code
        z = code.z if code.posterior is None else code.posterior.mean
        if self.part is not None:
            if self.part not in code.parts:
                known = did_you_mean(self.part, code.parts) if code.parts else "It is in one piece."
                raise ParameterError(f"The code has no part {self.part!r}. {known}")
            z = z[..., code.parts[self.part]]
        with torch.autocast(z.device.type, enabled=False):
            return mean_of_places(self._of_places(z.float(), code.valid), code.valid)

    def _of_places(self, z: Tensor, valid: Tensor | None) -> Tensor:
        """What each place tells, ``[batch, *grid, told]``; 0 where there is nothing."""
        if valid is None:
            return self.network(self.norm(z.flatten(0, -2))).unflatten(0, z.shape[:-1])
        told = self.network(self.norm(z[valid]))
        return told.new_zeros(*valid.shape, told.shape[-1]).masked_scatter(valid[..., None], told)
