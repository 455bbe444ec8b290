"""A random code of a class, which may be told, and a style."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.class_and_style import NEVER, ClassStylePosterior
from isthmus.layers.dense import DenseStack, zero_linear
from isthmus.layers.soft_clamp import soft_clamp
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class ClassAndStyle(Bottleneck):
    """q(class | x), and q(style | x, class) by a network of its own: a one-hot class, then ``style_dim`` numbers.

    The view's condition says the class, one-hot; where it is all 0 the class is not known. One code is made for each
    class, ``z`` of a drawn one (or of the one that is told) and the probes of the others; ``shares`` are q(class | x),
    so that what is rebuilt is judged by the mean over classes, exactly (of a code without a grid). ``kl`` is that of
    class and style together, ``class.kl`` and ``style.kl`` are those of each, nats per example. ``class`` is
    -log q(class | x) of rows whose class is told, 0 of others, over the share of told rows: its mean over all rows is
    the mean over those.

    Source: Kingma et al. 2014, Semi-supervised learning with deep generative models, equations 4 to 9.

    >>> bottleneck = ClassAndStyle(classes=3, style_dim=2)
    >>> told = View(x=torch.zeros(5, 1), condition=torch.eye(3)[[0, 1, 2, 0, 1]])
    >>> bottleneck(torch.zeros(5, bottleneck.in_dim), told, None).z[:, :3].argmax(1).tolist()
    [0, 1, 2, 0, 1]
    """

    random = True
    everywhere = False
    reads_condition = True
    told: Tensor

    def __init__(self, classes: int, style_dim: int, hidden: Sequence[int] = (64,), bound: float = 10.0) -> None:
        super().__init__()
        check(
            "ClassAndStyle",
            (classes >= 1, f"classes is {classes!r}; expected 1 or more"),
            (style_dim >= 1, f"style_dim is {style_dim!r}; expected 1 or more"),
            (bound > 0, f"bound is {bound!r}; expected a positive limit of the log-variance"),
        )
        self.classes, self.style_dim, self.bound = classes, style_dim, bound
        self.in_dim, self.latent_dim = 2 * style_dim + classes, classes + style_dim
        self.stack = DenseStack(self.in_dim + classes, hidden)
        self.head = zero_linear(self.stack.out_dim, 2 * style_dim)
        self.register_buffer("told", torch.ones(()))
        self._parts = {"class": slice(0, classes), "style": slice(classes, self.latent_dim)}

    def posterior(self, features: Tensor, view: View) -> ClassStylePosterior:
        """q(class, style | x) from features ``[..., 2 * style + classes]`` (style, then class), in float32."""
        features = features.float()
        style, scores = features.split([2 * self.style_dim, self.classes], dim=-1)
        every = torch.eye(self.classes, device=features.device).expand(*features.shape[:-1], -1, -1)
        given = torch.cat([features[..., None, :].expand(*every.shape[:-1], -1), every], dim=-1)
        numbers = style[..., None, :] + self.head(self.stack(given)).float()  # [..., classes, 2 * style]
        means, raw = numbers.chunk(2, dim=-1)
        log_class = scores.log_softmax(-1)
        known = self._known(features, view)
        if known is not None:
            certain = torch.where(known > 0.5, 0.0, NEVER)
            log_class = torch.where(known.sum(-1, keepdim=True) > 0.5, certain, log_class)
        return ClassStylePosterior(log_class, means, soft_clamp(raw, self.bound))

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """A code of each class, how likely they are, and their costs."""
        posterior = self.posterior(features, view)
        drawn = posterior.at(torch.randn_like(posterior.mean))[..., : self.classes].argmax(-1)
        noise = torch.randn_like(posterior.means.movedim(-2, 0))
        codes = posterior.of_every_class(drawn, noise)  # [classes, batch, *grid, dim]
        shares = posterior.shares(codes)
        costs = self._untold_cost(features, view)
        if prior is not None:
            costs |= posterior.mean_divergence(codes, prior, self._parts)
        return Code(
            z=codes[0],
            probes=codes[1:],
            shares=shares if shares.ndim == 2 else None,
            posterior=posterior,
            costs=costs,
            parts=self._parts,
        )

    def mode(self, features: Tensor, view: View) -> Code:
        """The likeliest class, or the one that is told, and the mean style."""
        posterior = self.posterior(features, view)
        return Code(z=posterior.mean, posterior=posterior, parts=self._parts)

    def initialise(self, features: Tensor, view: View) -> None:
        """Count the rows whose class is told."""
        if view.condition is not None:
            told = view.condition.sum(1).gt(0.5).float().mean()
            self.told.copy_(told.clamp(min=1 / len(features)))

    @property
    def parts(self) -> Mapping[str, slice]:
        """``class`` and ``style``."""
        return self._parts

    def _untold_cost(self, features: Tensor, view: View) -> dict[str, Tensor]:
        """What it costs to tell the class where it is told."""
        known = self._known(features, view)
        if known is None:
            return {}
        log_class = features[..., 2 * self.style_dim :].float().log_softmax(-1)
        return {"class": -(known * log_class).flatten(1).sum(1) / self.told}

    @staticmethod
    def _known(features: Tensor, view: View) -> Tensor | None:
        """The condition at every place of the features."""
        if view.condition is None:
            return None
        known = view.condition.float()
        for _ in range(features.ndim - 2):
            known = known[:, None]
        return known if features.ndim == 2 else known.expand(*features.shape[:-1], -1)
