"""A code drawn from a discrete posterior, with its cost."""

import torch

from isthmus.records import Code
from isthmus.stations import DiscretePosterior, GradientEstimator, Prior


def drawn_code(
    posterior: DiscretePosterior, prior: Prior | None, estimator: GradientEstimator, *, training: bool
) -> Code:
    """``z``, symbols, posterior and ``kl`` (nats per example); in training the estimator draws, and adds its probes.

    >>> from isthmus.catalogue import make
    >>> from isthmus.layers.discrete import Bits
    >>> estimator = make("gradient_estimators", "straight_through", {})
    >>> drawn_code(Bits(torch.tensor([[9.0, -9.0]])), None, estimator, training=False).symbols.tolist()
    [[1, 0]]
    """
    if training and torch.is_grad_enabled():
        code = estimator.draw(posterior)
    else:
        code = Code(z=posterior.harden(posterior.logits + posterior.noise()))
    kl = {} if prior is None else {"kl": prior.divergence(posterior, code.z).flatten(1).sum(1)}
    return Code(z=code.z, symbols=posterior.symbols(code.z), posterior=posterior, costs=kl, probes=code.probes)


def likeliest_code(posterior: DiscretePosterior) -> Code:
    """The code that the logits choose without noise.

    >>> from isthmus.layers.discrete import Bits
    >>> likeliest_code(Bits(torch.tensor([[0.1, -0.1]]))).z.tolist()
    [[1.0, 0.0]]
    """
    z = posterior.harden(posterior.logits)
    return Code(z=z, symbols=posterior.symbols(z), posterior=posterior)
