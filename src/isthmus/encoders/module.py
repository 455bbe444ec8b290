"""Any torch module as the encoder."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import ParameterError
from isthmus.records import View
from isthmus.stations import Encoder

PICTURES = 4  # dimensions of what convolutions give


class Module(Encoder):
    """Wraps ``module``: ``[batch, *in_shape] -> [batch, features]``; a linear layer makes them ``out_dim``.

    Codes with places: ``[batch, places, features]``, or of pictures ``[batch, features, height, width]``, as
    convolutions give them. The module is copied, so that fitting does not change the user's. With a condition the
    module is called as ``module(x, condition)``. A saved model holds its weights, not its code: load it with the
    module.

    Source: standard.

    >>> import torch
    >>> encoder = Module(nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU()), in_shape=(3, 4), out_dim=2)
    >>> encoder(View(x=torch.zeros(5, 3, 4))).shape
    torch.Size([5, 2])
    >>> Module(nn.Conv2d(3, 8, 2, stride=2), in_shape=(3, 4, 6), out_dim=8)(View(x=torch.zeros(5, 3, 4, 6))).shape
    torch.Size([5, 2, 3, 8])
    """

    def __init__(self, module: nn.Module, in_shape: Sequence[int], out_dim: int, condition_dim: int = 0) -> None:
        super().__init__()
        self.module = copy.deepcopy(module)
        self.out_dim, self.condition_dim = out_dim, condition_dim
        x = torch.zeros(2, *in_shape)
        condition = torch.zeros(2, condition_dim) if condition_dim else None
        given = self._dry_run(View(x=x, condition=condition))
        self.grid, features = given[:-1], given[-1]
        self.head = nn.Identity() if features == out_dim else nn.Linear(features, out_dim)

    def forward(self, view: View) -> Tensor:
        """``[batch, *grid, out_dim]``."""
        return self.head(self._call(self.module, view))

    def _call(self, module: nn.Module, view: View) -> Tensor:
        """``[batch, *grid, features]``."""
        found: Tensor = module(view.x, view.condition) if self.condition_dim else module(view.x)
        return found.movedim(1, -1) if isinstance(found, Tensor) and found.ndim == PICTURES else found

    @torch.no_grad()
    def _dry_run(self, view: View) -> tuple[int, ...]:
        """The places, and how many features the module gives; its mode and state are left as they were."""
        trial = copy.deepcopy(self.module).eval()
        try:
            found = self._call(trial, view)
        except (RuntimeError, TypeError, ValueError) as error:
            raise ParameterError(
                f"The encoder module cannot take x of shape {tuple(view.x.shape)} (batch first): {error}"
            ) from error
        if not isinstance(found, Tensor) or found.ndim < 2 or len(found) != len(view.x):
            got = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise ParameterError(
                f"The encoder module gives {got} for a batch of {len(view.x)}; expected [batch, features]: end it with "
                "nn.Flatten(). For codes with places [batch, places, features] or [batch, features, height, width]."
            )
        return tuple(found.shape[1:])
