"""A code of vectors, each of which stands for what the ones before have left over."""

import copy

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.k_means import k_means
from isthmus.layers.quantised import all_symbols, left_over, quantised
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
            x = features.float()
            learns = self.training and torch.is_grad_enabled()
            kept, stages = self._kept(x), self._stages(x, learns=learns)
            z = torch.stack([stage.z.detach() * (kept > i) for i, stage in enumerate(stages)]).sum(0)
            z = self.estimator.pass_through(x, z) if learns else z
        costs = {name: torch.stack([stage.costs[name] for stage in stages]).sum(0) for name in stages[0].costs}
        return Code(z=z, symbols=all_symbols(stages), costs=costs)

    def mode(self, features: Tensor, view: View) -> Code:
        """The nearest vectors, stage by stage; nothing learns."""
        stages = self._stages(features.float(), learns=False)
        return Code(z=torch.stack([stage.z for stage in stages]).sum(0), symbols=all_symbols(stages))

    def _stages(self, features: Tensor, *, learns: bool) -> list[Code]:
        """What each codebook makes of the rest; the features' gradient reaches every stage."""
        rest, stages = features, []
        for book in self._books():
            stages.append(quantised(book.prepare(rest), book, learns=learns))
            rest = rest - stages[-1].z.detach()
        return stages

    @torch.no_grad()
    def initialise(self, features: Tensor, view: View) -> None:
        """k-means of what each stage has left to stand for."""
        rest = features.float().flatten(0, -2)
        for book in self._books():
            x = book.prepare(rest)
            book.start(k_means(x, book.size))
            rest = rest - quantised(x, book).z

    def look_up(self, symbols: Tensor) -> Tensor:
        """The sums for symbols ``[batch, *grid, depth or fewer]``: fewer make a coarser code."""
        books = self._books()[: symbols.shape[-1]]
        chosen = [book.vectors()[symbols[..., i]] for i, book in enumerate(books)]
        return torch.stack(chosen).sum(0)

    @property
    def levels(self) -> tuple[int, ...]:
        """The size of each stage's codebook."""
        return tuple(book.size for book in self._books())

    def unexplained(self, features: Tensor) -> float:
        """By all stages together."""
        return left_over(
            [features.float()], [torch.stack([s.z for s in self._stages(features.float(), learns=False)]).sum(0)]
        )

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
