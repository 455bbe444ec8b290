"""Which networks and which likelihood fit the data, where the user does not say."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from isthmus import catalogue
from isthmus.component import Component
from isthmus.data.schemas.mixed import coded_columns
from isthmus.errors import ParameterError, UnknownNameError, check, did_you_mean, problems
from isthmus.layers.linear_path import LinearPath
from isthmus.schedules.geometric import Geometric
from isthmus.schedules.linear_warmup import LinearWarmup
from isthmus.stations import Codebook, Corruption, Decoder, Encoder, Likelihood, Schedule, Term
from isthmus.terms.code_cost import CodeCost

if TYPE_CHECKING:
    from isthmus.data.labels import Condition
    from isthmus.data.schema import Schema

Network = str | Mapping[str, Any] | Sequence[nn.Module]
LARGE_PICTURE = 2048  # values from which convolutions are worth their time
ENOUGH_PICTURES = 2000
FEW, MANY = 1000, 10_000  # rows; see isthmus.training.defaults
MOST_COORDINATES = 2048
SMALLEST_GRID = 8  # pixels from which a picture's code is a grid
START: dict[type[Schedule], float] = {LinearWarmup: 10.0, Geometric: 100.0}  # weight of a KL that cools, at first


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a model is built for: the data's schema, how many rows, the likelihood, what is known, what is asked."""

    schema: Schema
    rows: int
    likelihood: Likelihood
    condition_dim: int = 0
    told_numbers: bool = False  # the condition is numbers, a 1 behind them; otherwise a class, one-hot
    target: Condition | Schema | None = None  # what is to be predicted, where it is not x


@dataclass(frozen=True, kw_only=True)
class Networks:
    """An encoder and the decoder that goes with it."""

    encoder: Encoder
    decoder: Decoder


def make_networks(
    network: Network,
    setting: Setting,
    *,
    latent_dim: int,
    features: int,
    linear_path: LinearPath = "fixed",
    code: Literal["flat", "grid", "patches"] = "flat",
    known: Mapping[str, Any] | None = None,
    out: Schema | None = None,
) -> Networks:
    """Both networks: ``"auto"``, a name, a mapping with a name and arguments for both, or two torch modules.

    The decoder gets the encoder's ``hidden`` or ``channels`` reversed, and what a mapping's ``"decoder"`` says.
    ``features`` is what the bottleneck takes. With a ``"grid"`` or ``"patches"`` pictures keep their places: a code
    ``[height, width, latent_dim]`` where the network is one of convolutions (or a vision transformer), and ``"auto"``
    then is. ``out`` is the schema of what is to come out, where it is not x. ``known`` are arguments that the model
    knows, for the networks that have a parameter for them. Raises ``ParameterError`` and ``UnknownNameError``, all
    mistakes at once.
    """
    if not isinstance(network, str | Mapping):
        return _from_modules(network, setting, latent_dim, features)
    name, given = _name_and_arguments(network, automatic=True)
    name = _automatic_name(setting, code) if name == "auto" else name
    for_decoder = _only_for_decoder(given)
    both = {"linear_path": linear_path, "condition_dim": setting.condition_dim, "flatten": code == "flat"}
    counts = setting.likelihood.scaling == "counts"
    both |= ({"sees_hidden": True} if setting.schema.gaps else {}) | {"log_counts": counts} | dict(known or {})
    both |= (_mlp_arguments(setting, latent_dim, linear_path) if name == "mlp" else {}) | dict(given)
    encoder = both | {"in_shape": setting.schema.shape, "out_dim": features, "latent_dim": latent_dim}
    decoder = _backwards(both) | for_decoder
    decoder |= {
        "latent_dim": latent_dim,
        "out_shape": (setting.schema if out is None else out).shape,
        "outputs": setting.likelihood.outputs,
    }
    if setting.likelihood.outputs > 1:
        decoder.pop("coordinates", None)
    _check_given(name, {**given, **for_decoder})
    if counts and "log_counts" not in catalogue.parameters("encoders", name):
        raise ParameterError(
            f"network {name!r} does not take counts. Choose network='mlp', two torch modules, which see counts as they "
            "are, or likelihood='gaussian' for log(1 + counts)"
        )
    return Networks(encoder=_make("encoders", name, encoder), decoder=_make("decoders", name, decoder))


def make_likelihood(wanted: str | Mapping[str, Any] | Likelihood, schema: Schema) -> Likelihood:
    """A fresh likelihood from a name, a mapping with a name and arguments, or a likelihood to copy.

    A categorical one learns its number of levels from the schema, one of mixed columns what each of them is, one of
    counts how many there are in a row.
    """
    if isinstance(wanted, Likelihood):
        return catalogue.build(wanted.spec())
    name, given = _name_and_arguments(wanted)
    if name == "categorical" and "levels" not in given:
        given = {**given, "levels": schema.levels}
    if name == "mixed_columns" and "columns" not in given:
        given = {**given, "columns": coded_columns(schema)}
    if likelihood_scaling(name) == "counts":
        given = {"shape": schema.shape, "relative": True, **given}
    return catalogue.make("likelihoods", name, given)


def likelihood_scaling(wanted: str | Mapping[str, Any] | Likelihood) -> str:
    """How data must be scaled for a likelihood: see ``NumericSchema.learn``."""
    if isinstance(wanted, Likelihood):
        return wanted.scaling
    if isinstance(wanted, str) and wanted == "auto":
        return "auto"
    found: type[Likelihood] = catalogue.find("likelihoods", _name_and_arguments(wanted)[0])
    return found.scaling


def make_part(station: str, wanted: str | Mapping[str, Any] | Component, known: Mapping[str, Any] | None = None) -> Any:
    """A fresh part from a name, a mapping with a ``name`` and arguments, or a part to copy.

    ``known`` are arguments that the model knows; the part takes those it has a parameter for.

    >>> make_part("corruptions", {"name": "masking", "share": 0.5}).share
    0.5
    """
    if isinstance(wanted, Component):
        return catalogue.build(wanted.spec())
    name, given = _name_and_arguments(wanted)
    taken = {word: value for word, value in (known or {}).items() if word in catalogue.parameters(station, name)}
    return catalogue.make(station, name, {**taken, **given})


def make_view(wanted: Any, setting: Setting, owner: str, automatic: Any = "warp") -> Corruption | None:
    """What the encoder sees in training: a part by name; ``"auto"``: pictures a little warped, all else as it is; None.

    ``automatic`` says how pictures are warped. Raises ``ParameterError`` for a corruption of texts.
    """
    if wanted is None or (isinstance(wanted, str) and wanted == "auto" and setting.schema.kind != "image"):
        return None
    made: Corruption = make_part("corruptions", automatic if isinstance(wanted, str) and wanted == "auto" else wanted)
    check(owner, (not made.of_symbols, f"corruption is {wanted!r:.100}, which is for texts; expected one for numbers"))
    return made


def cooling_weight(
    owner: str, cooling: int | str, steps: int, *, fall: type[LinearWarmup | Geometric] = LinearWarmup
) -> float | Schedule:
    """The weight of a KL that is dear at first and falls to 1 in ``cooling`` steps; ``"auto"``: half of all ``steps``.

    Evenly from 10: what is told beside a code is then left to that, and stays there. By the same factor at each step
    from 100, at which codes tell nothing: they take up one factor after the other.

    >>> cooling_weight("CVAE", "auto", 200).at(0), cooling_weight("CVAE", 0, 200)
    (10.0, 1.0)
    """
    during = steps_of(owner, "cooling", cooling, steps)
    return fall(during, start=START[fall], end=1.0) if during else 1.0


def steps_of(owner: str, word: str, value: int | str, steps: int, *, least: int = 0) -> int:
    """The steps that a parameter ``word`` says; ``"auto"``: half of all ``steps``.

    >>> steps_of("AnnealedVAE", "steps", "auto", 200), steps_of("AnnealedVAE", "steps", 30, 200)
    (100, 30)
    """
    automatic = isinstance(value, str) and value == "auto"
    number = isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= least
    check(owner, (automatic or number, f"{word} is {value!r}; expected 'auto', or steps, {least} or more"))
    return max(least, steps // 2) if automatic else int(value)


def named(wanted: Any, otherwise: str) -> Any:
    """A network by name, where the model's user may say ``"auto"``, or arguments alone.

    >>> named("auto", "transformer"), named({"depth": 2}, "transformer")
    ('transformer', {'name': 'transformer', 'depth': 2})
    """
    if isinstance(wanted, Mapping):
        return {"name": otherwise, **wanted}
    return otherwise if isinstance(wanted, str) and wanted == "auto" else wanted


def make_codebook(
    wanted: str | Mapping[str, Any] | Component, size: int | str, setting: Setting, *, grid: tuple[int, ...], dim: int
) -> Codebook:
    """A fresh codebook of ``size`` vectors of ``dim`` numbers; ``"auto"`` is decided by the data."""
    return make_part("codebooks", wanted, {"size": _codebook_size(size, setting, grid), "dim": dim})


def codebook_terms(codebook: Codebook, commitment: float) -> list[Term]:
    """What a code of vectors costs: commitment, and the codebook's own pull where it learns by gradient."""
    return [CodeCost("commitment", commitment), *([CodeCost("codebook")] if codebook.learned else [])]


def _codebook_size(wanted: int | str, setting: Setting, grid: tuple[int, ...]) -> int:
    """``wanted``, or for ``"auto"`` the power of 2 up to 512 that leaves each vector 8 features of the data."""
    if wanted != "auto":
        check(
            "codebook_size", (isinstance(wanted, numbers.Integral) and wanted >= 2, f"{wanted!r}; expected 2 or more")
        )
        return int(wanted)
    bearable = setting.rows * math.prod(grid) // 8
    return int(min(512, 2 ** max(1, bearable.bit_length() - 1)))


def _name_and_arguments(wanted: str | Mapping[str, Any], *, automatic: bool = False) -> tuple[str, dict[str, Any]]:
    if isinstance(wanted, str):
        return wanted, {}
    if not isinstance(wanted, Mapping):
        raise ParameterError(f"expected a name, or a mapping with a 'name' and arguments; got {wanted!r:.100}")
    given = dict(wanted)
    if "name" not in given and not automatic:
        raise ParameterError(f"{wanted!r:.100} has no 'name'; expected {{'name': ..., and its arguments}}")
    return str(given.pop("name", "auto")), given


def _automatic_name(setting: Setting, code: str) -> str:
    """Convolutions for many large pictures where there is a GPU to pay for them; else a multi-layer perceptron."""
    if code != "flat" and setting.schema.kind == "image" and min(setting.schema.shape[1:]) >= SMALLEST_GRID:
        return "conv" if code == "grid" else "vit"
    large = math.prod(setting.schema.shape) >= LARGE_PICTURE and min(setting.schema.shape[1:], default=0) >= 16
    enough = setting.rows >= ENOUGH_PICTURES
    fast = torch.cuda.is_available() or torch.backends.mps.is_available()
    return "conv" if setting.schema.kind == "image" and large and enough and fast else "mlp"


def _mlp_arguments(setting: Setting, latent_dim: int, linear_path: LinearPath) -> dict[str, Any]:
    """Width, dropout and coordinates by the number of rows (docs/decisions/0008-linear-path.md)."""
    if setting.rows >= MANY:
        return {"hidden": (512, 512)}
    if setting.likelihood.scaling == "counts":  # whose logarithms no coordinates lead back from
        few = setting.rows < FEW
        return {"hidden": (128, 128) if few else (256, 256), "dropout": 0.2 if few else 0.0}
    dim = math.prod(setting.schema.shape)
    spanned = (setting.rows * 3 // 4 if setting.rows < FEW else setting.rows) - 1
    coordinates = max(1, min(dim, spanned))
    width = 128 if setting.rows < FEW else 256
    exact = latent_dim >= coordinates and linear_path == "fixed"  # the straight road loses nothing
    return {
        "hidden": () if exact else (width, width),
        "dropout": 0.2 if setting.rows < FEW else 0.0,
        "coordinates": coordinates if coordinates <= MOST_COORDINATES else None,
    }


def _backwards(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Widths are listed from the data to the code for an encoder, from the code to the data for a decoder."""
    widths = ("hidden", "channels")
    return {key: tuple(reversed(value)) if key in widths else value for key, value in arguments.items()}


def _only_for_decoder(given: dict[str, Any]) -> dict[str, Any]:
    """Takes the arguments under ``"decoder"`` out of a mapping."""
    found = given.pop("decoder", {})
    if not isinstance(found, Mapping):
        raise ParameterError(f"network's 'decoder' is {found!r:.100}; expected a mapping of arguments for the decoder")
    return dict(found)


def _check_given(name: str, given: Mapping[str, Any]) -> None:
    known = set(catalogue.parameters("encoders", name)) | set(catalogue.parameters("decoders", name))
    known -= {"in_shape", "out_dim", "latent_dim", "out_shape", "outputs", "condition_dim", "flatten", "sees_hidden"}
    known -= {"levels", "end", "style_dim", "log_counts"}
    wrong = [
        f"network {name!r} has no parameter {word!r}. {did_you_mean(word, known)}"
        for word in given
        if word not in known
    ]
    if wrong:
        raise UnknownNameError(wrong[0] if len(wrong) == 1 else problems("Wrong parameters:", wrong))


def _make(station: str, name: str, arguments: Mapping[str, Any]) -> Any:
    """Each of the two takes the arguments that it knows."""
    known = catalogue.parameters(station, name)
    return catalogue.make(station, name, {word: value for word, value in arguments.items() if word in known})


def _from_modules(network: Sequence[nn.Module], setting: Setting, latent_dim: int, features: int) -> Networks:
    pair = isinstance(network, Sequence) and len(network) == 2
    if not pair or not all(isinstance(module, nn.Module) for module in network):
        raise ParameterError(
            f"network is {network!r:.200}; expected 'auto', a name, a mapping, or two torch modules (encoder, decoder)"
        )
    shape = {"in_shape": setting.schema.shape, "out_dim": features}
    condition = {"condition_dim": setting.condition_dim}
    encoder = catalogue.make("encoders", "module", {"module": network[0], **shape, **condition})
    out = {"latent_dim": latent_dim, "out_shape": setting.schema.shape, "outputs": setting.likelihood.outputs}
    out |= {"module": network[1], "grid": encoder.grid, **condition}
    return Networks(encoder=encoder, decoder=catalogue.make("decoders", "module", out))
