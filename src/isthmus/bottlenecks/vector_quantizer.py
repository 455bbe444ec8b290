"""A code of the nearest vectors of a codebook."""

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.discrete import OneHotGroups
from isthmus.layers.k_means import k_means
from isthmus.layers.quantised import all_symbols, codebook_costs, left_over, quantised
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Codebook, GradientEstimator, Prior


class VectorQuantizer(Bottleneck):
    """Features are cut into ``groups``; each becomes the nearest vector of the group's codebook, a symbol.

    ``codebook`` is a pattern: every group has its own copy, begun by k-means on a sample of the data. Costs
    ``commitment`` (features to vectors) and, where the codebook learns by gradient, ``codebook`` (vectors to
    features): squared distances, summed. With gumbel_softmax as the estimator, training draws vectors by the
    probabilities of a mixture of Gaussians around them. All in float32.

    Source: van den Oord et al. 2017, Neural discrete representation learning; groups: Jegou et al. 2011, Product
    quantization for nearest neighbor search.

    >>> from isthmus import catalogue
    >>> book, passing = catalogue.make("codebooks", "ema", {"size": 8, "dim": 2}), catalogue.make(
    ...     "gradient_estimators", "straight_through", {})
    >>> code = VectorQuantizer(latent_dim=4, codebook=book, estimator=passing, groups=2).eval()(
    ...     torch.zeros(5, 3, 4), View(x=torch.zeros(5, 1)), None)
    >>> code.z.shape, code.symbols.shape
    (torch.Size([5, 3, 4]), torch.Size([5, 3, 2]))
    """

    def __init__(self, latent_dim: int, codebook: Codebook, estimator: GradientEstimator, groups: int = 1) -> None:
        super().__init__()
        check(
            "VectorQuantizer",
            (groups >= 1, f"groups is {groups!r}; expected 1 or more"),
            (
                latent_dim == max(groups, 1) * codebook.dim,
                f"latent_dim is {latent_dim!r}; expected groups x the codebook's dim = {groups} x {codebook.dim}",
            ),
            (
                estimator.passes or not estimator.costs,
                f"estimator is {type(estimator).__name__}; a codebook takes straight_through, rotation, gumbel_softmax",
            ),
        )
        self.in_dim = self.latent_dim = latent_dim
        self.groups, self.estimator = groups, estimator
        self.codebooks = nn.ModuleList(copy.deepcopy(codebook) for _ in range(groups))

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """Vectors, symbols and costs; in training the codebooks then learn."""
        with torch.autocast(features.device.type, enabled=False):
            groups = features.float().chunk(self.groups, -1)
            draws = self.training and torch.is_grad_enabled() and not self.estimator.passes
            parts = self._drawn(groups) if draws else [self._nearest(*each) for each in self._paired(groups)]
        return Code(
            z=torch.cat([part.z for part in parts], -1),
            symbols=all_symbols(parts),
            costs={name: torch.stack([part.costs[name] for part in parts]).sum(0) for name in parts[0].costs},
        )

    def mode(self, features: Tensor, view: View) -> Code:
        """The nearest vectors; nothing learns."""
        parts = [quantised(book.prepare(x), book) for x, book in self._paired(features.float().chunk(self.groups, -1))]
        return Code(z=torch.cat([part.z for part in parts], -1), symbols=all_symbols(parts))

    @torch.no_grad()
    def initialise(self, features: Tensor, view: View) -> None:
        """k-means of each group's features."""
        for x, book in self._paired(features.float().chunk(self.groups, -1)):
            book.start(k_means(book.prepare(x).flatten(0, -2), book.size))

    def look_up(self, symbols: Tensor) -> Tensor:
        """The vectors of symbols ``[batch, *grid, groups]``."""
        return torch.cat([book.vectors()[symbols[..., i]] for i, book in enumerate(self._books())], -1)

    @property
    def levels(self) -> tuple[int, ...]:
        """The size of each group's codebook."""
        return tuple(book.size for book in self._books())

    def unexplained(self, features: Tensor) -> float:
        """Of features as the codebooks prepare them."""
        pairs = self._paired(features.float().chunk(self.groups, -1))
        given = [book.prepare(x) for x, book in pairs]
        return left_over(given, [quantised(x, book).z for x, (_, book) in zip(given, pairs, strict=True)])

    def _nearest(self, features: Tensor, book: Codebook) -> Code:
        x = book.prepare(features)
        learns = self.training and torch.is_grad_enabled()
        code = quantised(x, book, learns=learns)
        passes = learns and self.estimator.passes
        return replace(code, z=self.estimator.pass_through(x, code.z.detach())) if passes else code

    def _drawn(self, groups: Sequence[Tensor]) -> list[Code]:
        """One draw for all groups, so that the estimator counts one step."""
        books = [
            (book.prepare(x), book.vectors().clone(), book) for x, book in self._paired(groups)
        ]  # they change below
        logits = [responsibilities(x, vectors) for x, vectors, _ in books]
        posterior = OneHotGroups(torch.cat(logits, -1), books[0][2].size)
        choices = self.estimator.draw(posterior).z
        symbols = posterior.symbols(choices)
        found = []
        for i, ((x, vectors, book), choice) in enumerate(zip(books, choices.chunk(self.groups, -1), strict=True)):
            index = symbols[..., i]
            book.observe(x.flatten(0, -2), index.flatten())
            costs = codebook_costs(x, vectors[index], book)
            found.append(Code(z=choice @ vectors, symbols=index[..., None], costs=costs))
        return found

    def _paired(self, groups: Sequence[Tensor]) -> list[tuple[Tensor, Codebook]]:
        return list(zip(groups, self._books(), strict=True))

    def _books(self) -> list[Codebook]:
        return list(self.codebooks)  # type: ignore[arg-type]


def responsibilities(x: Tensor, vectors: Tensor) -> Tensor:
    """``[..., dim] -> [..., size]``: log p(vector | x) up to a constant; each vector is the mean of a Gaussian.

    Their variance is that of x around the nearest vectors, so that draws are as sharp whatever the features' scale:
    with a fixed one, small features draw at random, codebooks then shrink to their mean, and draws become yet more so.

    >>> responsibilities(torch.tensor([[1.0], [4.0]]), torch.tensor([[0.0], [3.0]])).diff().flatten().tolist()
    [-1.5, 7.5]
    """
    centre = vectors.mean(0)  # far from the origin differences of squares are all rounding
    x, vectors = x - centre, vectors - centre
    near = 2 * x @ vectors.T - vectors.square().sum(-1)  # -|x - vector|^2, but for |x|^2, which all vectors share
    square = (x.square().sum(-1) - near.max(-1).values).mean() / x.shape[-1]
    return near / (2 * square.detach().clamp_min(1e-12))
