"""The gradient turns with the vector."""

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.stations import GradientEstimator


class Rotation(GradientEstimator):
    """The rotation and scaling that takes a feature to its vector is applied to the gradient as well.

    So the gradient keeps its angle to the vector. Where a feature is near 0, it passes straight through.

    Source: Fifty et al. 2024, Restructuring vector quantization with the rotation trick, section 4.

    >>> x = torch.tensor([[2.0, 0.0]], requires_grad=True)
    >>> z = Rotation().pass_through(x, torch.tensor([[0.0, 1.0]]))
    >>> z.sum().backward()
    >>> z.detach().round(decimals=3).tolist(), x.grad.round(decimals=3).tolist()
    ([[0.0, 1.0]], [[0.5, -0.5]])
    """

    draws, passes = False, True

    def pass_through(self, features: Tensor, quantised: Tensor) -> Tensor:
        """``scale * (I - 2 r r' + 2 q e') x`` with everything but x held fixed; its value is the quantised one."""
        with torch.no_grad():
            length = features.norm(dim=-1, keepdim=True)
            scale = quantised.norm(dim=-1, keepdim=True) / length.clamp_min(1e-6)
            e, q = F.normalize(features, dim=-1), F.normalize(quantised, dim=-1)
            r = F.normalize(e + q, dim=-1)
            usable = (length > 1e-6) & ((e + q).norm(dim=-1, keepdim=True) > 1e-3)  # opposite: no one rotation
        turned = features - 2 * r * (features * r).sum(-1, keepdim=True) + 2 * q * (features * e).sum(-1, keepdim=True)
        passed = torch.where(usable, scale * turned, features)
        return quantised.detach() + (passed - passed.detach())  # exactly the quantised values
