"""The VAE that is told the class of some rows, and finds out that of the others."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from isthmus.architecture import Setting, cooling_weight, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.class_and_style import ClassAndStyle
from isthmus.data.examples import Examples
from isthmus.data.labels import Condition
from isthmus.errors import ParameterError, check
from isthmus.estimator import Estimator
from isthmus.layers.class_and_style import ClassStylePosterior
from isthmus.priors.class_and_style import ClassAndStyle as ClassAndStylePrior
from isthmus.records import Batch
from isthmus.search_ranges import CAPACITY, Integers, Numbers, Range
from isthmus.stations import Term
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class SemiSupervisedVAE(Estimator):
    """VAE (M2) whose code is a class and a style; y tells the class of some rows, -1 (or NaN, or None) of none.

    Rows with a label maximise a bound of log p(x, y), rows without one of log p(x): all classes are tried, each in
    proportion to q(class | x). So what is learnt from many rows without labels tells classes that few labels name.
    ``predict`` and ``predict_proba`` read q(class | x); ``sample(n, condition=y)`` draws examples of a class;
    ``transform`` gives the class, one-hot, and the style: ``swap(a, b, part="class")`` draws a as of b's class.
    ``condition`` is what is known of y elsewhere, too; scores are then of log p(x, y).

    Each row is decoded once for each class in training: with many classes it takes long.

    Source: Kingma et al. 2014, Semi-supervised learning with deep generative models, NIPS, equations 6 to 9.

    Parameters
    ----------
    latent_dim : numbers of the style.
    alpha : weight of -log q(y | x), the mean over rows with a label, beside the bound, which is a mean over all rows:
        both in nats. The paper's number for n rows is this one times n.
    cooling : steps in which the weight of the style's KL falls from 10 to 1; ``"auto"``: half of all steps; 0: it is
        always 1. While the style is dear, what classes tell is left to them.
    network, trainer, random_state : as for ``VAE``.
    likelihood : as for ``VAE``, but pictures by default have a Bernoulli likelihood.

    >>> import isthmus as im
    >>> digits = im.data.load("digits").take(range(100))
    >>> y = [label if row < 50 else -1 for row, label in enumerate(digits.labels)]
    >>> model = im.SemiSupervisedVAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(digits.values, y)
    >>> model.predict(digits.values).shape, model.sample(4, condition=7, random_state=0).shape
    ((100,), (4, 64))
    """

    conditional = True
    code_parts = ("class", "style")
    blends = False
    automatic_binary_likelihood = automatic_picture_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "alpha": Numbers(0.1, 100.0, log=True),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        alpha: float = 10.0,
        cooling: int | Literal["auto"] = "auto",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.alpha, self.cooling = latent_dim, alpha, cooling
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> q(y | x), q(z | x, y) -> p(x | y, z)``; reconstruction + KL, means over y, + alpha (-log q(y | x))."""
        check("SemiSupervisedVAE", (self.alpha >= 0, f"alpha is {self.alpha!r}; expected 0 or more"))
        bottleneck = ClassAndStyle(setting.condition_dim, self.latent_dim)
        untold = replace(setting, condition_dim=0)  # the networks see the class as a part of the code alone
        there, back = (
            make_networks(self.network, untold, latent_dim=size, features=bottleneck.in_dim, linear_path="trained")
            for size in (self.latent_dim, bottleneck.latent_dim)
        )
        weight = cooling_weight("SemiSupervisedVAE", self.cooling, self._trainer(setting.rows).steps(setting.rows))
        kl: list[Term] = [CodeCost("class.kl"), CodeCost("style.kl", weight)]
        return Autoencoder(
            encoder=there.encoder,
            bottleneck=bottleneck,
            decoder=back.decoder,
            likelihood=setting.likelihood,
            prior=ClassAndStylePrior(setting.condition_dim),
            terms=[Reconstruction(), *kl, CodeCost("class", self.alpha)],
        )

    def predict_proba(self, X: Any, condition: Any = None) -> NDArray[np.float32]:
        """q(class | x), ``[n, classes]``, in the order of ``classes_``; 1 for a class that the condition tells."""

        def told(batch: Batch, _: int) -> Tensor:
            posterior = self.autoencoder_.encode(batch).posterior
            assert isinstance(posterior, ClassStylePosterior)
            return posterior.log_class.exp()

        return self._by_batch(self._examples(X), condition, told).numpy()

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class of each row."""
        return self.classes_[self.predict_proba(X).argmax(1)]

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes that y named, sorted."""
        check_is_fitted(self)
        assert self.condition_ is not None
        return np.asarray(self.condition_.classes)

    def _learn_condition(self, y: Any, examples: Examples) -> Condition:
        if y is None:
            raise ParameterError(
                "SemiSupervisedVAE requires y to be passed, but the target y is None: the class of each row, -1 where "
                "it is not known. Where none is known, ClusterVAE finds clusters."
            )
        return Condition.learn_partly(y, len(examples))

    def _check_told(self, condition: Any) -> None:
        """It finds out what it is not told."""
        check_is_fitted(self)
