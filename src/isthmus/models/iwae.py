"""Importance-weighted autoencoders."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks, make_part
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.many_draws import ManyDraws
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.search_ranges import CAPACITY, Integers, Range
from isthmus.terms.importance_bound import ImportanceBound
from isthmus.training.trainer import Trainer


class IWAE(Estimator):
    """VAE that learns by a tighter bound of log p(x), that of several draws of the code.

    The gradient is doubly reparameterised, without which many draws make that of the encoder all noise.
    ``IWAE(draws=64, groups=8)`` is MIWAE, ``IWAE(elbo_share=0.5)`` CIWAE, ``IWAE(draws=64, encoder_groups=8)`` PIWAE.
    ``score_samples`` is the ELBO, with one draw at a time; ``log_prob`` takes as many as it is told.

    Source: Burda et al. 2016, Importance weighted autoencoders, ICLR; Rainforth et al. 2018, Tighter variational bounds
    are not necessarily better, ICML; gradient: Tucker et al. 2019, Doubly reparameterized gradient estimators, ICLR.

    Parameters
    ----------
    latent_dim : numbers in the code.
    draws : codes for each row; 1 is the VAE, with less noise in its gradient where the posterior is right.
    groups : that the draws are shared out to, each with a bound of its own; their mean counts.
    elbo_share : of the ELBO in what is learnt from.
    encoder_groups : groups in what the encoder learns from, where the decoder learns from all draws; None: as groups.
    gradient : ``"doubly_reparameterised"`` or ``"plain"``.
    prior, network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.IWAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, model.sample(3, random_state=0).shape
    ((100, 2), (3, 64))
    """

    automatic_binary_likelihood = "bernoulli"

    tuned_by: ClassVar[str | None] = "log_prob"
    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "draws": Integers(1, 20, log=True),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        draws: int = 5,
        groups: int = 1,
        elbo_share: float = 0.0,
        encoder_groups: int | None = None,
        gradient: str = "doubly_reparameterised",
        prior: Any = "standard_normal",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.draws, self.groups, self.elbo_share = latent_dim, draws, groups, elbo_share
        self.encoder_groups, self.gradient = encoder_groups, gradient
        self.prior, self.network, self.likelihood = prior, network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """As a VAE with several draws; minus the bound, of each player where the encoder has one of its own."""
        apart = self.encoder_groups is not None
        each = self.encoder_groups or 1
        check(
            "IWAE",
            (self.draws >= 1, f"draws is {self.draws!r}; expected 1 or more"),
            (
                self.groups >= 1 and self.draws % self.groups == 0,
                f"groups is {self.groups!r}; expected a number that divides draws={self.draws!r}",
            ),
            (
                each >= 1 and self.draws % each == 0,
                f"encoder_groups is {self.encoder_groups!r}; expected a number that divides draws={self.draws!r}",
            ),
            (
                not apart or self.gradient == "doubly_reparameterised",
                f"gradient is {self.gradient!r}; with encoder_groups expected 'doubly_reparameterised'",
            ),
        )
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=2 * self.latent_dim, linear_path="trained"
        )
        bound = ImportanceBound(
            groups=self.groups,
            elbo_share=self.elbo_share,
            gradient="plain" if apart else self.gradient,  # type: ignore[arg-type]
        )
        own = ImportanceBound("encoder_bound", groups=each, elbo_share=self.elbo_share, gradient="squared")
        known = {"latent_dim": self.latent_dim, "in_shape": setting.schema.shape}
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=ManyDraws(self.latent_dim, self.draws),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=make_part("priors", self.prior, known),
            terms=[bound, own] if apart else [bound],
            players=_PLAYERS if apart else None,
        )


_PLAYERS = {
    "decoder": {"parts": ("decoder", "likelihood", "prior"), "terms": ("bound",)},
    "encoder": {"parts": ("encoder", "bottleneck"), "terms": ("encoder_bound",)},
}
