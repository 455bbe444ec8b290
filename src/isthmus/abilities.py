"""What an estimator can do by its nature: for ``available_if``, which then tells what cannot be done, and who can."""

from __future__ import annotations

from typing import Any

from isthmus.errors import NotAvailableError


def if_it_encodes(estimator: Any) -> bool:
    """A generator alone has no way from x to a code: raises ``NotAvailableError``.

    >>> import isthmus as im
    >>> hasattr(im.AE(2), "transform"), hasattr(im.WGANGP(2), "transform")
    (True, False)
    """
    if not estimator.encodes:
        raise NotAvailableError(
            f"{type(estimator).__name__} is a generator alone: it samples, and cannot encode, rebuild or score. "
            "BiGAN and AAE can."
        )
    return True


def if_it_decodes(estimator: Any) -> bool:
    """Features alone have no way back to x: raises ``NotAvailableError``.

    >>> import isthmus as im
    >>> hasattr(im.VAE(2), "sample"), hasattr(im.MAE(2), "sample")
    (True, False)
    """
    if not estimator.decodes:
        raise NotAvailableError(
            f"{type(estimator).__name__} makes features: transform gives them, and nothing leads from them back to x. "
            "AE and VAE have a way back; VAE samples, too."
        )
    return True


def if_there_and_back(estimator: Any) -> bool:
    """From x to a code, and back: raises ``NotAvailableError``."""
    return if_it_encodes(estimator) and if_it_decodes(estimator)


def if_it_imputes(estimator: Any) -> bool:
    """Where gaps of a table can be filled: raises ``NotAvailableError``.

    >>> import isthmus as im
    >>> hasattr(im.VAE(2), "impute"), hasattr(im.TableMAE(2), "impute"), hasattr(im.DeepInfoMax(2), "impute")
    (True, True, False)
    """
    return estimator.imputes or if_there_and_back(estimator)


def if_it_scores(estimator: Any) -> bool:
    """Where there is a ``score_samples``, the model's own or the general one: raises ``NotAvailableError``."""
    return estimator.score_samples is not None


def if_it_has_parts(estimator: Any) -> bool:
    """Where the code is made of named parts: raises ``NotAvailableError``.

    >>> import isthmus as im
    >>> hasattr(im.ContentStyleAE(2), "swap"), hasattr(im.VAE(2), "swap")
    (True, False)
    """
    if not estimator.code_parts:
        raise NotAvailableError(
            f"The code of {type(estimator).__name__} has no named parts. ContentStyleAE's has: content and style."
        )
    return if_there_and_back(estimator)
