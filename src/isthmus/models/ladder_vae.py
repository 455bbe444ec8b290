"""The VAE whose code has levels."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.ladder import Ladder
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.ladder import Ladder as LadderPrior
from isthmus.schedules.linear_warmup import LinearWarmup
from isthmus.search_ranges import CAPACITY, Integers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class LadderVAE(Estimator):
    """VAE with a code of several levels: each is drawn given the one above, from x and from it, by their precisions.

    The levels are parts of the code, ``level_1`` (the lowest, with most numbers) and so on, which ``transform`` gives
    side by side and ``code_parts_`` tells apart. All of them go to the decoder, so that every number of a code says
    something of x; in the paper the lowest alone does. Scores are the ELBO of all levels, in nats.

    Source: Sonderby et al. 2016, Ladder variational autoencoders, NIPS; without its batch normalisation. Levels that
    all go to the decoder: Maaloe et al. 2019, BIVA, section 2.2.

    Parameters
    ----------
    latent_dim : numbers in the code, of all levels together; each has half as many as the one below.
    depth : levels.
    hidden : widths of the network between two levels, on the way up and on the way down.
    warmup : steps in which the weight of the KL rises to 1, so that higher levels are not given up at the start.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.LadderVAE(latent_dim=6, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, dict(model.code_parts_)
    ((100, 6), {'level_1': slice(0, 4, None), 'level_2': slice(4, 6, None)})
    """

    code_parts = ("level_1", "level_2")
    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(4, 96, log=True, told_by=CAPACITY),
        "depth": Integers(2, 3),
        "warmup": Integers(0, 2000),
    }

    def __init__(
        self,
        latent_dim: int = 24,
        *,
        depth: int = 2,
        hidden: tuple[int, ...] = (64,),
        warmup: int = 200,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.depth, self.hidden, self.warmup = latent_dim, depth, hidden, warmup
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> q(z_2 | x) -> q(z_1 | x, z_2) -> p(x | z_1, z_2)``; reconstruction + KL of all levels."""
        check("LadderVAE", (self.warmup >= 0, f"warmup is {self.warmup!r}; expected 0 or more steps"))
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=2 * self.latent_dim, linear_path="trained"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Ladder(self.latent_dim, self.depth, self.hidden),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=LadderPrior(self.latent_dim),
            terms=[Reconstruction(), CodeCost("kl", LinearWarmup(self.warmup) if self.warmup else 1.0)],
        )
