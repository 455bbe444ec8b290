"""An encoder that looks at nothing."""

from torch import Tensor

from isthmus.records import View
from isthmus.stations import Encoder


class Nothing(Encoder):
    """No features, ``[batch, 0]``: for models whose decoder is all there is, such as a prior over symbols.

    Source: standard.

    >>> import torch
    >>> Nothing()(View(x=torch.zeros(3, 5))).shape
    torch.Size([3, 0])
    """

    def __init__(self) -> None:
        super().__init__()
        self.out_dim = 0

    def forward(self, view: View) -> Tensor:
        """``[batch, 0]``."""
        return view.x.new_zeros(view.x.shape[0], 0)
