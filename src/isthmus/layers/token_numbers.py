"""Tokens by their numbers."""

from collections.abc import Sequence

from isthmus.errors import check


def check_numbers(owner: str, numbers: Sequence[int], size: int) -> None:
    """Refuse numbers that no token of ``size`` has; negative ones would count from the end.

    >>> check_numbers("Bytes", [0, 255], 256)
    >>> check_numbers("Bytes", [-1], 256)
    Traceback (most recent call last):
    isthmus.errors.ParameterError: Bytes: no token has the numbers [-1]; expected 0 to 255
    """
    wrong = [int(number) for number in numbers if not 0 <= number < size]
    check(owner, (not wrong, f"no token has the numbers {wrong[:5]}; expected 0 to {size - 1}"))
