"""Any torch module as the decoder."""

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import ParameterError
from isthmus.records import Code, View
from isthmus.stations import Decoder


class Module(Decoder):
    """Wraps ``module``: ``[batch, latent_dim] -> [batch, outputs, *out_shape]``, or anything as large.

    Codes with places are ``[batch, places, latent_dim]``, those of a ``grid`` of two dimensions ``[batch, latent_dim,
    height, width]``, as convolutions take them. The module is copied, so that fitting does not change the user's. With
    a condition the module is called as ``module(z, condition)``. It gives the parameters of the likelihood: logits for
    a Bernoulli.

    Source: standard.

    >>> import torch
    >>> decoder = Module(nn.Linear(2, 12), latent_dim=2, out_shape=(3, 4))
    >>> decoder(Code(z=torch.zeros(5, 2)), None).shape
    torch.Size([5, 1, 3, 4])
    """

    def __init__(
        self,
        module: nn.Module,
        latent_dim: int,
        out_shape: Sequence[int],
        outputs: int = 1,
        condition_dim: int = 0,
        grid: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.module = copy.deepcopy(module)
        self.out_shape, self.outputs, self.condition_dim = tuple(out_shape), outputs, condition_dim
        self.grid = tuple(grid)
        condition = torch.zeros(2, condition_dim) if condition_dim else None
        self._dry_run(self._as_taken(torch.zeros(2, *grid, latent_dim)), condition)

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, outputs, *out_shape]``."""
        z = self._as_taken(code.z)
        made = self.module(z, view.condition) if self.condition_dim else self.module(z)  # type: ignore[union-attr]
        return made.reshape(len(code.z), self.outputs, *self.out_shape)

    def _as_taken(self, z: Tensor) -> Tensor:
        return z.movedim(-1, 1) if len(self.grid) == 2 else z

    @torch.no_grad()
    def _dry_run(self, z: Tensor, condition: Tensor | None) -> None:
        """Refuse a module that does not fit; its mode and state are left as they were."""
        trial = copy.deepcopy(self.module).eval()
        wanted = (self.outputs, *self.out_shape)
        try:
            made = trial(z, condition) if self.condition_dim else trial(z)
        except (RuntimeError, TypeError, ValueError) as error:
            raise ParameterError(
                f"The decoder module cannot take z of shape {tuple(z.shape)} (batch first): {error}"
            ) from error
        got = tuple(made.shape[1:]) if isinstance(made, Tensor) and made.ndim else type(made).__name__
        if not isinstance(made, Tensor) or made.numel() != len(z) * math.prod(wanted):
            raise ParameterError(
                f"The decoder module gives {got} for an example; expected {wanted}: the likelihood takes "
                f"{self.outputs} number(s) for each of the {math.prod(self.out_shape)} values."
            )
