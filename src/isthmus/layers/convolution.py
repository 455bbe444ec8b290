"""Blocks of convolutional networks for pictures of any height, width and channel count."""

from collections.abc import Sequence

from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.activations import activation as make_activation


def halved_sizes(size: Sequence[int], times: int) -> list[tuple[int, int]]:
    """Heights and widths after each halving (rounded up), the full size first.

    >>> halved_sizes((28, 33), 2)
    [(28, 33), (14, 17), (7, 9)]
    """
    sizes = [(int(size[0]), int(size[1]))]
    for _ in range(times):
        height, width = sizes[-1]
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    return sizes


def check_picture(owner: str, shape: Sequence[int], channels: Sequence[int]) -> None:
    """Refuse shapes that are not ``(channels, height, width)`` and more halvings than the picture bears."""
    smallest = min(shape[1:], default=0)
    check(
        owner,
        (len(shape) == 3, f"the shape is {tuple(shape)}; expected (channels, height, width)"),
        (len(channels) >= 1 and all(c >= 1 for c in channels), f"channels is {channels!r}; expected widths"),
        (
            len(shape) != 3 or smallest > 2 ** (len(channels) - 1),
            f"channels has {len(channels)} halvings; {tuple(shape[1:])} bears {max(smallest, 1).bit_length()}",
        ),
    )


class Residual(nn.Module):
    """``x + conv(act(conv(act(x))))``, starting as the identity.

    >>> import torch
    >>> x = torch.randn(1, 4, 5, 5)
    >>> bool((Residual(4)(x) == x).all())
    True
    """

    def __init__(self, channels: int, activation: str = "silu") -> None:
        super().__init__()
        self.activation = make_activation(activation)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, channels, height, width]``, unchanged in shape."""
        return x + self.second(self.activation(self.first(self.activation(x))))


class Halve(nn.Module):
    """Half the height and width, rounded up.

    >>> import torch
    >>> Halve(1, 8)(torch.zeros(2, 1, 7, 8)).shape
    torch.Size([2, 8, 4, 4])
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, in, h, w] -> [batch, out, ceil(h / 2), ceil(w / 2)]``."""
        return self.conv(x)


class Double(nn.Module):
    """Twice the height and width, cut to an exact size.

    >>> import torch
    >>> Double(8, 4, size=(7, 8))(torch.zeros(2, 8, 4, 4)).shape
    torch.Size([2, 4, 7, 8])
    """

    def __init__(self, in_channels: int, out_channels: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size
        self.conv = nn.ConvTranspose2d(in_channels, out_channels, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, in, h, w] -> [batch, out, *size]``."""
        return self.conv(x)[..., : self.size[0], : self.size[1]]
