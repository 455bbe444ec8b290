"""Places as waves."""

import torch
from torch import Tensor

from isthmus.errors import check

LONGEST = 10_000.0  # ratio of the longest wave to the shortest


def sine_positions(grid: tuple[int, int], width: int) -> Tensor:
    """``[rows * columns, width]``: half of the numbers tell the row, half the column, by sines and cosines.

    ``width`` is a multiple of 4. Source: Vaswani et al. 2017, section 3.5; in two dimensions: Chen et al. 2021, An
    empirical study of training self-supervised vision transformers.

    >>> sine_positions((2, 3), 8).shape
    torch.Size([6, 8])
    >>> sine_positions((1, 2), 4)[0].tolist()
    [0.0, 1.0, 0.0, 1.0]
    """
    rates = LONGEST ** -(torch.arange(width // 4) / max(width // 4, 1))

    def waves(count: int) -> Tensor:
        angles = torch.arange(count)[:, None] * rates
        return torch.cat([angles.sin(), angles.cos()], dim=1)  # [count, width / 2]

    rows, columns = (waves(count) for count in grid)
    pairs = [rows[:, None].expand(-1, grid[1], -1), columns[None].expand(grid[0], -1, -1)]
    return torch.cat(pairs, dim=-1).flatten(0, 1)


def check_width(owner: str, width: int) -> None:
    """Refuse widths that sines and cosines of rows and columns cannot fill."""
    check(owner, (width >= 4 and width % 4 == 0, f"width is {width!r}; expected a multiple of 4, for the positions"))
