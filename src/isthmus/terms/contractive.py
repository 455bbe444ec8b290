"""Codes that hardly move with x."""

from collections.abc import Mapping

from torch import Tensor

from isthmus.errors import check
from isthmus.layers.square_gradient import mean_square_gradient
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class Contractive(Term):
    """``|dz/dx|^2``, the squared Frobenius norm of the encoder's Jacobian, ``[batch]``; no nats.

    Estimated without bias along ``directions`` random ones of the code: ``E |v^T J|^2`` for v of independent signs.

    Source: Rifai et al. 2011, Contractive auto-encoders: explicit invariance during feature extraction, equation 1;
    the estimate: Hutchinson 1990.

    >>> import torch
    >>> from isthmus.records import Batch, Code, View
    >>> x = torch.ones(5, 3, requires_grad=True)
    >>> trace = Trace(batch=Batch(x=x), view=View(x=x), features=x, code=Code(z=2 * x[:, :1]))
    >>> Contractive()(trace, {}).tolist()  # one number, twice the first value
    [4.0, 4.0, 4.0, 4.0, 4.0]
    """

    name = "contraction"
    compiles = False  # it differentiates on the way forward
    wants = frozenset({"gradients"})

    def __init__(self, directions: int = 1, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        check("Contractive", (directions >= 1, f"directions is {directions!r}; expected 1 or more"))
        self.directions, self.weight = directions, weight

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        return mean_square_gradient(trace.code.z, trace.view.x, self.directions)
