"""Real values with Gaussian noise."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from isthmus.errors import ParameterError, check, did_you_mean
from isthmus.stations import Likelihood

_SCALES = ("fixed", "relative", "learned", "optimal", "per_value")


class Gaussian(Likelihood):
    """p(x | z) = N(output, scale^2), in the model's units.

    ``variance``: ``"fixed"`` at ``scale``; ``"relative"``: fixed at ``scale`` times the data's spread, so that other
    costs weigh the same whatever the units; ``"learned"``: one number trained by gradient; ``"optimal"``: the
    mean squared error of the batch, which is the maximum-likelihood value (a running mean of it outside of
    training); ``"per_value"``: the decoder gives one for each value. Standard deviations are softly kept
    above ``min_scale``.

    Source: Rybkin et al. 2021, Simple and effective VAE training with calibrated decoders (sigma-VAE).

    >>> import torch
    >>> p = Gaussian(variance="fixed", scale=1.0)
    >>> round(p.log_prob(torch.zeros(1, 1, 1), torch.zeros(1, 1)).item(), 4)
    -0.9189
    """

    def __init__(
        self,
        variance: Literal["fixed", "relative", "learned", "optimal", "per_value"] = "optimal",
        scale: float = 1.0,
        min_scale: float = 1e-3,
    ) -> None:
        super().__init__()
        if variance not in _SCALES:
            raise ParameterError(f"No variance is called {variance!r}. {did_you_mean(str(variance), _SCALES)}")
        check(
            "Gaussian",
            (scale > 0, f"scale is {scale!r}; expected a positive standard deviation"),
            (min_scale > 0, f"min_scale is {min_scale!r}; expected a positive standard deviation"),
            (scale > min_scale, f"scale={scale!r} is not above min_scale={min_scale!r}"),
        )
        self.variance, self.scale, self.min_scale = variance, scale, min_scale
        self.outputs = 2 if variance == "per_value" else 1
        if variance == "learned":
            self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
        if variance == "relative":
            self.register_buffer("spread", torch.ones(()))
        if variance == "optimal":
            self.register_buffer("running_mse", torch.tensor(float(scale) ** 2))

    def log_prob_values(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log density of each value, nats."""
        error = (target - output[:, 0]).square()
        log_scale = self._log_scale(output, _mean(error, valid) if self.training else None)
        return -0.5 * error * (-2 * log_scale).exp() - log_scale - 0.5 * math.log(2 * math.pi)

    def mean(self, output: Tensor) -> Tensor:
        """The first output."""
        return output[:, 0].float()

    def sample(self, output: Tensor) -> Tensor:
        """The mean with noise."""
        mean = self.mean(output)
        return mean + self._log_scale(output.float(), None).exp() * torch.randn_like(mean)

    def initialise(self, output: Tensor, target: Tensor) -> None:
        """Start from the error of the first reconstruction."""
        mse = (target - output[:, 0]).square().mean()
        if self.variance == "optimal":
            self.running_mse.copy_(mse)  # type: ignore[operator]
        if self.variance == "relative":
            spread = (target - target.mean(0)).square().mean().sqrt()
            self.spread.copy_(torch.where(spread > 0, spread, 1.0))  # type: ignore[operator]
        if self.variance == "learned":
            self.log_scale.data.copy_(0.5 * torch.log(mse + self.min_scale**2))

    def calibrate(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> None:
        """The optimal variance of rows not trained on; without this it is too small for new ones."""
        if self.variance == "optimal":
            self.running_mse.copy_(_mean((target - output[:, 0].float()).square(), valid))  # type: ignore[operator]

    def _log_scale(self, output: Tensor, mse: Tensor | None) -> Tensor:
        """log of the standard deviation, broadcastable to the values."""
        if self.variance == "fixed":
            return torch.as_tensor(math.log(self.scale), device=output.device)
        if self.variance == "relative":
            return math.log(self.scale) + self.spread.log()  # type: ignore[operator]
        if self.variance == "learned":
            return self._above_minimum(self.log_scale)
        if self.variance == "per_value":
            return self._above_minimum(output[:, 1])
        if mse is not None:
            past = self.running_mse.lerp(mse.detach(), 0.02)  # type: ignore[operator]
            self.running_mse.copy_(past.where(past.isfinite(), self.running_mse))  # type: ignore[operator, arg-type]
            return 0.5 * torch.log(mse + self.min_scale**2)
        return 0.5 * torch.log(self.running_mse + self.min_scale**2)  # type: ignore[arg-type, operator]

    def _above_minimum(self, log_scale: Tensor) -> Tensor:
        """Softly above log(min_scale), with a gradient everywhere."""
        return 0.5 * torch.logaddexp(2 * log_scale, torch.full_like(log_scale, 2 * math.log(self.min_scale)))


def _mean(values: Tensor, valid: Tensor | None) -> Tensor:
    """The mean of the valid values; 0 where there are none."""
    return values.mean() if valid is None else values.where(valid, 0.0).sum() / valid.sum().clamp_min(1)
