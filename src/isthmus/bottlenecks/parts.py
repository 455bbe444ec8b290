"""A code made of named parts."""

from collections.abc import Mapping
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Posterior, Prior


class Parts(Bottleneck):
    """Features are cut along the last axis; each part's own bottleneck makes its slice of the code.

    ``Code.parts`` names the slices. A cost comes once for each part (``style.kl``) and once for all together (``kl``).
    Symbols there are where all parts are discrete; a posterior where all are Gaussian: otherwise the code is scored as
    one that is not random.

    Source: Huang et al. 2018, Multimodal unsupervised image-to-image translation, section 3.1.

    >>> from isthmus.bottlenecks.identity import Identity
    >>> parts = Parts({"content": Identity(3), "style": Identity(1)})
    >>> code = parts(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), View(x=torch.zeros(1, 5)), None)
    >>> code.z[:, code.parts["style"]].tolist()
    [[4.0]]
    """

    def __init__(self, inner: Mapping[str, Bottleneck]) -> None:
        super().__init__()
        check(
            "Parts",
            (len(inner) >= 1, "inner is empty; expected bottlenecks by the names of their parts"),
            *(
                (
                    name.isidentifier() and not hasattr(nn.ModuleDict(), name),
                    f"inner has the name {name!r}; expected a word",
                )
                for name in inner
            ),
            *(
                (
                    type(part).hindsight is Bottleneck.hindsight,
                    f"{name} is {type(part).__name__}; expected one whose costs do not hang on what is rebuilt",
                )
                for name, part in inner.items()
            ),
            *(
                (
                    not (part.random and part.levels),
                    f"{name} is {type(part).__name__}; expected a bottleneck that draws no symbols",
                )
                for name, part in inner.items()
            ),
        )
        self.inner = nn.ModuleDict(inner)
        self.random = all(part.random for part in inner.values())  # type: ignore[misc]
        self.widths = [part.in_dim for part in inner.values()]
        self.in_dim, self.latent_dim = sum(self.widths), sum(part.latent_dim for part in inner.values())
        ends = pairwise(accumulate((part.latent_dim for part in inner.values()), initial=0))
        self._parts = {name: slice(*each) for name, each in zip(inner, ends, strict=True)}

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """The codes of all parts side by side."""
        return self._joined([part(own, view, prior) for part, own in self._each(features)])

    def mode(self, features: Tensor, view: View) -> Code:
        """The best code of every part."""
        return self._joined([part.mode(own, view) for part, own in self._each(features)])

    def initialise(self, features: Tensor, view: View) -> None:
        """Start every part from its features."""
        for part, own in self._each(features):
            part.initialise(own, view)

    def look_up(self, symbols: Tensor) -> Tensor:
        """``z`` of the symbols of all parts, ``[batch, *grid, symbols]``."""
        if not self.levels:
            return super().look_up(symbols)
        inner = self._inner()
        cut = symbols.split([len(part.levels) for part in inner], dim=-1)
        return torch.cat([part.look_up(own) for part, own in zip(inner, cut, strict=True)], dim=-1)

    @property
    def parts(self) -> Mapping[str, slice]:
        """The slice of each part, which together are all of the last axis."""
        return self._parts

    @property
    def levels(self) -> tuple[int, ...]:
        """Those of all parts, where all are discrete."""
        each = [part.levels for part in self._inner()]
        return tuple(level for levels in each for level in levels) if all(each) else ()

    def _inner(self) -> list[Bottleneck]:
        return list(self.inner.values())  # type: ignore[arg-type]

    def _each(self, features: Tensor) -> list[tuple[Bottleneck, Tensor]]:
        return list(zip(self._inner(), features.split(self.widths, dim=-1), strict=True))

    def _joined(self, codes: list[Code]) -> Code:
        costs: dict[str, Tensor] = {}
        for name, code in zip(self.inner, codes, strict=True):
            for word, cost in code.costs.items():
                costs[word] = costs.get(word, 0) + cost
                costs[f"{name}.{word}"] = cost
        return Code(
            z=torch.cat([code.z for code in codes], dim=-1),
            symbols=torch.cat([code.symbols for code in codes], dim=-1) if self.levels else None,  # type: ignore[misc]
            posterior=_joined_posterior([code.posterior for code in codes]),
            costs=costs,
            parts=self._parts,
        )


def _joined_posterior(posteriors: list[Posterior | None]) -> DiagonalGaussian | None:
    """One Gaussian of all dimensions, where every part has one."""
    gaussian = [each for each in posteriors if isinstance(each, DiagonalGaussian)]
    if len(gaussian) < len(posteriors):
        return None
    return DiagonalGaussian(
        torch.cat([each.mean for each in gaussian], dim=-1), torch.cat([each.log_var for each in gaussian], dim=-1)
    )
