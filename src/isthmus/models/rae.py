"""The regularised autoencoder."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.stations import Term
from isthmus.terms.code_norm import CodeNorm
from isthmus.terms.decoder_gradient import DecoderGradient
from isthmus.terms.decoder_norm import DecoderNorm
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer

PENALTIES = {"gradient": (DecoderGradient, 0.01), "l2": (DecoderNorm, 0.001)}  # terms, and their usual weights


class RAE(Estimator):
    """Regularised autoencoder: a plain one with small codes and a smooth decoder, to draw from once a prior is fitted.

    After ``fit_prior`` it draws like a VAE, without the noise in the code.

    Source: Ghosh et al. 2020, From variational to deterministic autoencoders, ICLR, equations 6 and 9 to 11; spectral
    norms: its section 3.1.

    Parameters
    ----------
    latent_dim : numbers in the code.
    penalty : what holds the decoder: ``"gradient"`` (of x by the code), ``"l2"`` (of its weights), or ``"spectral"``:
        its layers, but for the last, which brings to the units of x, have weights of spectral norm 1. ``mlp`` and
        ``conv`` can be held so.
    smoothness : weight of the penalty; None: 0.01 nats times the squared gradient, 0.001 times the squared weights;
        for ``"spectral"`` there is none.
    code_weight : weight of half the squared length of the code.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.RAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape
    (100, 2)
    """

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 128, log=True, told_by=CAPACITY),
        "code_weight": Numbers(0.001, 1.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        penalty: str = "gradient",
        smoothness: float | None = None,
        code_weight: float = 0.1,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.penalty, self.smoothness, self.code_weight = latent_dim, penalty, smoothness, code_weight
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> z -> p(x | z)``; reconstruction + |z|^2 / 2 + what holds the decoder."""
        known, spectral = (*PENALTIES, "spectral"), self.penalty == "spectral"
        check(
            "RAE",
            (self.penalty in known, f"penalty is {self.penalty!r}; expected one of {', '.join(map(repr, known))}"),
            (
                self.smoothness is None or (self.smoothness >= 0 and not spectral),
                f"smoothness is {self.smoothness!r}; expected 0 or more, or None; with penalty='spectral' None",
            ),
            (self.code_weight >= 0, f"code_weight is {self.code_weight!r}; expected 0 or more"),
        )
        networks = make_networks(
            self.network,
            setting,
            latent_dim=self.latent_dim,
            features=self.latent_dim,
            linear_path="trained",
            known={"spectral": spectral},
        )
        held = networks.decoder.arguments.get("spectral", False)
        check(
            "RAE", (held == spectral, f"network is {self.network!r:.100}; penalty='spectral' is for 'mlp' and 'conv'")
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction(), CodeNorm(self.code_weight), *self._penalties()],
        )

    def _penalties(self) -> list[Term]:
        if self.penalty == "spectral":
            return []
        kind, usual = PENALTIES[self.penalty]
        return [kind(weight=usual if self.smoothness is None else self.smoothness)]
