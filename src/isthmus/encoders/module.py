"""Any torch module as the encoder."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import ParameterError
from isthmus.records import View
from isthmus.stations import Encoder


class Module(Encoder):
    """Wraps ``module``: ``[batch, *in_shape] -> [batch, features]``; a linear layer makes them ``out_dim``.

    The module is copied, so that fitting does not change the user's. With a condition the module is called
    as ``module(x, condition)``. A saved model holds its weights, not its code: load it with the module.

    Source: standard.

    >>> import torch
    >>> encoder = Module(nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU()), in_shape=(3, 4), out_dim=2)
    >>> encoder(View(x=torch.zeros(5, 3, 4))).shape
    torch.Size([5, 2])
    """

    def __init__(self, module: nn.Module, in_shape: Sequence[int], out_dim: int, condition_dim: int = 0) -> None:
        super().__init__()
        self.module = copy.deepcopy(module)
        self.out_dim, self.condition_dim = out_dim, condition_dim
        x = torch.zeros(2, *in_shape)
        condition = torch.zeros(2, condition_dim) if condition_dim else None
        features = self._dry_run(View(x=x, condition=condition))
        self.head = nn.Identity() if features == out_dim else nn.Linear(features, out_dim)

    def forward(self, view: View) -> Tensor:
        """``[batch, out_dim]``."""
        return self.head(self._call(view))

    def _call(self, view: View) -> Tensor:
        return self.module(view.x, view.condition) if self.condition_dim else self.module(view.x)

    @torch.no_grad()
    def _dry_run(self, view: View) -> int:
        """How many features the module gives; its mode and state are left as they were."""
        trial = copy.deepcopy(self.module).eval()
        try:
            found = trial(view.x, view.condition) if self.condition_dim else trial(view.x)
        except (RuntimeError, TypeError, ValueError) as error:
            raise ParameterError(
                f"The encoder module cannot take x of shape {tuple(view.x.shape)} (batch first): {error}"
            ) from error
        if not isinstance(found, Tensor) or found.ndim < 2 or len(found) != len(view.x):
            got = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise ParameterError(
                f"The encoder module gives {got} for a batch of {len(view.x)}; expected [batch, features]. "
                "End it with nn.Flatten()."
            )
        return int(found.shape[-1])
