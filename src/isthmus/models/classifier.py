"""Classes told by an encoder: one that has learnt without labels, or a new one."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted, column_or_1d
from torch import Tensor

from isthmus import catalogue
from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.data.examples import Examples
from isthmus.data.kinds import NUMBERS, check_kind
from isthmus.data.labels import Condition
from isthmus.data.schema import Schema
from isthmus.encoders.pretrained import Pretrained
from isthmus.errors import DataError, ParameterError, StartKeptWarning, check, users_level
from isthmus.estimator import Estimator
from isthmus.likelihoods.categorical import Categorical
from isthmus.records import Batch
from isthmus.saved_encoder import SavedEncoder
from isthmus.search_ranges import Numbers, Range
from isthmus.stations import Encoder
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer

FEATURES = 128  # of an encoder that begins anew
NEW_LAYER = 10.0  # the rate of the linear layer in units of the encoder's: it alone begins from nothing
FEW_FEATURES = 32  # up to which the encoder's rate is the trainer's


class Classifier(ClassifierMixin, Estimator):
    """Fine-tuning: the encoder of a model that was fitted without labels, and a linear layer, learn to tell classes.

    The encoder's layers learn at rates that fall from the last to the first by ``layer_decay``, so that what they know
    is kept; the linear layer, which begins from nothing, at ten times the last one's. Of n > 32 features all
    learn at 32 / n of these rates. Without a ``pretrained`` model the encoder begins anew, and all learns at one rate.
    Where no epoch makes held-out rows better a ``StartKeptWarning`` says so. ``transform`` gives the encoder's
    features; those of a pretrained one averaged over their places, and scaled by their spread before fine-tuning.

    Source: He et al. 2022, Masked autoencoders are scalable vision learners, section 4 and appendix A.1; rates by
    layer: Clark et al. 2020, ELECTRA, appendix A.

    Parameters
    ----------
    pretrained : a fitted model, or the folder of a saved one, whose encoder is to go on learning from data like its
        own; None. (``clone`` forgets what a model has learnt: in searches give the folder, or
        ``sklearn.frozen.FrozenEstimator(model)``.)
    layer_decay : rate of a layer in units of the next one's, in (0, 1]; 1: all alike.
    frozen : the encoder stays as it is; the linear layer alone learns.
    network : of an encoder that begins anew.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> digits = im.data.load("digits").take(range(200))
    >>> ae = im.AE(10, trainer=im.Trainer(epochs=2)).fit(digits)
    >>> classifier = im.Classifier(ae, trainer=im.Trainer(epochs=50)).fit(digits, digits.labels)
    >>> classifier.predict_proba(digits).shape, classifier.score(digits, digits.labels) > 0.5
    ((200, 10), True)
    """

    supervised: ClassVar[bool] = True
    takes: ClassVar[tuple[str, ...]] = (*NUMBERS, "text", "series")  # what the pretrained encoder has learnt from
    decodes: ClassVar[bool] = False
    blends: ClassVar[bool] = False
    likelihood = "gaussian"  # of the classes, not of x; for x it says how to scale

    search: ClassVar[Mapping[str, Range]] = {
        "layer_decay": Numbers(0.4, 1.0),
    }

    def __init__(
        self,
        pretrained: Any = None,
        *,
        layer_decay: float = 0.75,
        frozen: bool = False,
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.pretrained, self.layer_decay, self.frozen = pretrained, layer_decay, frozen
        self.network, self.trainer, self.random_state = network, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> encoder -> features -> linear layer -> p(class | x)``, judged by the class."""
        check(
            "Classifier",
            (0 < self.layer_decay <= 1, f"layer_decay is {self.layer_decay!r}; expected a share in (0, 1]"),
            (not self.frozen or self.pretrained is not None, "frozen=True needs a pretrained model"),
        )
        encoder = self._encoder(setting)
        assert isinstance(setting.target, Condition)
        count, depths = len(setting.target.classes or ()), [] if self.frozen else encoder.depths()
        rate = min(1.0, FEW_FEATURES / encoder.out_dim)  # steps move weights alike, and scores by the sum of them
        names = [name for name, parameter in encoder.named_parameters() if parameter.requires_grad]
        rates = {
            f"encoder.{beginning}": rate * self.layer_decay ** (len(depths) - i)
            for i, beginnings in enumerate(depths)
            for beginning in beginnings
            if any(name.startswith(beginning) for name in names)
        }
        linear = {"hidden": (), "linear_path": "none"}
        return Autoencoder(
            encoder=encoder,
            bottleneck=Identity(encoder.out_dim),
            decoder=catalogue.make(
                "decoders", "mlp", {"latent_dim": encoder.out_dim, "out_shape": (1,), "outputs": count, **linear}
            ),
            likelihood=Categorical(count),
            terms=[Reconstruction()],
            rates={"decoder.": NEW_LAYER * rate, **rates} if self.pretrained is not None else None,
        )

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """The probability of each class, ``[n, classes]``, in the order of ``classes_``."""

        def told(batch: Batch, _: int) -> Tensor:
            model = self.autoencoder_
            return model.decode(model.encode(batch))[..., 0].float().softmax(1)  # [batch, classes]

        return self._by_batch(self._examples(X), None, told).numpy()

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class of each row."""
        return self.classes_[self.predict_proba(X).argmax(1)]

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes that y named, sorted."""
        check_is_fitted(self)
        assert isinstance(self.target_, Condition)
        return np.asarray(self.target_.classes)

    def _look_at(self, examples: Examples, y: Any) -> None:
        if self.history_.best_epoch == 0:
            or_frozen = "" if self.frozen or self.pretrained is None else ", or frozen=True"
            warnings.warn(
                "No epoch of learning from labels made held-out rows better, so the start was kept: what predict says "
                f"means nothing. Take another rate (Trainer(learning_rate=...)) or more epochs{or_frozen}.",
                StartKeptWarning,
                stacklevel=users_level(),
            )

    def _learn_schema(self, examples: Examples, scaling: str) -> Schema:
        known = self._pretrained()
        if known is None:
            check_kind(examples, NUMBERS, owner="Classifier without a pretrained model")
            return super()._learn_schema(examples, scaling)
        known.schema.check(examples, owner="The pretrained model")
        return known.schema.of_count(len(examples))

    def _learn_target(self, y: Any, schema: Schema) -> Condition:
        if y is None:
            raise ParameterError("Classifier requires y to be passed, but the target y is None: the class of each row")
        found = Condition.learn(column_or_1d(y, warn=True), count=schema.count)
        if found.classes is None or len(found.classes) < 2:
            told = "numbers (Unknown label type: continuous)" if found.classes is None else "1 class only"
            raise DataError(f"y holds {told}; Classifier expects two classes or more")
        return found

    def _encoder(self, setting: Setting) -> Encoder:
        known = self._pretrained()
        if known is not None:
            return Pretrained(known.encoder, self.frozen)
        networks = make_networks(self.network, setting, latent_dim=FEATURES, features=FEATURES, linear_path="none")
        return networks.encoder

    def _pretrained(self) -> SavedEncoder | None:
        """A copy of the encoder that goes on learning; raises ``ParameterError`` and ``SavedModelError``."""
        given = self.pretrained.estimator if isinstance(self.pretrained, FrozenEstimator) else self.pretrained
        if given is None:
            if hasattr(self, "autoencoder_") and isinstance(self.autoencoder_.encoder, Pretrained):
                raise ParameterError(
                    "This classifier went on from a model that is not saved with it; to fit it again give that model: "
                    "set_params(pretrained=...)"
                )
            return None
        if isinstance(given, str | Path):
            return SavedEncoder.read(Path(given))
        if not isinstance(given, Estimator):
            raise ParameterError(f"pretrained is {given!r:.100}; expected a fitted model, the folder of one, or None")
        if not given.__sklearn_is_fitted__():
            raise ParameterError(
                f"pretrained is a {type(given).__name__}, which is not fitted; clone() forgets: give its folder or "
                "FrozenEstimator(model)"
            )
        return SavedEncoder.of(given.autoencoder_.encoder, given.schema_, f"pretrained, a {type(given).__name__}")
