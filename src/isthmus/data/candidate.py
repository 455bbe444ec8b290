"""A token that may stand in a gap."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A token, and how likely it is there.

    >>> Candidate(token="cat", probability=0.5).token
    'cat'
    """

    token: str
    probability: float
