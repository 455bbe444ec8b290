"""Weights divided by their largest singular value."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SpectralNorm(nn.Module):
    """A linear or convolutional layer (transposed, too) whose weights, as a matrix, have a spectral norm of about 1.

    One step of the power iteration for each pass in training. (PyTorch's own parametrisation cannot be pickled.)

    Source: Miyato et al. 2018, Spectral normalization for generative adversarial networks, algorithm 1.

    >>> layer = SpectralNorm(nn.Linear(4, 4))
    >>> for _ in range(50):
    ...     y = layer(torch.eye(4))
    >>> round(torch.linalg.matrix_norm(y - layer.layer.bias, 2).item(), 2)
    1.0
    """

    left: Tensor

    def __init__(self, layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("left", F.normalize(torch.randn(len(self._matrix())), dim=0))

    def forward(self, x: Tensor) -> Tensor:
        """The layer with normed weights."""
        layer, matrix = self.layer, self._matrix()
        with torch.no_grad():
            right = F.normalize(matrix.T @ self.left, dim=0)
            left = F.normalize(matrix @ right, dim=0)
            if self.training:
                self.left.copy_(left)
        normed = layer.weight / torch.dot(left, matrix @ right)
        if isinstance(layer, nn.Linear):
            return F.linear(x, normed, layer.bias)
        if isinstance(layer, nn.Conv2d):
            return F.conv2d(x, normed, layer.bias, layer.stride, layer.padding)
        return F.conv_transpose2d(x, normed, layer.bias, layer.stride, layer.padding)  # type: ignore[arg-type]

    def _matrix(self) -> Tensor:
        """The weights, ``[out, all else]``."""
        weight = self.layer.weight
        return (weight.transpose(0, 1) if isinstance(self.layer, nn.ConvTranspose2d) else weight).flatten(1)


def with_spectral_norm(module: nn.Module) -> nn.Module:
    """The module, with every linear and convolutional layer in it normed; those that begin at 0 begin anew.

    >>> stack = with_spectral_norm(nn.Sequential(nn.Linear(3, 4), nn.Tanh()))
    >>> type(stack[0]).__name__
    'SpectralNorm'
    """
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            if not (child.weight.is_meta or bool(child.weight.any())):  # of 0 there is no direction to norm
                child.reset_parameters()
            setattr(module, name, SpectralNorm(child))
        elif not isinstance(child, SpectralNorm):
            with_spectral_norm(child)
    return module
