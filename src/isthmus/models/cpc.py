"""Contrastive predictive coding: features of sequences, without a decoder."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.architecture import Setting, make_part, named
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.data.examples import Examples
from isthmus.data.schemas.series import SeriesSchema
from isthmus.errors import check, counted
from isthmus.estimator import Estimator
from isthmus.search_ranges import PURPOSE, Integers, Range
from isthmus.stations import Encoder
from isthmus.terms.contrastive_prediction import ContrastivePrediction, Rivals
from isthmus.training.trainer import Trainer


class CPC(Estimator):
    """Contrastive predictive coding: from what a sequence has been so far, what comes next is known among much else.

    The features of a place are what is heard there, ``local_dim`` numbers, and behind them the context, the memory of
    all before, ``latent_dim``. ``transform`` gives their mean over time: 128 + 256 columns, unless told otherwise. For
    recordings, and for any sequences of numbers: a list of arrays ``[time, features]``, an array
    ``[n, time, features]``, a .wav file or a folder of such. Nothing is rebuilt.

    Source: van den Oord et al. 2018, Representation learning with contrastive predictive coding.

    Parameters
    ----------
    latent_dim : numbers in the context; what ``transform`` gives has ``local_dim`` more.
    local_dim : numbers in what is heard at one place.
    nearest, farthest : how many places ahead the context foretells; a place is as many frames as the network's
        ``stride``, 2 by default: the longest sequence needs 25 frames. Nearer than 5 places share frames with what has
        been heard already, by the default network.
    rivals : the places among which the right one is to be known: all of the same ``"sequence"``, so that features tell
        what happens when; or others of the ``"batch"``, so that they tell who is heard, too.
    network : ``"auto"`` (convolutions and a recurrent unit), or a mapping: ``{"name": "conv_recurrent", "stride": 4}``.
    trainer, random_state : as for ``AE``.

    >>> import numpy as np
    >>> import isthmus as im
    >>> waves = [np.sin(np.arange(n) / 3)[:, None] for n in range(20, 60)]  # of different lengths
    >>> model = im.CPC(4, local_dim=2, network={"width": 8}, trainer=im.Trainer(epochs=1)).fit(waves)
    >>> model.transform(waves).shape, model.place_features(waves[:2])[1].shape
    ((40, 6), (11, 6))
    """

    takes: ClassVar[tuple[str, ...]] = ("series", "array", "image")  # of one length: [n, time, features]
    decodes: ClassVar[bool] = False
    pooled: ClassVar[bool] = True
    blends: ClassVar[bool] = False
    likelihood = "gaussian"  # nothing is rebuilt

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(64, 512, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 256,
        *,
        local_dim: int = 128,
        nearest: int = 5,
        farthest: int = 12,
        rivals: Rivals = "sequence",
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.local_dim, self.rivals = latent_dim, local_dim, rivals
        self.nearest, self.farthest = nearest, farthest
        self.network, self.trainer, self.random_state = network, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> local features and context -> z``; the context foretells local features."""
        width = self.local_dim + self.latent_dim
        known = {"in_shape": setting.schema.shape, "out_dim": width, "local_dim": self.local_dim}
        encoder = make_part("encoders", named(self.network, "conv_recurrent"), known)
        self._check_reach(setting.schema.shape[0], encoder)
        return Autoencoder(
            encoder=encoder,
            bottleneck=Identity(width),
            terms=[ContrastivePrediction(width, self.local_dim, self.nearest, self.farthest, self.rivals)],
        )

    def _check_reach(self, frames: int, encoder: Encoder) -> None:
        """Refuse networks without places, and what no sequence of ``fit`` is long enough for."""
        told = f"network is {self.network!r:.100}; expected one that gives features of each place, as 'conv_recurrent'"
        check("CPC", (encoder.ragged and len(encoder.grid) == 1, told))
        nearest, farthest, places = self.nearest, self.farthest, encoder.grid[0]
        unit = f"a place is {counted(encoder.stride, 'frame')}"
        longest = f"the longest sequence has {places} places ({frames} frames; {unit})"
        known = nearest >= 1 and farthest >= nearest
        check(
            "CPC",
            (nearest >= 1, f"nearest is {nearest!r}; expected 1 or more places ahead ({unit})"),
            (
                farthest >= nearest,
                f"farthest is {farthest!r}; expected {nearest} or more places ahead, as nearest is ({unit})",
            ),
            (not known or nearest < places, f"nearest is {nearest!r}; {longest}: nothing can be foretold"),
            (
                not known or nearest >= places or farthest < places,
                f"farthest is {farthest!r}; {longest}: expected {places - 1} or fewer places ahead",
            ),
        )

    @torch.no_grad()
    def place_features(self, X: Any) -> list[NDArray[np.float32]]:
        """The features of every place of each sequence: a list of ``[places, local_dim + latent_dim]``."""
        found: list[NDArray[np.float32]] = []
        for batch in self._batches(self._examples(X)):
            code = self.autoencoder_.encode(batch)
            assert code.valid is not None
            found += [z[places].numpy() for z, places in zip(code.z.cpu(), code.valid.cpu(), strict=True)]
        return found

    def _learn_schema(self, examples: Examples, scaling: str) -> SeriesSchema:
        return SeriesSchema.learn(examples, owner=type(self).__name__)
