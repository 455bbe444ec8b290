"""Pictures as sequences of patches, and back."""

from collections.abc import Sequence

from torch import Tensor

from isthmus.errors import check


def patch_grid(owner: str, shape: Sequence[int], patch: int) -> tuple[int, int]:
    """Rows and columns of patches of a picture ``[channels, height, width]``.

    Raises ``ParameterError`` where the shape is no picture's, or the patch does not divide it.

    >>> patch_grid("ViT", (3, 8, 12), 4)
    (2, 3)
    >>> patch_grid("ViT", (1, 28, 28), 5)
    Traceback (most recent call last):
    isthmus.errors.ParameterError: ViT: patch is 5; expected one that divides height and width of ...
    """
    check(owner, (len(shape) == 3, f"data have shape {tuple(shape)}; expected pictures, [channels, height, width]"))
    height, width = shape[1:]
    fitting = [size for size in range(1, min(height, width) + 1) if height % size == 0 and width % size == 0]
    told = ", ".join(map(str, fitting))
    check(
        owner,
        (patch in fitting, f"patch is {patch!r}; expected one that divides height and width of {tuple(shape)}: {told}"),
    )
    return height // patch, width // patch


def cut(pictures: Tensor, patch: int) -> Tensor:
    """``[batch, channels, height, width] -> [batch, patches, channels * patch * patch]``, row by row.

    >>> import torch
    >>> cut(torch.arange(16.0).view(1, 1, 4, 4), 2)[0, 1].tolist()
    [2.0, 3.0, 6.0, 7.0]
    """
    tiles = pictures.unflatten(3, (-1, patch)).unflatten(2, (-1, patch))  # [batch, channels, rows, p, columns, p]
    return tiles.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)


def join(patches: Tensor, grid: tuple[int, int], patch: int) -> Tensor:
    """``[batch, patches, channels * patch * patch] -> [batch, channels, height, width]``: what ``cut`` undoes.

    >>> import torch
    >>> x = torch.randn(2, 3, 4, 6)
    >>> bool((join(cut(x, 2), (2, 3), 2) == x).all())
    True
    """
    tiles = patches.unflatten(2, (-1, patch, patch)).unflatten(1, grid)  # [batch, rows, columns, channels, p, p]
    return tiles.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)


def taken(sequence: Tensor, positions: Tensor) -> Tensor:
    """``[batch, visible, width]`` of ``[batch, length, width]``, by ``positions [batch, visible]``.

    >>> import torch
    >>> taken(torch.tensor([[[1.0], [2.0], [3.0]]]), torch.tensor([[2, 0]])).flatten().tolist()
    [3.0, 1.0]
    """
    return sequence.gather(1, positions[..., None].expand(-1, -1, sequence.shape[-1]))
