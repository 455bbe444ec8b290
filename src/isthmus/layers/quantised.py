"""Features in the place of which the vectors of a codebook stand."""

from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.layers.nearest_vector import nearest_vector
from isthmus.records import Code
from isthmus.stations import Codebook


def quantised(features: Tensor, book: Codebook, *, learns: bool = False) -> Code:
    """``z``, the nearest vector to each of ``features [batch, *grid, dim]``, its symbol and its costs.

    ``features`` are as the codebook prepares them. Where it ``learns``, it does so after the choice: the step sees the
    codebook before it.

    >>> import torch
    >>> from isthmus.catalogue import make
    >>> book = make("codebooks", "ema", {"size": 2, "dim": 1})
    >>> book.start(torch.tensor([[-1.0], [1.0]]))
    >>> code = quantised(torch.tensor([[0.5], [-3.0]]), book)
    >>> code.z.tolist(), code.symbols.tolist(), code.costs["commitment"].tolist()
    ([[1.0], [-1.0]], [[1], [0]], [0.25, 4.0])
    """
    flat, vectors = features.flatten(0, -2), book.vectors()
    index = nearest_vector(flat, vectors)
    z = vectors[index].view_as(features)
    if learns:
        book.observe(flat, index)
    return Code(z=z, symbols=index.view(*features.shape[:-1], 1), costs=codebook_costs(features, z, book))


def codebook_costs(features: Tensor, vectors: Tensor, book: Codebook) -> dict[str, Tensor]:
    """Squared distances ``[batch]``, summed over positions and numbers; each pulls at one side only.

    ``commitment`` pulls features to vectors; ``codebook``, where the codebook learns by gradient, vectors to features.

    >>> import torch
    >>> from isthmus.catalogue import make
    >>> book = make("codebooks", "gradient", {"size": 2, "dim": 1})
    >>> codebook_costs(torch.ones(3, 2, 1), torch.zeros(3, 2, 1), book)["commitment"].tolist()
    [2.0, 2.0, 2.0]
    """
    costs = {"commitment": (features - vectors.detach()).square().flatten(1).sum(1)}
    if book.learned:
        costs["codebook"] = (features.detach() - vectors).square().flatten(1).sum(1)
    return costs


def all_symbols(codes: Sequence[Code]) -> Tensor:
    """The symbols of several codes side by side."""
    return torch.cat([code.symbols for code in codes if code.symbols is not None], -1)


def left_over(features: Sequence[Tensor], vectors: Sequence[Tensor]) -> float:
    """The squared distances of features to the vectors in their place, as a share of the features' variance.

    >>> import torch
    >>> left_over([torch.tensor([[-1.0], [3.0]])], [torch.tensor([[-1.0], [1.0]])])
    0.5
    """
    missed = sum(float((x - z).double().square().sum()) for x, z in zip(features, vectors, strict=True))
    spread = sum(float((x - x.flatten(0, -2).mean(0)).double().square().sum()) for x in features)
    return missed / max(spread, 1e-12)
