"""A random code of one-hot groups."""

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.discrete import OneHotGroups
from isthmus.layers.drawn_code import drawn_code, likeliest_code
from isthmus.layers.outcome import in_hindsight
from isthmus.layers.scaled_logits import ScaledLogits
from isthmus.records import Code, Trace, View
from isthmus.stations import Bottleneck, GradientEstimator, Prior


class Categorical(Bottleneck):
    """q(z | x): in each group of ``classes`` numbers one is 1; costs ``kl`` in nats per example.

    ``latent_dim`` is groups x classes. The gradient passes the draw by ``estimator``. Logits begin with the standard
    deviation ``spread`` over the data; None: as the encoder gives them.

    Source: Jang et al. 2017, Categorical reparameterization with Gumbel-softmax, section 3.

    >>> from isthmus.gradient_estimators.straight_through import StraightThrough
    >>> bottleneck = Categorical(latent_dim=6, estimator=StraightThrough(), classes=3)
    >>> bottleneck(torch.zeros(5, 6), View(x=torch.zeros(5, 1)), None).symbols.shape
    torch.Size([5, 2])
    """

    random = True

    def __init__(
        self, latent_dim: int, estimator: GradientEstimator, classes: int = 2, spread: float | None = None
    ) -> None:
        super().__init__()
        check(
            "Categorical",
            (classes >= 2, f"classes is {classes!r}; expected 2 or more"),
            (
                latent_dim >= 1 and latent_dim % max(classes, 1) == 0,
                f"latent_dim is {latent_dim!r}; expected groups of classes={classes!r}",
            ),
            (estimator.draws, f"estimator is {type(estimator).__name__}, which is for codebooks; a draw needs another"),
            (spread is None or spread > 0, f"spread is {spread!r}; expected a positive number, or None"),
        )
        self.in_dim = self.latent_dim = latent_dim
        self.estimator, self.classes = estimator, classes
        self.logits = ScaledLogits(latent_dim, spread)

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """A drawn code, its symbols and its cost."""
        posterior = OneHotGroups(self.logits(features), self.classes)
        return drawn_code(posterior, prior, self.estimator, training=self.training)

    def mode(self, features: Tensor, view: View) -> Code:
        """The likeliest class of each group."""
        return likeliest_code(OneHotGroups(self.logits(features), self.classes))

    def initialise(self, features: Tensor, view: View) -> None:
        """Spread the logits."""
        self.logits.start(features)

    def hindsight(self, trace: Trace) -> dict[str, Tensor]:
        """What the estimator adds."""
        return in_hindsight(self.estimator, trace)

    def look_up(self, symbols: Tensor) -> Tensor:
        """One-hot groups ``[batch, *grid, latent_dim]``."""
        return torch.nn.functional.one_hot(symbols, self.classes).float().flatten(-2)

    @property
    def levels(self) -> tuple[int, ...]:
        """``classes`` for each group."""
        return (self.classes,) * (self.latent_dim // self.classes)
