"""A torch module that remembers its arguments, so that it can be written down as JSON and built again."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, ClassVar, Self

from torch import nn

from isthmus.argument_types import check_types
from isthmus.errors import ParameterError, problems
from isthmus.search_ranges import Range

_MAY_OVERRIDE = {"forward", "extra_repr"}
_RESERVED = ({name for name in dir(nn.Module) if not name.startswith("_")} | {"training"}) - _MAY_OVERRIDE

SHADOWS = """{owner} uses names that torch.nn.Module already has: {names}.
A component that shadows them breaks the module silently (`.to(device)` would call it). Rename, for example
  wrong:  def __init__(self, to: int)
  right:  def __init__(self, target_dim: int)"""


class Component(nn.Module):
    """A part of a model. What its constructor was given is kept in ``arguments``; wrong types are refused.

    >>> class Scale(Component):
    ...     def __init__(self, factor: float = 2.0) -> None:
    ...         super().__init__()
    >>> Scale(3.0).arguments
    {'factor': 3.0}
    >>> class Wrong(Component):
    ...     def __init__(self, train: bool) -> None:
    ...         super().__init__()
    Traceback (most recent call last):
    isthmus.errors.ParameterError: Wrong uses names that torch.nn.Module already has: train.
    """

    compiles: ClassVar[bool] = True  # torch.compile takes what it does in training
    registered: ClassVar[str | None] = None  # "station/name", set for plug-ins by the catalogue
    search: ClassVar[Mapping[str, Range]] = {}  # where tuning looks for its parameters, by their names

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Bind the arguments before any constructor runs."""
        self = super().__new__(cls)
        object.__setattr__(self, "_arguments", {})
        if not constructor_parameters(cls):
            return self
        try:
            bound = inspect.signature(cls.__init__).bind(self, *args, **kwargs)
        except TypeError:  # unpickling and copying come without arguments; wrong ones fail in __init__
            return self
        bound.apply_defaults()
        given = {name: value for name, value in bound.arguments.items() if name != "self"}
        check_types(cls.__name__, cls.__init__, given)
        object.__setattr__(self, "_arguments", given)
        return self

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        parameters = set(inspect.signature(cls.__init__).parameters) if "__init__" in vars(cls) else set()
        own = {name for name in vars(cls) if not name.startswith("_")}
        shadowed = sorted(_RESERVED & (own | parameters | set(inspect.get_annotations(cls))))
        if shadowed:
            raise ParameterError(SHADOWS.format(owner=cls.__name__, names=", ".join(shadowed)))

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What the constructor was given, defaults included."""
        return self._arguments  # type: ignore[return-value]

    def spec(self) -> dict[str, Any]:
        """This component as JSON-able data; ``isthmus.catalogue.build`` makes it again.

        Raises ``ParameterError`` naming every argument that cannot be written down.

        >>> from isthmus.schedules.linear_warmup import LinearWarmup
        >>> LinearWarmup(steps=10).spec()
        {'component': 'schedules/linear_warmup', 'arguments': {'steps': 10, 'start': 0.0, 'end': 1.0}}
        """
        found: list[str] = []
        arguments = {name: _as_json(value, name, found) for name, value in self.arguments.items()}
        if found:
            raise ParameterError(problems(f"{type(self).__name__} cannot be written as JSON:", found))
        return {"component": registered_name(type(self)), "arguments": arguments}


def constructor_parameters(cls: type) -> dict[str, inspect.Parameter]:
    """The named parameters of a class's constructor, without ``self``.

    >>> list(constructor_parameters(Component))
    []
    """
    if cls.__init__ in (nn.Module.__init__, object.__init__):  # type: ignore[misc]
        return {}
    found = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    return {name: parameter for name, parameter in found.items() if name != "self"}


def registered_name(cls: type) -> str:
    """``"station/name"``: the folder and the file that hold the class, or its entry point."""
    if getattr(cls, "registered", None) is not None:
        return str(cls.registered)  # type: ignore[attr-defined]
    package, _, stem = cls.__module__.rpartition(".")
    if package.startswith("isthmus.") or package == "isthmus":
        return f"{package.rpartition('.')[2]}/{stem}" if package != "isthmus" else stem
    value = f"{cls.__module__}:{cls.__qualname__}"
    for group in entry_points().groups:
        for point in entry_points(group=group) if group.startswith("isthmus.") else ():
            if point.value == value:
                return f"{group.removeprefix('isthmus.')}/{point.name}"
    raise ParameterError(
        f"{value} is not in the catalogue, so a model that holds it cannot be saved. Give its package an "
        f'entry point: [project.entry-points."isthmus.<station>"] <name> = "{value}"'
    )


def _as_json(value: Any, where: str, found: list[str]) -> Any:
    """``value`` as JSON-able data; what cannot be written is added to ``found``."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, numbers.Integral):  # numpy's, from a search over parameters
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, Component):
        return value.spec()
    if isinstance(value, nn.Module):  # the user's own: its weights are saved, its code is not
        return {"external": f"{type(value).__module__}.{type(value).__qualname__}"}
    if isinstance(value, list | tuple):
        return [_as_json(item, f"{where}[{i}]", found) for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {str(key): _as_json(item, f"{where}.{key}", found) for key, item in value.items()}
    found.append(f"{where}: a {type(value).__name__} is neither plain data nor a component")
    return None
