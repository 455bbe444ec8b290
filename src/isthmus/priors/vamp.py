"""A mixture of what the encoder makes of some inputs that were never there."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import ParameterError, check
from isthmus.records import View
from isthmus.stations import Bottleneck, Encoder, Posterior, Prior

AT_ONCE = 2**24  # numbers of codes by components


class VampPrior(Prior):
    """p(z) = the mean over k of q(z | u_k): posteriors of learnt pseudo-inputs u, ``[components, *in_shape]``.

    It is the prior by which the ELBO is highest, the aggregate posterior, with fewer rows. Pseudo-inputs begin as rows
    of the data, so a model with it may tell of them; the encoder reads them in its mode of evaluation. For random codes
    without a grid, of numbers.

    Source: Tomczak & Welling 2018, VAE with a VampPrior, section 2.

    >>> from isthmus.bottlenecks.gaussian import Gaussian
    >>> from isthmus.encoders.mlp import MLP
    >>> prior = VampPrior(latent_dim=2, in_shape=(5,), components=3)
    >>> prior.connect(MLP(in_shape=(5,), out_dim=4, hidden=(8,)), Gaussian(2))
    >>> prior.log_prob(torch.zeros(6, 2)).shape, prior.sample((4, 2)).shape
    (torch.Size([6, 1]), torch.Size([4, 2]))
    """

    afterwards = "by steps"
    compiles = False  # it changes the encoder's mode and back

    def __init__(self, latent_dim: int, in_shape: Sequence[int], components: int = 100) -> None:
        super().__init__()
        check(
            "VampPrior",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (components >= 1, f"components is {components!r}; expected 1 or more"),
        )
        self.pseudo_inputs = nn.Parameter(torch.rand(components, *in_shape))
        self._reader: tuple[Encoder, Bottleneck] | tuple[()] = ()

    def connect(self, encoder: Encoder, bottleneck: Bottleneck) -> None:
        """Take the model's way from x to a posterior; raises ``ParameterError`` where there is none."""
        dim, own = self.arguments["latent_dim"], tuple(self.pseudo_inputs.shape[1:])
        taken = tuple(encoder.arguments.get("in_shape", own))
        check(
            "VampPrior",
            (
                bottleneck.random and not bottleneck.levels,
                f"the codes of {type(bottleneck).__name__} have no density given x to mix; expected those of a VAE",
            ),
            (bottleneck.latent_dim == dim, f"latent_dim is {dim!r}; the codes have {bottleneck.latent_dim} numbers"),
            (taken == own, f"in_shape is {own}; {type(encoder).__name__} takes {taken}"),
            (encoder.grid == (), f"the codes have the grid {encoder.grid}; expected a code without places"),
            (not encoder.told, f"{type(encoder).__name__} is told a condition, and pseudo-inputs have none"),
            (
                "levels" not in encoder.arguments,
                f"{type(encoder).__name__} reads symbols; expected an encoder of numbers",
            ),
        )
        self._reader = (encoder, bottleneck)  # a tuple, so that their weights stay registered once, in the model

    @torch.no_grad()
    def look_at(self, view: View) -> None:
        """Begin with rows, each once where there are as many as pseudo-inputs; by torch's current stream."""
        x = view.x
        if view.valid is not None or x.shape[1:] != self.pseudo_inputs.shape[1:]:
            has = "rows with gaps or padding" if view.valid is not None else f"rows of shape {tuple(x.shape[1:])}"
            raise ParameterError(
                f"VampPrior: its pseudo-inputs are whole rows of shape {tuple(self.pseudo_inputs.shape[1:])}; got {has}"
            )
        chosen = torch.randperm(len(x)).repeat(math.ceil(len(self.pseudo_inputs) / len(x)))
        self.pseudo_inputs.copy_(x[chosen[: len(self.pseudo_inputs)].to(x.device)])

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z), nats: ``[..., 1]``."""
        q, count = self._posterior(self.pseudo_inputs), len(self.pseudo_inputs)  # q: [components, dim]
        flat = z.flatten(0, -2).to(q.mean.device)
        parts = flat.split(max(1, AT_ONCE // (count * z.shape[-1])))
        found = torch.cat([q.log_prob(part[:, None]).sum(-1).logsumexp(1) for part in parts]) - math.log(count)
        return found.reshape(*z.shape[:-1], 1).to(z.device)

    @torch.no_grad()
    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """A pseudo-input, then a code given it; with torch's current stream."""
        count = math.prod(shape[:-1])
        chosen = torch.randint(len(self.pseudo_inputs), (count,)).to(self.pseudo_inputs.device)
        used, place = chosen.unique(return_inverse=True)
        q = self._posterior(self.pseudo_inputs[used])
        noise = torch.randn(count, shape[-1]).to(q.mean)
        centre = q.at(torch.zeros_like(q.mean))[place]
        reach = (q.at(torch.ones_like(q.mean)) - q.mean)[place]  # of a Gaussian: its sd
        return (centre + reach * noise).reshape(*shape)

    def _posterior(self, x: Tensor) -> Posterior:
        """q(z | x), by the encoder in its mode of evaluation, on its device."""
        if not self._reader:
            raise ParameterError("VampPrior has not met an encoder: put an Autoencoder together with it first")
        encoder, bottleneck = self._reader
        device = next((p.device for p in encoder.parameters()), x.device)
        learning = [part for part in (*encoder.modules(), *bottleneck.modules()) if part.training]
        for part in learning:
            part.training = False
        try:
            view = View(x=x.to(device))
            code = bottleneck.mode(encoder(view), view)
        finally:
            for part in learning:
                part.training = True
        assert code.posterior is not None  # the code is random
        return code.posterior
