"""Weights divided by their largest singular value."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SpectralNorm(nn.Module):
    """A linear or convolutional layer whose weights, as a matrix, have a spectral norm of about 1.

    One step of the power iteration for each pass in training. (PyTorch's own parametrisation cannot be pickled.)

    Source: Miyato et al. 2018, Spectral normalization for generative adversarial networks, algorithm 1.

    >>> layer = SpectralNorm(nn.Linear(4, 4))
    >>> for _ in range(50):
    ...     y = layer(torch.eye(4))
    >>> round(torch.linalg.matrix_norm(y - layer.layer.bias, 2).item(), 2)
    1.0
    """

    left: Tensor

    def __init__(self, layer: nn.Linear | nn.Conv2d) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("left", F.normalize(torch.randn(layer.weight.shape[0]), dim=0))

    def forward(self, x: Tensor) -> Tensor:
        """The layer with normed weights."""
        weight = self.layer.weight
        matrix = weight.flatten(1)
        with torch.no_grad():
            right = F.normalize(matrix.T @ self.left, dim=0)
            left = F.normalize(matrix @ right, dim=0)
            if self.training:
                self.left.copy_(left)
        normed = weight / torch.dot(left, matrix @ right)
        if isinstance(self.layer, nn.Linear):
            return F.linear(x, normed, self.layer.bias)
        return F.conv2d(x, normed, self.layer.bias, self.layer.stride, self.layer.padding)
