"""A code of vectors, each of which stands for what the ones before have left over."""

import copy

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.codebook_costs import codebook_costs
from isthmus.layers.k_means import k_means
from isthmus.layers.nearest_vector import nearest_vector
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Codebook, GradientEstimator, Prior


class ResidualQuantizer(Bottleneck):
    """The sum of ``depth`` vectors: the nearest of the first codebook, the nearest to the rest of the second ...

    ``codebook`` is a pattern: each stage has its own copy, begun by k-means on what the stages before leave over.
    In training each example stops after a random stage with probability ``dropout``, so that fewer symbols make a
    coarser, but whole, code. Costs as those of ``VectorQuantizer``, summed over the stages.

    Source: Zeghidour et al. 2021, SoundStream: an end-to-end neural audio codec, section 3.3; Lee et al. 2022,
    Autoregressive image generation using residual quantization, section 3.1.

    >>> from isthmus import catalogue
    >>> book, passing = catalogue.make("codebooks", "ema", {"size": 8, "dim": 2}), catalogue.make(
    ...     "gradient_estimators", "straight_through", {})
    >>> quantizer = ResidualQuantizer(latent_dim=2, codebook=book, estimator=passing, depth=3).eval()
    >>> quantizer(torch.zeros(5, 2), View(x=torch.zeros(5, 1)), None).symbols.shape
    torch.Size([5, 3])
    """

    nested = True

    def __init__(
        self, latent_dim: int, codebook: Codebook, estimator: GradientEstimator, depth: int = 4, dropout: float = 0.0
    ) -> None:
        super().__init__()
        check(
            "ResidualQuantizer",
            (depth >= 1, f"depth is {depth!r}; expected 1 or more"),
            (0 <= dropout <= 1, f"dropout is {dropout!r}; expected a probability"),
            (latent_dim == codebook.dim, f"latent_dim is {latent_dim!r}; expected the codebook's dim = {codebook.dim}"),
            (
                type(codebook).prepare is Codebook.prepare,
                f"codebook is {type(codebook).__name__}, which compares directions only: their rests mean nothing",
            ),
            (
                estimator.passes,
                f"estimator is {type(estimator).__name__}; a residual code takes straight_through or rotation",
            ),
        )
        self.in_dim = self.latent_dim = latent_dim
        self.estimator, self.depth, self.dropout = estimator, depth, dropout
        self.codebooks = nn.ModuleList(copy.deepcopy(codebook) for _ in range(depth))

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """Sums of vectors, symbols and costs; in training the codebooks then learn."""
        with torch.autocast(features.device.type, enabled=False):
            rest = features.float()
            kept = self._kept(rest)
            total, symbols, costs = torch.zeros_like(rest), [], []
            for stage, book in enumerate(self._books()):
                x = book.prepare(rest)
                vectors = book.vectors()
                index = nearest_vector(x.flatten(0, -2), vectors)
                quantised = vectors[index].view_as(x)
                if self.training:
                    book.observe(x.flatten(0, -2), index)
                costs.append(codebook_costs(x, quantised, book))
                total = total + quantised.detach() * (kept > stage)
                rest = rest - quantised.detach()  # the features' gradient reaches every stage
                symbols.append(index.view(*x.shape[:-1], 1))
            x = features.float()
            z = self.estimator.pass_through(x, total) if self.training and torch.is_grad_enabled() else total
        summed = {name: torch.stack([cost[name] for cost in costs]).sum(0) for name in costs[0]}
        return Code(z=z, symbols=torch.cat(symbols, -1), costs=summed)

    def mode(self, features: Tensor, view: View) -> Code:
        """The nearest vectors, stage by stage; nothing learns."""
        rest, symbols = features.float(), []
        for book in self._books():
            x, vectors = book.prepare(rest), book.vectors()
            index = nearest_vector(x.flatten(0, -2), vectors).view(*x.shape[:-1], 1)
            rest = rest - vectors[index[..., 0]]
            symbols.append(index)
        chosen = torch.cat(symbols, -1)
        return Code(z=self.look_up(chosen), symbols=chosen)

    @torch.no_grad()
    def initialise(self, features: Tensor, view: View) -> None:
        """k-means of what each stage has left to stand for."""
        rest = features.float().flatten(0, -2)
        for book in self._books():
            x = book.prepare(rest)
            book.start(k_means(x, book.size))
            vectors = book.vectors()
            rest = rest - vectors[nearest_vector(x, vectors)]

    def look_up(self, symbols: Tensor) -> Tensor:
        """The sums for symbols ``[batch, *grid, depth or fewer]``: fewer make a coarser code."""
        books = self._books()[: symbols.shape[-1]]
        chosen = [book.vectors()[symbols[..., i]] for i, book in enumerate(books)]
        return torch.stack(chosen).sum(0)

    @property
    def levels(self) -> tuple[int, ...]:
        """The size of each stage's codebook."""
        return tuple(book.size for book in self._books())

    def _kept(self, rest: Tensor) -> Tensor:
        """How many stages each example keeps, shaped for its numbers."""
        shape = (len(rest), *[1] * (rest.ndim - 1))
        whole = torch.full(shape, self.depth, device=rest.device)
        if not self.training or self.dropout == 0:
            return whole
        fewer = torch.randint(1, self.depth + 1, shape, device=rest.device)
        return torch.where(torch.rand(shape, device=rest.device) < self.dropout, fewer, whole)

    def _books(self) -> list[Codebook]:
        return list(self.codebooks)  # type: ignore[arg-type]
