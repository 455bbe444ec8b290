"""What a code of vectors costs in training."""

from torch import Tensor

from isthmus.stations import Codebook


def codebook_costs(features: Tensor, quantised: Tensor, book: Codebook) -> dict[str, Tensor]:
    """Squared distances ``[batch]``, summed over positions and numbers; each pulls at one side only.

    ``commitment`` pulls features to vectors; ``codebook``, where the codebook learns by gradient, vectors to features.

    >>> import torch
    >>> from isthmus.catalogue import make
    >>> book = make("codebooks", "gradient", {"size": 2, "dim": 1})
    >>> codebook_costs(torch.ones(3, 2, 1), torch.zeros(3, 2, 1), book)["commitment"].tolist()
    [2.0, 2.0, 2.0]
    """
    costs = {"commitment": (features - quantised.detach()).square().flatten(1).sum(1)}
    if book.learned:
        costs["codebook"] = (features.detach() - quantised).square().flatten(1).sum(1)
    return costs
