"""Codes that are one of a few, or some of many."""

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import ParameterError
from isthmus.stations import DiscretePosterior

TINY = 1e-20


def uniform_like(values: Tensor) -> Tensor:
    """Uniform draws in (0, 1) with finite logarithms on both sides.

    >>> float(uniform_like(torch.zeros(1000)).max()) < 1
    True
    """
    return torch.rand_like(values).clamp(2**-24, 1 - 2**-24)


def check_kind(owner: str, classes: int | None, posterior: DiscretePosterior) -> None:
    """Refuse a prior over bits for one-hot groups, or over groups of another size."""
    theirs = getattr(posterior, "classes", None)
    if theirs != classes:
        raise ParameterError(f"{owner}: classes is {classes!r}; the code has {theirs!r} (None: bits)")


class OneHotGroups(DiscretePosterior):
    """Each group of ``classes`` numbers is one-hot: a categorical choice.

    >>> q = OneHotGroups(torch.tensor([[0.0, 9.0, 9.0, 0.0]]), classes=2)
    >>> q.mean.round(decimals=1).tolist(), q.symbols(q.mean).tolist()
    ([[0.0, 1.0, 1.0, 0.0]], [[1, 0]])
    """

    def __init__(self, logits: Tensor, classes: int) -> None:
        self.classes = classes
        self.logits = self._groups(logits).log_softmax(-1).flatten(-2)

    @property
    def mean(self) -> Tensor:
        """The probabilities."""
        return self.logits.exp()

    def at(self, noise: Tensor) -> Tensor:
        """The choice that standard-normal ``noise`` stands for, by Gumbel noise of the same quantile."""
        return self.harden(self.logits - torch.log(-torch.special.log_ndtr(noise)))

    def log_prob(self, z: Tensor) -> Tensor:
        """log q per class: 0 but for the chosen one, nats."""
        return z * self.logits

    def noise(self) -> Tensor:
        """Gumbel noise."""
        return -torch.log(-torch.log(uniform_like(self.logits)))

    def harden(self, perturbed: Tensor) -> Tensor:
        """One-hot at the largest of each group."""
        return F.one_hot(self._groups(perturbed).argmax(-1), self.classes).to(perturbed.dtype).flatten(-2)

    def soften(self, perturbed: Tensor, temperature: Tensor | float) -> Tensor:
        """Softmax in each group."""
        return (self._groups(perturbed) / temperature).softmax(-1).flatten(-2)

    def conditional(self, z: Tensor) -> Tensor:
        """Tucker et al. 2017, appendix C: the chosen one is the largest, the others are truncated by it."""
        v = -torch.log(uniform_like(self.logits))
        top = (z * v).unflatten(-1, (-1, self.classes)).sum(-1, keepdim=True)
        others = self._groups(v) / self._groups(self.logits).exp().clamp_min(TINY) + top
        chosen = self._groups(z) > 0.5
        return -torch.log(torch.where(chosen, top, others).clamp_min(TINY)).flatten(-2)

    def of_free_logits(self, gradient: Tensor) -> Tensor:
        """The derivative of a log-softmax: what moves all classes of a group alike moves nothing."""
        each = self._groups(gradient)
        return (each - self._groups(self.mean) * each.sum(-1, keepdim=True)).flatten(-2)

    def symbols(self, z: Tensor) -> Tensor:
        """The chosen class of each group."""
        return self._groups(z).argmax(-1)

    def every(self) -> Tensor:
        """All combinations of the groups."""
        groups = self.logits.shape[-1] // self.classes
        index = torch.cartesian_prod(*[torch.arange(self.classes, device=self.logits.device)] * groups)
        return F.one_hot(index.reshape(-1, groups), self.classes).to(self.logits.dtype).flatten(-2)

    @property
    def count(self) -> int:
        """``classes`` to the power of the groups."""
        return int(self.classes ** (self.logits.shape[-1] // self.classes))

    def _groups(self, values: Tensor) -> Tensor:
        return values.unflatten(-1, (-1, self.classes))


class Bits(DiscretePosterior):
    """Each number is 0 or 1, by itself.

    >>> q = Bits(torch.tensor([[9.0, -9.0]]))
    >>> q.harden(q.logits).tolist()
    [[1.0, 0.0]]
    """

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits

    @property
    def mean(self) -> Tensor:
        """The probabilities of 1."""
        return self.logits.sigmoid()

    def at(self, noise: Tensor) -> Tensor:
        """The bits that standard-normal ``noise`` stands for, by logistic noise of the same quantile."""
        return self.harden(self.logits + torch.special.log_ndtr(noise) - torch.special.log_ndtr(-noise))

    def log_prob(self, z: Tensor) -> Tensor:
        """log q of each bit, nats."""
        return z * self.logits - F.softplus(self.logits)

    def noise(self) -> Tensor:
        """Logistic noise."""
        return torch.logit(uniform_like(self.logits))

    def harden(self, perturbed: Tensor) -> Tensor:
        """1 where positive."""
        return (perturbed > 0).to(perturbed.dtype)

    def soften(self, perturbed: Tensor, temperature: Tensor | float) -> Tensor:
        """Sigmoid."""
        return (perturbed / temperature).sigmoid()

    def conditional(self, z: Tensor) -> Tensor:
        """Tucker et al. 2017, appendix C, with softplus in the place of logarithms of sums."""
        noise = self.noise()
        one = F.softplus(noise + F.softplus(self.logits))
        zero = -F.softplus(noise + F.softplus(-self.logits))
        return torch.where(z > 0.5, one, zero)

    def symbols(self, z: Tensor) -> Tensor:
        """The bits."""
        return (z > 0.5).long()

    def every(self) -> Tensor:
        """All patterns of bits."""
        dim = self.logits.shape[-1]
        number = torch.arange(2**dim, device=self.logits.device)
        shift = torch.arange(dim, device=self.logits.device)
        return ((number[:, None] >> shift) & 1).to(self.logits.dtype)

    @property
    def count(self) -> int:
        """2 to the power of the bits."""
        return int(2 ** self.logits.shape[-1])
