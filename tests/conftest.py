"""What holds for all tests."""

import pytest

from isthmus.training.random_stream import RandomStream


@pytest.fixture(autouse=True)
def own_stream():
    """Each test draws from a stream of its own: alone, in any order and with any companions it sees the same."""
    with RandomStream(0):
        yield
