"""Element-wise non-linearities, by name."""

from torch import nn

from isthmus.errors import UnknownNameError, did_you_mean

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


def activation(name: str) -> nn.Module:
    """The non-linearity of that name; raises ``UnknownNameError`` with the closest one.

    >>> activation("silu")
    SiLU()
    """
    if name not in ACTIVATIONS:
        raise UnknownNameError(f"No activation is called {name!r}. {did_you_mean(name, ACTIVATIONS)}")
    return ACTIVATIONS[name]()
