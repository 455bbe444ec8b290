"""Relaxed codes as control variates of the score function: what REBAR and RELAX have in common."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.layers.outcome import Outcome
from isthmus.records import Code
from isthmus.stations import DiscretePosterior


def relaxed_draws(posterior: DiscretePosterior, temperature: Tensor) -> Code:
    """A hard draw z; its probes are the relaxed draw of the same noise, and one of noise that gives z, too.

    >>> from isthmus.layers.discrete import Bits
    >>> relaxed_draws(Bits(torch.zeros(3, 2)), torch.tensor(0.5)).probes.shape
    torch.Size([2, 3, 2])
    """
    perturbed = posterior.logits + posterior.noise()
    z = posterior.harden(perturbed).detach()
    soft = posterior.soften(perturbed, temperature)
    again = posterior.soften(posterior.conditional(z), temperature)
    return Code(z=z, probes=torch.stack([soft, again]))


def surrogate_and_variance(
    found: Outcome, controls: Sequence[Tensor], parameters: Sequence[nn.Parameter]
) -> dict[str, Tensor]:
    """The estimate as a surrogate ``[batch]``, and the pull on the control variate's own parameters, a scalar.

    ``controls``: c of the two probes, ``[batch]`` each. The gradient with respect to the logits is
    ``(f(z) - c(z~)) grad log q + grad c(z_soft) - grad c(z~)``; its expected square is the variance but for a
    constant (Grathwohl et al. 2018, equation 10), for logits that are free: only then is its mean always the same.
    """
    logits, (soft, again) = found.posterior.logits, controls
    log_q = found.posterior.log_prob(found.z.detach()).flatten(1).sum(1)
    signal = found.cost.detach() - again
    (by_score,) = torch.autograd.grad(log_q, logits, signal, create_graph=True)
    (by_path,) = torch.autograd.grad((soft - again).sum(), logits, create_graph=True)
    estimate = found.posterior.of_free_logits(by_score + by_path)
    square = estimate.square().flatten(1).sum(1).mean()
    pulls = torch.autograd.grad(square, list(parameters), retain_graph=True)
    pull = torch.stack([(p * g.detach()).sum() for p, g in zip(parameters, pulls, strict=True)]).sum()
    surrogate = (estimate.detach() * logits).flatten(1).sum(1)
    return {"surrogate": surrogate - surrogate.detach(), "variance": pull - pull.detach() + square.detach()}
