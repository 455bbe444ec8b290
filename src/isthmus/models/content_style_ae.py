"""The autoencoder of what is where, and in which style."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks, named
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.bottlenecks.parts import Parts
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class ContentStyleAE(Estimator):
    """Content-style autoencoder: pictures as a content, place by place, and a style, one vector for all places.

    Instance normalisation takes from the content what all places share (brightness, contrast, colours); the style holds
    it, and gives it back by adaptive instance normalisation. ``swap(a, b, part="style")`` draws the content of a in the
    style of b. In the code ``[height, width, content + style]`` the style stands at every place. It needs no labels.

    Source: Chou et al. 2019, One-shot voice conversion by separating speaker and content representations with instance
    normalization, Interspeech; Huang & Belongie 2017, Arbitrary style transfer in real-time with adaptive instance
    normalization, ICCV.

    Parameters
    ----------
    latent_dim : numbers of the content at each place.
    style_dim : numbers of the style.
    noise : standard deviation of the noise on the content in training, which narrows it.
    network : ``"auto"``, or a mapping of arguments for both networks, such as ``{"channels": (32, 64)}``.
    likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:64].reshape(-1, 8, 8).astype("uint8")
    >>> model = im.ContentStyleAE(latent_dim=2, style_dim=3, trainer=im.Trainer(epochs=2)).fit(X)
    >>> model.swap(X[:5], X[7], part="style").shape
    (5, 8, 8)
    """

    pictures_only = True
    code_parts = ("content", "style")
    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 32, log=True, told_by=CAPACITY),
        "style_dim": Integers(2, 32, log=True, told_by=CAPACITY),
        "noise": Numbers(0.0, 0.5, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 8,
        *,
        style_dim: int = 8,
        noise: float = 0.1,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.style_dim, self.noise = latent_dim, style_dim, noise
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> (content, style) -> p(x | content, style)``; reconstruction."""
        shape = setting.schema.shape
        check(
            "ContentStyleAE",
            (self.style_dim >= 1, f"style_dim is {self.style_dim!r}; expected 1 or more"),
            (len(shape) == 3, f"x is {shape}, {setting.schema.kind!r}; expected pictures, uint8 or in [0, 1]"),
        )
        both = self.latent_dim + self.style_dim
        networks = make_networks(
            named(self.network, "content_style"),
            setting,
            latent_dim=both,
            features=both,
            code="grid",
            known={"style_dim": self.style_dim},
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Parts({"content": Identity(self.latent_dim, self.noise), "style": Identity(self.style_dim)}),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction()],
        )
