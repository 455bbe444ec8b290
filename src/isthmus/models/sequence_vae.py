"""The variational autoencoder of texts."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from isthmus.architecture import Setting
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.priors.standard_normal import StandardNormal
from isthmus.schedules.linear_warmup import LinearWarmup
from isthmus.search_ranges import CAPACITY, Integers, Numbers, Range
from isthmus.sequence_estimator import SequenceEstimator
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class SequenceVAE(SequenceEstimator):
    """Variational autoencoder of texts: a random code of the whole text, and a writer that knows it at every place.

    A strong writer can do without the code, which then tells nothing (posterior collapse). Against that there are free
    nats for every dimension, a warm-up of the KL, and symbols that the writer does not see; how much the code tells is
    in the report, and said after ``fit`` on the command line.

    Source: Bowman et al. 2016, Generating sentences from a continuous space, CoNLL; free bits: Kingma et al. 2016,
    Improved variational inference with inverse autoregressive flow, appendix C.8.

    Parameters
    ----------
    latent_dim : numbers in the code.
    free_bits : nats per dimension below which the KL costs nothing more.
    warmup : steps in which the weight of the KL rises to 1; 0: none.
    symbol_dropout : share of the symbols before that the writer does not see in training.
    tokeniser, max_length, network, trainer, random_state : as for ``SequenceAE``.

    >>> import isthmus as im
    >>> names = ["anna", "hanna", "hannah", "susanna"] * 5
    >>> model = im.SequenceVAE(4, network={"width": 16}, trainer=im.Trainer(epochs=1)).fit(names)
    >>> model.sample(3, random_state=0).shape, model.score_samples(names).shape
    ((3,), (20,))
    """

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(8, 128, log=True, told_by=CAPACITY),
        "free_bits": Numbers(0.0, 2.0, told_by=CAPACITY),
        "symbol_dropout": Numbers(0.0, 0.6),
    }

    def __init__(
        self,
        latent_dim: int = 32,
        *,
        free_bits: float = 0.5,
        warmup: int = 0,
        symbol_dropout: float = 0.3,
        tokeniser: Any = "characters",
        max_length: int | Literal["auto"] = "auto",
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.free_bits, self.warmup = latent_dim, free_bits, warmup
        self.symbol_dropout = symbol_dropout
        self.tokeniser, self.max_length = tokeniser, max_length
        self.network, self.trainer, self.random_state = network, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> reader -> q(z | x) -> z -> writer -> p(symbol | z, symbols before)``; reconstruction + KL."""
        networks = self._networks(setting, features=2 * self.latent_dim, symbol_dropout=self.symbol_dropout)
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Gaussian(self.latent_dim, free_bits=self.free_bits),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=[Reconstruction(), CodeCost("kl", LinearWarmup(self.warmup) if self.warmup else 1.0)],
        )
