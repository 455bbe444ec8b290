"""The VAE whose codes a critic tells from independent ones."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from isthmus.architecture import Setting, cooling_weight, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.critics.independence import Independence
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.schedules.geometric import Geometric
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.adversarial import Adversarial
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class FactorVAE(Estimator):
    """VAE that pays ``gamma`` for the total correlation of its code, which a critic tells by the ratio of densities.

    All epochs are run: the critic moves the goal. Scores are the ELBO at beta = 1.

    Source: Kim & Mnih 2018, Disentangling by factorising, ICML, equation 2.

    Parameters
    ----------
    latent_dim : numbers in the code.
    gamma : weight of the total correlation, beside that in the KL, 0 or more; at 0, without cooling, it is the
        VAE.
    cooling : steps in which the weight of the KL falls from 100 to 1; ``"auto"``: half of all steps; 0: it is always 1.
        The code then takes up what matters most first, one number for one factor; taken up all at once, factors are
        entangled, and stay so.
    network, likelihood, trainer, random_state : as for ``VAE``; by default without a straight road beside the
        networks, since principal components turn factors of the same variance into each other.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.FactorVAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, model.sample(3, random_state=0).shape
    ((100, 2), (3, 64))
    """

    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "gamma": Numbers(0.1, 100.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        gamma: float = 10.0,
        cooling: int | Literal["auto"] = "auto",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.gamma, self.cooling = latent_dim, gamma, cooling
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """As a VAE, with a critic of z; reconstruction + KL + gamma total correlation."""
        check("FactorVAE", (self.gamma >= 0, f"gamma is {self.gamma!r}; expected 0 or more"))
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=2 * self.latent_dim, linear_path="none"
        )
        steps = self._trainer(setting.rows).steps(setting.rows)
        weight = cooling_weight("FactorVAE", self.cooling, steps, fall=Geometric)
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Gaussian(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=[Reconstruction(), CodeCost("kl", weight), Adversarial("independence", self.gamma)],
            critics={"independence": Independence(self.latent_dim)},
        )
