"""A random code of bits."""

from torch import Tensor

from isthmus.errors import check
from isthmus.layers.discrete import Bits
from isthmus.layers.drawn_code import drawn_code, likeliest_code
from isthmus.layers.outcome import in_hindsight
from isthmus.layers.scaled_logits import ScaledLogits
from isthmus.records import Code, Trace, View
from isthmus.stations import Bottleneck, GradientEstimator, Prior


class Bernoulli(Bottleneck):
    """q(z | x): each number is 0 or 1; costs ``kl`` in nats per example.

    n bits tell 2^n things apart, of which each bit is shared by half: what a one-hot code of 2^n classes learns
    anew for each class. The gradient passes the draw by ``estimator``; ``spread`` as in ``categorical``.

    Source: Raiko et al. 2015, Techniques for learning binary stochastic feedforward neural networks.

    >>> import torch
    >>> from isthmus.gradient_estimators.straight_through import StraightThrough
    >>> code = Bernoulli(latent_dim=3, estimator=StraightThrough())(9 * torch.eye(3), View(x=torch.zeros(3, 1)), None)
    >>> code.symbols.diagonal().tolist()
    [1, 1, 1]
    """

    random = True

    def __init__(self, latent_dim: int, estimator: GradientEstimator, spread: float | None = None) -> None:
        super().__init__()
        check(
            "Bernoulli",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (estimator.draws, f"estimator is {type(estimator).__name__}, which is for codebooks; a draw needs another"),
            (spread is None or spread > 0, f"spread is {spread!r}; expected a positive number, or None"),
        )
        self.in_dim = self.latent_dim = latent_dim
        self.estimator = estimator
        self.logits = ScaledLogits(latent_dim, spread)

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """A drawn code, its symbols and its cost."""
        posterior = Bits(self.logits(features))
        return drawn_code(posterior, prior, self.estimator, training=self.training)

    def mode(self, features: Tensor, view: View) -> Code:
        """The likelier value of each bit."""
        return likeliest_code(Bits(self.logits(features)))

    def initialise(self, features: Tensor, view: View) -> None:
        """Spread the logits."""
        self.logits.start(features)

    def hindsight(self, trace: Trace) -> dict[str, Tensor]:
        """What the estimator adds."""
        return in_hindsight(self.estimator, trace)

    def look_up(self, symbols: Tensor) -> Tensor:
        """The bits as numbers."""
        return symbols.float()

    @property
    def levels(self) -> tuple[int, ...]:
        """2 for each bit."""
        return (2,) * self.latent_dim
