"""Pairs of sentences that people have scored: how well angles between codes agree with them."""

import csv
import lzma
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data.loading import RemoteFile, local

Encode = Callable[[list[str]], NDArray[np.floating]]


@dataclass(frozen=True, kw_only=True)
class ScoredPairs:
    """First and second sentences, and how alike people found them, 0 to 5."""

    first: list[str]
    second: list[str]
    scores: list[float]

    @property
    def sentences(self) -> set[str]:
        """All of them, each once."""
        return {*self.first, *self.second}


def stsb(part: str) -> ScoredPairs:
    """The English STS benchmark: ``"train"``, 5749 pairs, or ``"dev"``, 1500."""
    with lzma.open(local(RemoteFile(path=f"stsb/stsb_en_{part}.csv.xz")), "rt", encoding="utf8") as file:
        rows = [row for row in csv.reader(file) if _is_number(row[2])]
    return ScoredPairs(
        first=[row[0] for row in rows], second=[row[1] for row in rows], scores=[float(row[2]) for row in rows]
    )


def agreement(encode: Encode, pairs: ScoredPairs) -> float:
    """Spearman's correlation of the cosine of both codes with what people say."""
    from scipy.stats import spearmanr

    one, other = (_of_length_one(encode(texts)) for texts in (pairs.first, pairs.second))
    return float(spearmanr((one * other).sum(1), pairs.scores).statistic)


def latent_semantics(texts: Sequence[str], numbers: int, *, weighted: bool, seed: int) -> Encode:
    """A bag of words, weighted by inverse document frequency or not, and so many of its singular vectors."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    bag = TfidfVectorizer() if weighted else CountVectorizer()
    fitted = make_pipeline(bag, TruncatedSVD(numbers, random_state=seed)).fit(texts)
    return lambda given: fitted.transform(given)


def bag_of_words(texts: Sequence[str]) -> Encode:
    """TF-IDF of all words, as many numbers as there are."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    fitted = TfidfVectorizer().fit(texts)
    return lambda given: fitted.transform(given).toarray()


def random_projection(texts: Sequence[str], numbers: int, *, seed: int) -> Encode:
    """TF-IDF, projected at random: it keeps angles, and all words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.random_projection import GaussianRandomProjection

    fitted = make_pipeline(TfidfVectorizer(), GaussianRandomProjection(numbers, random_state=seed)).fit(texts)
    return lambda given: fitted.transform(given)


def _of_length_one(codes: NDArray[np.floating]) -> NDArray[np.floating]:
    return codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-9)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
