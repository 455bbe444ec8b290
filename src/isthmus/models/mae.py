"""The masked autoencoder."""

import math
import numbers
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.corruptions.patch_drop import PatchDrop
from isthmus.data.masks import as_mask
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.errors import DataError, check
from isthmus.estimator import Estimator
from isthmus.records import Batch, View
from isthmus.search_ranges import PURPOSE, Choices, Numbers, Range
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.seeds import SAMPLING, SCORING, derive, seed_of
from isthmus.training.trainer import Trainer

MOST_PATCHES = 64  # of a picture, where the model chooses their size
HALVINGS = 8  # ways to halve x for score_samples


class MAE(Estimator):
    """Masked autoencoder: most patches are hidden, the others tell what was there; the features are what is wanted.

    The encoder works on the visible patches only, which makes training cheap; a smaller decoder fills in the hidden
    ones, and is judged by those. ``transform`` shows the encoder the whole of x and gives the mean of its patches'
    features, ``reconstruct`` hides a part of x and fills it in. In tables a patch is a column, and each row hides a
    number of its own. No code of the whole leads back to x: there is no ``inverse_transform``.

    Source: He et al. 2022, Masked autoencoders are scalable vision learners, CVPR.

    Parameters
    ----------
    latent_dim : numbers that tell of a patch; as many features ``transform`` gives.
    ratio : share of the patches that is hidden in training, in (0, 1); of a table's columns up to that share.
    patch : side of a patch in pixels, which divides height and width; ``"auto"``: the smallest with at most 64 patches.
        In other data that many values in a row; ``"auto"``: 1.
    network : for pictures a vision transformer, whose decoder may be told apart:
        ``{"name": "vit", "depth": 6, "decoder": {"depth": 2, "width": 96}}``; for other data a perceptron (``"mlp"``).
    likelihood, trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100].reshape(-1, 8, 8) / 16
    >>> mae = im.MAE(16, network={"width": 16, "depth": 1}, trainer=im.Trainer(epochs=1)).fit(X)
    >>> mae.transform(X).shape, mae.patch_features(X).shape, mae.reconstruct(X, hidden=0.5).shape
    ((100, 16), (100, 4, 4, 16), (100, 8, 8))
    """

    decodes: ClassVar[bool] = False
    pooled: ClassVar[bool] = True
    takes: ClassVar[tuple[str, ...]] = ("table", "image", "array")
    blends: ClassVar[bool] = False

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Choices(64, 128, 256, told_by=PURPOSE),
        "ratio": Numbers(0.3, 0.9, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 128,
        *,
        ratio: float = 0.75,
        patch: int | Literal["auto"] = "auto",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.ratio, self.patch = latent_dim, ratio, patch
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``visible patches -> encoder -> z -> decoder -> all patches``, judged by the hidden ones."""
        check("MAE", (0 < self.ratio < 1, f"ratio is {self.ratio!r}; expected a share in (0, 1)"))
        patch = _fitting(setting) if self.patch == "auto" else int(self.patch)
        corruption = PatchDrop(patch, self.ratio, varied=setting.schema.kind != "image")
        corruption.grid(setting.schema.shape)  # refuses what cannot be cut
        networks = make_networks(
            self.network,
            setting,
            latent_dim=self.latent_dim,
            features=self.latent_dim,
            linear_path="none",
            code="patches",
            known={"patch": patch, "sees_hidden": True},
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction()],
            corruption=corruption,
        )

    def patch_features(self, X: Any) -> NDArray[np.float32]:
        """The features of every patch of X, ``[n, rows, columns, latent_dim]``, none of them hidden."""
        return self._by_batch(self._examples(X), None, lambda batch, _: self.autoencoder_.encode(batch).z).numpy()

    def reconstruct(
        self,
        X: Any,
        condition: Any = None,
        *,
        hidden: float | str | ArrayLike | None = None,
        random_state: int = 0,
    ) -> Any:
        """X with a part hidden and filled in by what is expected; what is visible stays. A data frame where X is one.

        ``hidden`` says what, the same for all rows: booleans ``[height, width]``, in tables ``[columns]``; the names of
        columns; or a share of the patches for ``draw_hidden`` (by default that of training). Patches with a hidden
        value are kept from the encoder. What is expected may lie outside of the data's range. Raises
        ``ParameterError``.
        """
        examples = self._examples(X)
        mask = self.hidden_values(hidden, random_state)
        missing = torch.from_numpy(mask).to(self._device)
        visible = self._corruption.positions(missing)
        side = self._corruption.patch
        check("MAE", (len(visible) > 0, f"hidden touches every patch of {side}; nothing can be seen"))

        def filled(batch: Batch, _: int) -> Tensor:
            return torch.where(missing, self.autoencoder_.completed(self._seen(batch, visible)), batch.x)

        return self.schema_.give_back(self.schema_.from_model(self._by_batch(examples, condition, filled)), examples)

    def hidden_values(self, hidden: Any = None, random_state: int = 0) -> NDArray[np.bool_]:
        """What ``reconstruct`` hides for such an argument: ``[height, width]``, in tables ``[columns]``."""
        check_is_fitted(self)
        if hidden is None or isinstance(hidden, numbers.Real):
            return self.draw_hidden(hidden, random_state)  # type: ignore[arg-type]
        assert isinstance(self.schema_, NumericSchema)
        return as_mask(hidden, self.schema_)

    def draw_hidden(self, share: float | None = None, random_state: int = 0) -> NDArray[np.bool_]:
        """A share of the patches, by default that of training: ``[height, width]``, in tables ``[columns]``."""
        check_is_fitted(self)
        wanted = self._corruption.ratio if share is None else share
        number = isinstance(wanted, numbers.Real) and not isinstance(wanted, bool)
        told = f"the share of the patches to be hidden is {wanted!r:.60}; expected a number in (0, 1)"
        check("MAE", (number and 0 < wanted < 1, told))
        order = self._order(derive(seed_of(random_state), SAMPLING))
        visible = order[: PatchDrop(self._corruption.patch, float(wanted)).visible(len(order))]
        hidden = self._seen(Batch(x=torch.zeros(1, *self.schema_.shape, device=self._device)), visible).hidden
        assert hidden is not None
        return hidden.reshape(-1, *self.schema_.shape[-2:])[0].cpu().numpy()

    def score_samples(self, X: Any, condition: Any = None) -> NDArray[np.float32]:
        """How likely each half of x is, given the other, in nats for each row of X; high is usual, low is odd.

        ``log p(a | b) + log p(b | a)``, the mean of 8 ways to halve the patches, the same for every row and whatever
        ``ratio``: each value counts once (Besag 1975, pseudo-likelihood). In the units of X.
        """
        orders = [self._order(derive(0, SCORING, number)) for number in range(HALVINGS)]
        halves = [half for order in orders for half in order.tensor_split(2)]

        def judged(batch: Batch, _: int) -> Tensor:
            views = [self._seen(batch, half) for half in halves]
            return torch.stack([self.autoencoder_.log_completed(view, batch) for view in views]).sum(0) / HALVINGS

        examples = self._examples(X)
        return self._in_users_units(self._by_batch(examples, condition, judged), examples)

    @property
    def _corruption(self) -> PatchDrop:
        corruption = self.autoencoder_.corruption
        assert isinstance(corruption, PatchDrop)
        return corruption

    def _order(self, seed: int) -> Tensor:
        """All patches in an order drawn from a seed."""
        count = math.prod(self._corruption.grid(self.schema_.shape))
        return torch.randperm(count, generator=torch.Generator().manual_seed(seed))

    def _seen(self, batch: Batch, visible: Tensor) -> View:
        """The view of which only these patches, the same of every row, are left."""
        return self._corruption.view(batch, visible.to(batch.x.device).expand(len(batch), -1))


def _fitting(setting: Setting) -> int:
    """The smallest patch from 2 pixels on that makes at most 64 of a picture; of other data, a single value."""
    if setting.schema.kind != "image":
        return 1
    height, width = setting.schema.shape[-2:]
    fitting = [side for side in range(2, min(height, width) + 1) if height % side == 0 and width % side == 0]
    several = [side for side in fitting if side < max(height, width)]
    if not several:
        raise DataError(
            f"Pictures of {height} x {width} cannot be cut into equal squares of 2 pixels or more: crop or resize them "
            f"(size=({height // 4 * 4 or 4}, {width // 4 * 4 or 4}) in isthmus.data.read), or say patch=1, if slowly"
        )
    return next((side for side in several if height * width <= MOST_PATCHES * side**2), several[-1])
