"""A network of features, learnt from the data themselves by taking noise away."""

import torch
from torch import Tensor, nn

from isthmus.errors import ParameterError
from isthmus.layers.convolution import Double, halved_sizes
from isthmus.records import View
from isthmus.stations import Encoder

BATCH, RATE, NOISE = 64, 1e-3, 0.5  # noise in units of the pictures' spread


@torch.enable_grad()
def learn_features(encoder: Encoder, pictures: Tensor, steps: int) -> float:
    """Train ``encoder`` (a grid of features) with a throw-away decoder; the last squared error, in scaled units.

    Source: Vincent et al. 2010, Stacked denoising autoencoders, section 4.

    >>> from isthmus.catalogue import make
    >>> encoder = make("encoders", "conv", {"in_shape": (1, 8, 8), "out_dim": 4, "channels": (4, 4), "flatten": False})
    >>> learn_features(encoder, torch.rand(20, 1, 8, 8), steps=2) > 0
    True
    """
    channels, height, width = pictures.shape[1:]
    sizes = halved_sizes((height, width), _halvings(encoder, (height, width)))
    layers: list[nn.Module] = []
    for size in sizes[-2::-1]:
        layers += [Double(encoder.out_dim, encoder.out_dim, size), nn.SiLU()]
    decoder = nn.Sequential(*layers, nn.Conv2d(encoder.out_dim, channels, 3, padding=1)).to(pictures.device)
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=RATE)
    spread, error = pictures.std(), pictures.new_zeros(())
    encoder.train()
    for _ in range(steps):
        x = pictures[torch.randint(len(pictures), (min(BATCH, len(pictures)),), device=pictures.device)]
        features = encoder(View(x=x + NOISE * spread * torch.randn_like(x)))
        error = (decoder(features.movedim(-1, 1)) - x).square().mean()
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
    encoder.eval()
    return float(error.detach())


def _halvings(encoder: Encoder, size: tuple[int, int]) -> int:
    """How often the encoder halves a picture; refuses one whose features have no such places."""
    sizes: list[tuple[int, ...]] = [*halved_sizes(size, max(size).bit_length())]
    if tuple(encoder.grid) not in sizes:
        raise ParameterError(
            f"Features of pictures {size} are learnt with places for them, halved some times; {type(encoder).__name__} "
            f"gives the grid {tuple(encoder.grid)}. A convolutional encoder with flatten=False does"
        )
    return sizes.index(tuple(encoder.grid))
