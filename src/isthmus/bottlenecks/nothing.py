"""A code of nothing."""

from torch import Tensor

from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class Nothing(Bottleneck):
    """No numbers, ``[batch, 0]``: what the decoder makes, it makes of itself and of the condition.

    Source: standard.

    >>> import torch
    >>> Nothing()(torch.zeros(3, 0), View(x=torch.zeros(3, 5)), None).z.shape
    torch.Size([3, 0])
    """

    def __init__(self) -> None:
        super().__init__()
        self.in_dim = self.latent_dim = 0

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """``[batch, 0]``."""
        return Code(z=features)
