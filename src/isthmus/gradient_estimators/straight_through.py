"""The gradient goes through as if nothing had been rounded."""

from torch import Tensor

from isthmus.records import Code
from isthmus.stations import DiscretePosterior, GradientEstimator


class StraightThrough(GradientEstimator):
    """The gradient of the code is given to the probabilities, or to the features, unchanged: biased, no variance.

    Source: Bengio et al. 2013, Estimating or propagating gradients through stochastic neurons, section 4.

    >>> import torch
    >>> x = torch.tensor([[0.2]], requires_grad=True)
    >>> z = StraightThrough().pass_through(x, torch.tensor([[1.0]]))
    >>> z.sum().backward()
    >>> z.item(), x.grad.item()
    (1.0, 1.0)
    """

    passes = True

    def draw(self, posterior: DiscretePosterior) -> Code:
        """A hard draw with the gradient of the probabilities."""
        z, mean = posterior.harden(posterior.logits + posterior.noise()), posterior.mean
        return Code(z=z + (mean - mean.detach()))

    def pass_through(self, features: Tensor, quantised: Tensor) -> Tensor:
        """The quantised values with the gradient of the features."""
        return quantised.detach() + (features - features.detach())  # exactly the quantised values
