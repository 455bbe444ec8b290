"""The sparse autoencoder: many units, few of them active."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks, make_part
from isthmus.autoencoder import Autoencoder
from isthmus.errors import ParameterError, check, did_you_mean
from isthmus.estimator import Estimator
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer

_PRICES: Mapping[str, Mapping[str, float]] = {  # nats per example; found on the sets of benchmarks/quality
    "top_k": {"dead": 0.1},
    "l1": {"l1": 3.0, "dead": 0.1},
    "threshold": {"l0": 5.0, "dead": 0.1},
    "kl_sparse": {"kl_sparse": 100.0},
}


class SAE(Estimator):
    """Sparse autoencoder: an overcomplete code of which each example uses few units.

    Without a driver of sparsity a code as wide as the data is the identity and means nothing; with it,
    units become parts: strokes of digits, features of activations.

    Source: Olshausen & Field 1996, Emergence of simple-cell receptive field properties, Nature; drivers: Ng
    2011 (KL), Makhzani & Frey 2014 (top-k), Rajamanoharan et al. 2024 (threshold), Bricken et al. 2023 (L1).

    Parameters
    ----------
    latent_dim : units in the code, usually more than the data have values.
    sparsity : ``"top_k"``, ``"l1"``, ``"threshold"``, ``"kl_sparse"``, ``"none"``, or a mapping such as
        ``{"name": "top_k", "k": 16}``.
    price : factor on the costs of sparsity (``l1``, ``l0``, ``kl_sparse``): more means fewer active units.
    network : ``"dictionary"`` (linear, unit-norm atoms), or as for ``AE``.
    likelihood, trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> sae = im.SAE(latent_dim=128, sparsity={"name": "top_k", "k": 8}, trainer=im.Trainer(epochs=1)).fit(X)
    >>> int((sae.transform(X) != 0).sum(1).max())
    8
    """

    automatic_likelihood: ClassVar[Any] = {"name": "gaussian", "variance": "relative", "scale": 0.3}
    automatic_binary_likelihood = automatic_likelihood
    blends = False  # a blend of two rows has the units of both

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(32, 512, log=True, told_by=CAPACITY),
        "price": Numbers(0.1, 10.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 128,
        *,
        sparsity: Any = "top_k",
        price: float = 1.0,
        network: Any = "dictionary",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.sparsity, self.price = latent_dim, sparsity, price
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> features -> few of them -> atoms``; reconstruction + what the code costs."""
        name, given = self._driver()
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, linear_path="none"
        )
        prices = {
            cost: weight if cost == "dead" else weight * self.price for cost, weight in _PRICES.get(name, {}).items()
        }
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=make_part(
                "bottlenecks",
                {"name": "identity" if name == "none" else name, "latent_dim": self.latent_dim, **given},
            ),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction(), *(CodeCost(cost, weight) for cost, weight in prices.items())],
        )

    def _driver(self) -> tuple[str, dict[str, Any]]:
        """The name of the bottleneck and its arguments."""
        check("SAE", (self.price >= 0, f"price is {self.price!r}; expected 0 or more"))
        given = dict(self.sparsity) if isinstance(self.sparsity, Mapping) else {"name": self.sparsity}
        name = str(given.pop("name", "top_k"))
        known = [*_PRICES, "none"]
        if name not in known:
            raise ParameterError(f"SAE: no sparsity is called {name!r}. {did_you_mean(name, known)}")
        if name == "top_k" and "k" not in given:
            given["k"] = max(1, min(32, self.latent_dim // 4))
        return name, given
