"""A model on rows it has not seen, beside PCA with a code of the same size.

A sparse code has the size of the units that are active in a row on average; a discrete one that of its bits.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from isthmus.data.examples import Examples
from isthmus.data.labels import missing_labels
from isthmus.data.schema import Schema
from isthmus.data.schemas.text import TextSchema
from isthmus.errors import DataError
from isthmus.metrics.latent_information import FEWEST_ROWS, LatentInformation, latent_information
from isthmus.metrics.latent_usage import usage_of
from isthmus.metrics.neighbours import knn_accuracy
from isthmus.metrics.picture_quality import PictureQuality
from isthmus.metrics.probes import linear_probe
from isthmus.metrics.reconstruction import bits_per_dim, mean_squared_error
from isthmus.metrics.rows import DRAWS, LIKELIHOOD_ROWS, compared, told_already
from isthmus.metrics.term_values import term_values
from isthmus.metrics.text_quality import TextQuality
from isthmus.metrics.text_table import aligned

if TYPE_CHECKING:
    from isthmus.autoencoder import Autoencoder
    from isthmus.estimator import Estimator

LEARNT_ROWS = 20_000  # that PCA and the neighbours learn from, at the most
NOTHING = 1e-12  # an error that is rounding
NOTHING_TOLD = "no labels that name classes, so nothing tells what features know"


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """Measured on held-out rows; likelihoods in nats per row.

    Errors are in the model's scaled units (pictures: [0, 1]), so that no column counts by its unit; PCA sees
    the same scaled values. Models of features alone have no error; a linear classifier of their features tells what
    they are worth, and the terms of the loss what they have learnt. Models of texts have no error: ``text`` says how
    well they write, and PCA sees bags of tokens.
    """

    model: str
    latent_dim: int
    train_rows: int
    test_rows: int
    mse: float | None
    pca_mse: float | None
    pca_dim: int
    knn: float | None  # 5-NN accuracy of held-out codes, where there are labels
    pca_knn: float | None
    elbo: float | None  # where the code is random
    log_likelihood: float | None  # importance-sampled
    encode_seconds: float
    bits: float | None = None  # of a discrete code; PCA then has as many, at 32 a number
    probe: float | None = None  # accuracy of a linear classifier of held-out features
    pca_probe: float | None = None
    accuracy: float | None = None  # of a classifier, on held-out rows with labels
    rows_are: str = "held-out rows"
    text: TextQuality | None = None  # of a model of texts
    collapse: str | None = None  # of a random code that tells next to nothing, and what to do
    terms: dict[str, float] = field(default_factory=dict)  # of the loss, where nothing is rebuilt
    meanings: dict[str, str] = field(default_factory=dict)  # of these
    pictures: PictureQuality | None = None  # of rebuilt pictures
    bits_per_dim: float | None = None  # by log_likelihood: of pictures, for each number of x in its units
    information: LatentInformation | None = None  # of a random code of numbers
    draws: int = DRAWS  # of each code, for log_likelihood
    rate: float | None = None  # of a random code with a prior, nats, by the same rows and draws as the ELBO

    @classmethod
    def measure(
        cls, estimator: Estimator, train: Examples, test: Examples, *, draws: int = DRAWS, seed: int = 0
    ) -> Scorecard:
        """Encode and rebuild ``test``; PCA and neighbours learn from ``train``. Raises ``DataError``.

        log p(x) is of so many ``draws`` of each code; ``seed`` is theirs, and that of the information.
        """
        if len(test) == 0:
            raise DataError("There are no test rows to measure on")
        conditional = estimator.condition_ is not None
        if conditional and test.labels is None:
            raise DataError(f"{type(estimator).__name__} is conditional: the rows to measure on need labels")
        schema, textual = estimator.schema_, isinstance(estimator.schema_, TextSchema)
        silent = not (estimator.decodes or estimator.writes or estimator.supervised)
        with told_already():
            terms = term_values(estimator, test) if silent else {}
        train, test = compared(schema, train.at_most(LEARNT_ROWS)), compared(schema, test)
        given: dict[str, Any] = {"condition": test.labels} if conditional else {}
        began = time.perf_counter()
        codes = estimator.transform(test, **given)
        seconds = time.perf_counter() - began
        x_train, x_test = schema.flat(train), schema.flat(test)
        dim = codes.reshape(len(codes), -1).shape[1]
        bits = code_bits(estimator.autoencoder_)
        pca = _Pca.fit(x_train, code_size(codes.reshape(len(codes), -1)) if bits is None else max(1, round(bits / 32)))
        paired = isinstance(estimator.target_, Schema)  # labels are texts to be written
        labelled = has_classes(train) and has_classes(test) and not paired
        own: Any = None
        if labelled and not conditional:
            with told_already():
                own = (estimator.transform(train), train.labels, codes, test.labels)
        pca_codes: Any = (pca.encode(x_train), train.labels, pca.encode(x_test), test.labels)
        features = textual or not estimator.decodes  # are what counts
        probed = labelled and features and len(np.unique(np.asarray(train.labels, dtype=str))) > 1
        text = TextQuality.measure(estimator, test) if estimator.writes else None
        usage = usage_of(estimator, test.at_most(LIKELIHOOD_ROWS))
        elbo, likelihood = (
            likelihoods(estimator, test, draws, seed) if text is None else (text.elbo, text.log_likelihood)
        )
        return cls(
            model=type(estimator).__name__,
            latent_dim=dim,
            train_rows=estimator.schema_.count,
            test_rows=len(test),
            mse=None if features else _error(estimator, test, x_test, given),
            pca_mse=None if features else mean_squared_error(x_test, pca.rebuild(x_test)),
            pca_dim=len(pca.axes),
            knn=knn_accuracy(*own) if own else None,
            pca_knn=knn_accuracy(*pca_codes) if labelled else None,
            probe=linear_probe(*own) if probed and own else None,
            pca_probe=linear_probe(*pca_codes) if probed else None,
            accuracy=_accuracy(estimator, test, paired=paired) if is_classifier(estimator) or paired else None,
            elbo=elbo,
            log_likelihood=likelihood,
            encode_seconds=seconds,
            bits=bits,
            text=text,
            collapse=None if usage is None else usage.remedy(estimator.get_params(deep=False)),
            terms=terms,
            pictures=PictureQuality.of(estimator, test, conditional=conditional),
            bits_per_dim=picture_bits(estimator, likelihood),
            draws=draws,
            rate=None if usage is None else float(usage.kl.sum()),
            information=_information(estimator, test, seed) if usage is not None and not usage.discrete else None,
            meanings={name: meaning for name, meaning in estimator.autoencoder_.meanings().items() if name in terms},
        )

    @property
    def ratio(self) -> float:
        """Test error in units of PCA's; below 1 is better than PCA. Infinite where PCA loses nothing; NaN without."""
        if self.mse is None or self.pca_mse is None:
            return float("nan")
        return self.mse / self.pca_mse if self.pca_mse > NOTHING else float("inf")

    def to_json(self) -> dict[str, Any]:
        """As plain data, the ratio included."""
        ratio = self.ratio if np.isfinite(self.ratio) else None
        return {**asdict(self), "ratio": ratio}

    def as_text(self) -> str:
        """A table for a terminal."""
        rows = [("", self.model, self.rival)]
        if self.text is not None:
            rows += [(name, f"{value:.4g}", "") for name, value in self.text.lines()]
        if self.mse is not None:
            rows.append(("MSE, scaled units", f"{self.mse:.4g}", f"{self.pca_mse:.4g}"))
        if np.isfinite(self.ratio):
            rows.append(("MSE / PCA's", f"{self.ratio:.3f}", "1"))
        if self.knn is not None or self.pca_knn is not None:
            told = "-" if self.knn is None else f"{self.knn:.3f}"
            rows.append(("5-NN accuracy of codes", told, f"{self.pca_knn:.3f}"))
        if self.probe is not None:
            rows.append(("accuracy of a linear classifier", f"{self.probe:.3f}", f"{self.pca_probe:.3f}"))
        if self.accuracy is not None:
            rows.append(("accuracy", f"{self.accuracy:.3f}", ""))
        if self.text is None and self.elbo is not None:
            rows.append(("ELBO, nats", f"{self.elbo:.2f}", ""))
        if self.text is None and self.log_likelihood is not None:
            rows.append((f"log p(x), nats ({self.draws} draws)", f"{self.log_likelihood:.2f}", ""))
        if self.pictures is not None:
            rows.append(("PSNR, dB", f"{self.pictures.psnr:.2f}", ""))
            rows += [] if self.pictures.ssim is None else [("SSIM", f"{self.pictures.ssim:.3f}", "")]
        if self.bits_per_dim is not None:
            rows.append(("bits for each number of x", f"{self.bits_per_dim:.3f}", ""))
        if self.rate is not None and self.text is None:
            rows.append(("rate: KL(q(z|x) || p(z)), nats", f"{self.rate:.3f}", ""))
        if self.information is not None:
            rows += [(name, told, "") for name, told in self.information.lines()[1:]]  # of one draw of each code
        rows += [(f"{name}, a term of the loss", f"{value:.4g}", "") for name, value in self.terms.items()]
        if len(rows) == 1:
            return f"{self.test_rows} {self.rows_are}: {NOTHING_TOLD}"
        lines = aligned(rows)
        if np.isinf(self.ratio):
            lines.append(f"PCA loses nothing with {self.pca_dim} numbers: a smaller latent_dim would show more.")
        lines += [self.collapse] if self.collapse else []
        lines += [f"{name}: {meaning}" for name, meaning in self.meanings.items()]
        return "\n".join([f"{self.test_rows} {self.rows_are}, {self.size} in the code", *lines])

    @property
    def rival(self) -> str:
        """What the model is measured beside, in words; empty where nothing is."""
        if self.mse is None and self.pca_knn is None:
            return ""
        return f"PCA-{self.pca_dim}" if self.text is None else f"bag of tokens, PCA-{self.pca_dim}"

    @property
    def size(self) -> str:
        """What the code holds, in words."""
        if self.bits is None:
            return f"{self.latent_dim} numbers"
        return f"{self.bits:.0f} bits (as {self.pca_dim} of PCA's numbers at 32)"


@dataclass(frozen=True, kw_only=True)
class _Pca:
    """Mean and axes; where the data allow fewer axes than wanted, as many as there are."""

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]

    @classmethod
    def fit(cls, x: NDArray[np.float64], dim: int) -> _Pca:
        from sklearn.decomposition import PCA

        found = PCA(min(dim, *x.shape), random_state=0).fit(x)
        return cls(mean=found.mean_, axes=found.components_)

    def encode(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((x - self.mean) @ self.axes.T)

    def rebuild(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self.encode(x) @ self.axes + self.mean)


def code_bits(model: Autoencoder) -> float | None:
    """Of an example's code, where it is discrete."""
    levels = model.bottleneck.levels
    if not levels:
        return None
    return math.prod(model.code_shape[:-1]) * sum(math.log2(level) for level in levels)


def code_size(codes: NDArray[Any]) -> int:
    """Numbers in a code; for a sparse one those that are not zero."""
    active = (codes != 0).sum(1).mean()
    return max(1, round(float(active))) if active < 0.5 * codes.shape[1] else codes.shape[1]


def has_classes(examples: Examples) -> bool:
    """Whether labels are classes, one for each row: text, or few whole numbers."""
    if examples.labels is None or examples.labels.ndim != 1 or missing_labels(examples.labels).any():
        return False
    if examples.labels.dtype.kind in "USOb":
        return True
    return bool((examples.labels == np.round(examples.labels)).all()) and len(np.unique(examples.labels)) <= 50


def _error(estimator: Estimator, test: Examples, x: NDArray[np.float64], given: dict[str, Any]) -> float:
    """The mean squared error of what is rebuilt, in scaled units."""
    rebuilt = estimator.rebuilt(test, **given)
    gaps = _gaps(test)
    values = rebuilt.values if gaps is None else np.where(gaps, np.nan, rebuilt.values)  # nothing tells what was there
    return mean_squared_error(x, estimator.schema_.flat(replace(rebuilt, values=values)))


def _gaps(examples: Examples) -> NDArray[np.bool_] | None:
    """Where a table of mixed columns has none."""
    return np.isnan(examples.values) if examples.kind == "mixed" else None


def _accuracy(estimator: Any, test: Examples, *, paired: bool) -> float | None:
    """The share of held-out rows whose class, or whose text, is told exactly."""
    if test.labels is None:
        return None
    if paired:
        some = test.at_most(LIKELIHOOD_ROWS)
        return float(np.mean(estimator.predict(some) == np.asarray(some.labels, dtype=object)))
    test = test.take(np.flatnonzero(~missing_labels(test.labels)))
    return float(estimator.score(test, test.labels)) if len(test) and has_classes(test) else None


def picture_bits(estimator: Estimator, likelihood: float | None) -> float | None:
    """-log p(x) in bits for each number of a picture; None of other data."""
    if likelihood is None or estimator.schema_.kind != "image":
        return None
    return bits_per_dim(likelihood, math.prod(estimator.schema_.shape))


def _information(estimator: Estimator, test: Examples, seed: int) -> LatentInformation | None:
    with told_already():
        return latent_information(estimator, test, random_state=seed) if len(test) >= FEWEST_ROWS else None


def likelihoods(
    estimator: Estimator, test: Examples, draws: int = DRAWS, seed: int = 0
) -> tuple[float | None, float | None]:
    """The ELBO and log p(x), nats per row, of a model that has them; of at most 1000 rows."""
    prior, some = estimator.autoencoder_.prior, test.at_most(LIKELIHOOD_ROWS)
    random_code = prior is not None and estimator.autoencoder_.bottleneck.random
    bounded = random_code or (prior is not None and prior.symbolic)
    given: dict[str, Any] = {} if estimator.condition_ is None else {"condition": some.labels}
    return (
        estimator._mean_score(some, **given) if bounded else None,
        float(estimator.log_prob(some, draws, random_state=seed, **given).mean()) if random_code else None,
    )
