"""Parts by name: find their classes, build them from arguments or from a spec."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from isthmus.argument_types import check_types
from isthmus.component import constructor_parameters
from isthmus.errors import ParameterError, SavedModelError, UnknownNameError, did_you_mean, problems
from isthmus.listing import STATIONS, Entry, check_name, describe, names, plug_ins

if TYPE_CHECKING:
    from torch import nn

__all__ = ["STATIONS", "Entry", "build", "describe", "find", "learn", "make", "names", "parameters"]


def find(station: str, name: str) -> type:
    """The class of a part; raises ``UnknownNameError`` with the closest name.

    >>> find("bottlenecks", "gaussian").__name__
    'Gaussian'
    >>> find("bottlenecks", "gausian")
    Traceback (most recent call last):
    isthmus.errors.UnknownNameError: No bottleneck is called 'gausian'. Did you mean 'gaussian'? Known: ...
    """
    check_name(station, name)
    if name in plug_ins(station):
        cls = plug_ins(station)[name].load()
        if hasattr(cls, "registered"):
            cls.registered = f"{station}/{name}"
        return cls
    module = importlib.import_module(f"isthmus.{station}.{name}")
    return _only_class(module)


def parameters(station: str, name: str) -> Mapping[str, inspect.Parameter]:
    """The constructor's parameters of a part, by name."""
    return constructor_parameters(find(station, name))


def make(station: str, name: str, arguments: Mapping[str, Any]) -> Any:
    """Build a part from a name and arguments; all wrong argument names are reported at once.

    >>> make("schedules", "constant", {"value": 2.0}).at(0)
    2.0
    >>> make("schedules", "constant", {"valeu": 2.0})
    Traceback (most recent call last):
    isthmus.errors.UnknownNameError: schedules/constant has no parameter 'valeu'. Did you mean 'value'? ...
    """
    _check_words(f"{station}/{name}", parameters(station, name), arguments)
    return find(station, name)(**arguments)


def learn(station: str, name: str, data: Any, arguments: Mapping[str, Any]) -> Any:
    """A part by its class's ``learn``, from data and arguments; wrong argument names are reported at once.

    >>> learn("tokenisers", "characters", ["abba"], {"size": 1}).tokens
    ('a',)
    """
    method = find(station, name).learn  # type: ignore[attr-defined]
    words = list(inspect.signature(method).parameters.items())[1:]  # but the data
    _check_words(f"{station}/{name}", dict(words), arguments)
    check_types(f"{station}/{name}", method, arguments)
    return method(data, **arguments)


def _check_words(part: str, known: Mapping[str, inspect.Parameter], given: Mapping[str, Any]) -> None:
    """Refuse names that are not known, and ask for those that must be given, all at once."""
    required = [word for word, p in known.items() if p.default is inspect.Parameter.empty and word not in given]
    found = [f"{part} has no parameter {word!r}. {did_you_mean(word, known)}" for word in given if word not in known]
    found += [f"{part} needs the parameter {word!r}." for word in required]
    if found:
        raise UnknownNameError(found[0] if len(found) == 1 else problems("Wrong parameters:", found))


def build(spec: Mapping[str, Any], modules: Sequence[nn.Module] = ()) -> Any:
    """Build a component from its ``spec()``. Only parts of the catalogue can be built.

    ``modules`` are the user's own torch modules that the spec mentions, in order: a spec holds no code.
    Raises ``SavedModelError`` if the spec is malformed, ``UnknownNameError`` if it names what does not exist.

    >>> from isthmus.schedules.linear_warmup import LinearWarmup
    >>> build(LinearWarmup(steps=10).spec()).at(5)
    0.5
    """
    return _build(spec, list(modules))


def _build(spec: Mapping[str, Any], modules: list[nn.Module]) -> Any:
    if not isinstance(spec, Mapping) or set(spec) != {"component", "arguments"}:
        raise SavedModelError(f"Expected a component spec with 'component' and 'arguments', got {spec!r:.200}")
    name, arguments = spec["component"], spec["arguments"]
    if not isinstance(name, str) or not isinstance(arguments, Mapping):
        raise SavedModelError(f"A component spec needs a name and a mapping of arguments, got {spec!r:.200}")
    station, _, stem = name.rpartition("/")
    values = {key: _revive(value, modules) for key, value in arguments.items()}
    if not station:
        return _make_composition(stem, values)
    return make(station, stem, values)


def _make_composition(stem: str, arguments: Mapping[str, Any]) -> Any:
    if stem != "autoencoder":
        raise SavedModelError(f"Nothing is called {stem!r}; a model's spec begins with 'autoencoder'.")
    cls = _only_class(importlib.import_module("isthmus.autoencoder"))
    known = set(inspect.signature(cls.__init__).parameters) - {"self"}  # type: ignore[misc]
    if not set(arguments) <= known:
        raise SavedModelError(f"An autoencoder has no argument {sorted(set(arguments) - known)}")
    return cls(**arguments)


def _revive(value: Any, modules: list[nn.Module]) -> Any:
    """JSON-able data back to arguments: nested specs become components, lists become tuples."""
    if isinstance(value, Mapping):
        if set(value) == {"component", "arguments"}:
            return _build(value, modules)
        if set(value) == {"external"}:
            if not modules:
                raise SavedModelError(
                    f"The model holds a network of your own ({value['external']}), whose code is not saved. "
                    "Pass it when loading: load(path, network=(encoder, decoder))."
                )
            return modules.pop(0)
        return {key: _revive(item, modules) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_revive(item, modules) for item in value)
    return value


def _only_class(module: Any) -> type:
    public = [
        value
        for key, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and not key.startswith("_")
    ]
    if len(public) != 1:
        raise ParameterError(f"{module.__name__} must hold exactly one public class; found {len(public)}")
    return public[0]
