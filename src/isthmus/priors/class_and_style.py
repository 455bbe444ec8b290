"""All classes alike, and a standard normal beside them."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import ParameterError, check
from isthmus.layers.class_and_style import ClassStylePosterior
from isthmus.priors.standard_normal import StandardNormal
from isthmus.stations import Posterior, Prior


class ClassAndStyle(Prior):
    """p(z): the first ``classes`` numbers are one-hot, all classes alike; the others are N(0, I).

    Source: Kingma et al. 2014, Semi-supervised learning with deep generative models, equation 2.

    >>> ClassAndStyle(classes=3).sample((5, 4))[:, :3].sum(1).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """

    everywhere = False

    def __init__(self, classes: int) -> None:
        super().__init__()
        check("ClassAndStyle", (classes >= 1, f"classes is {classes!r}; expected 1 or more"))
        self.classes = classes

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z), nats per number: the class's at its place."""
        one_hot, style = z[..., : self.classes], z[..., self.classes :]
        return torch.cat([-math.log(self.classes) * one_hot, StandardNormal().log_prob(style)], dim=-1)

    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Classes, as the condition ``[n, classes]`` says where it is not all 0, and styles."""
        if shape[-1] <= self.classes:
            raise ParameterError(f"codes of {shape[-1]} numbers have no style beside {self.classes} classes")
        chosen = torch.randint(self.classes, tuple(shape[:-1]))
        one_hot = torch.nn.functional.one_hot(chosen, self.classes).float()
        style = torch.randn(*shape[:-1], shape[-1] - self.classes)
        if condition is not None:
            told = condition.to(one_hot).reshape(len(condition), *[1] * (one_hot.ndim - 2), -1)
            one_hot = torch.where(told.sum(-1, keepdim=True) > 0.5, told.expand_as(one_hot), one_hot)
        return torch.cat([one_hot, style], dim=-1)

    def divergence(self, posterior: Posterior, z: Tensor) -> Tensor:
        """log q / p of z's class at its place, and the exact KL of the style given it: nats, shaped like z."""
        if not isinstance(posterior, ClassStylePosterior):
            return super().divergence(posterior, z)
        one_hot = z[..., : self.classes]
        of_class = posterior.log_share(one_hot) + math.log(self.classes) * one_hot
        style = StandardNormal().divergence(posterior.style(one_hot), z[..., self.classes :])
        return torch.cat([of_class, style], dim=-1)
