"""A random stream of one's own, standing in for torch's global one inside a ``with`` block."""

from __future__ import annotations

from types import TracebackType

import torch
from torch import Tensor


class RandomStream:
    """Inside ``with stream:`` torch draws from this stream; outside, the global state is as it was.

    Everything is covered: corruptions, codes, dropout in anybody's module, compiled code. Streams of one
    process share one global generator, so two fits in two *threads* at once are not reproducible.

    >>> import torch
    >>> before = torch.random.get_rng_state()
    >>> def draw(seed):
    ...     with RandomStream(seed):
    ...         return torch.randn(3)
    >>> bool((draw(0) == draw(0)).all()), bool((before == torch.random.get_rng_state()).all())
    (True, True)
    """

    def __init__(self, seed: int, device: torch.device | None = None) -> None:
        self._cuda = device if device is not None and device.type == "cuda" else None
        self._mine = _seeded(seed, self._cuda)
        self._theirs: list[Tensor] = []

    def __enter__(self) -> RandomStream:
        self._theirs = self._swap(self._mine)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._mine = self._swap(self._theirs)
        self._theirs = []

    def state(self) -> list[Tensor]:
        """The stream's state (uint8 tensors), inside or outside of the block."""
        return self._current() if self._theirs else self._mine

    def restore(self, state: list[Tensor]) -> None:
        """Go back to a state that ``state()`` gave."""
        if self._theirs:
            self._swap(state)
        else:
            self._mine = list(state)

    def _current(self) -> list[Tensor]:
        states = [torch.random.get_rng_state()]
        if self._cuda is not None:
            states.append(torch.cuda.get_rng_state(self._cuda))
        return states

    def _swap(self, new: list[Tensor]) -> list[Tensor]:
        old = self._current()
        torch.random.set_rng_state(new[0])
        if self._cuda is not None:
            torch.cuda.set_rng_state(new[1], self._cuda)
        return old


def _seeded(seed: int, cuda: torch.device | None) -> list[Tensor]:
    states = [torch.Generator().manual_seed(seed).get_state()]
    if cuda is not None:
        states.append(torch.Generator(cuda).manual_seed(seed).get_state())
    return states
