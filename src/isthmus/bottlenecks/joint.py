"""A random code of one choice and of numbers."""

from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.class_and_style import ClassStylePosterior
from isthmus.layers.diagonal_gaussian import gaussian_posterior
from isthmus.layers.discrete import uniform_like
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class Joint(Bottleneck):
    """q(choice | x) q(numbers | x): a one-hot choice among ``classes``, then ``continuous_dim`` Gaussian numbers.

    In training the choice is relaxed (Gumbel-softmax at ``temperature``), so that it has a gradient. Each part has its
    cost, ``discrete.kl`` and ``continuous.kl``, exactly; ``kl`` is both, nats per example.

    Source: Dupont 2018, Learning disentangled joint continuous and discrete representations, section 3.

    >>> from isthmus.priors.class_and_style import ClassAndStyle
    >>> bottleneck = Joint(classes=3, continuous_dim=2)
    >>> code = bottleneck(torch.zeros(5, bottleneck.in_dim), View(x=torch.zeros(5, 1)), ClassAndStyle(3))
    >>> code.z.shape, code.costs["kl"].abs().max().item() < 1e-6
    (torch.Size([5, 5]), True)
    """

    random = True
    everywhere = False

    def __init__(self, classes: int, continuous_dim: int, temperature: float = 0.67, bound: float = 10.0) -> None:
        super().__init__()
        check(
            "Joint",
            (classes >= 2, f"classes is {classes!r}; expected 2 or more"),
            (continuous_dim >= 1, f"continuous_dim is {continuous_dim!r}; expected 1 or more"),
            (temperature > 0, f"temperature is {temperature!r}; expected a positive number"),
            (bound > 0, f"bound is {bound!r}; expected a positive limit of the log-variance"),
        )
        self.classes, self.continuous_dim = classes, continuous_dim
        self.temperature, self.bound = temperature, bound
        self.in_dim, self.latent_dim = 2 * continuous_dim + classes, classes + continuous_dim
        self._parts = {"discrete": slice(0, classes), "continuous": slice(classes, self.latent_dim)}

    def posterior(self, features: Tensor) -> ClassStylePosterior:
        """q(choice | x) q(numbers | x) from features (scores, means, log-variances), in float32."""
        scores, numbers = features.float().split([self.classes, 2 * self.continuous_dim], dim=-1)
        given = gaussian_posterior(numbers, self.bound)
        shape = (*scores.shape, self.continuous_dim)  # the same, whatever is chosen
        every = (each[..., None, :].expand(shape) for each in (given.mean, given.log_var))
        return ClassStylePosterior(scores.log_softmax(-1), *every)

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """A drawn code and its costs."""
        posterior = self.posterior(features)
        noise = torch.randn_like(posterior.mean)
        z = posterior.at(noise)
        if self.training:
            gumbel = -torch.log(-torch.log(uniform_like(posterior.log_class)))
            soft = ((posterior.log_class + gumbel) / self.temperature).softmax(-1)
            z = torch.cat([soft, z[..., self.classes :]], dim=-1)
        every = posterior.of_every_class(posterior.log_class.argmax(-1), noise[..., self.classes :])
        costs = {} if prior is None else posterior.mean_divergence(every, prior, self._parts)
        return Code(z=z, posterior=posterior, costs=costs, parts=self._parts)

    def mode(self, features: Tensor, view: View) -> Code:
        """The likeliest choice and the mean numbers."""
        posterior = self.posterior(features)
        return Code(z=posterior.mean, posterior=posterior, parts=self._parts)

    @property
    def parts(self) -> Mapping[str, slice]:
        """``discrete`` and ``continuous``."""
        return self._parts
