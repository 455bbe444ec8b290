"""Small examples of any part, made from its constructor's parameters, so that new parts are run unasked.

A parameter without a default gets a value by its name. A part whose constructor wants something that no name
here tells says so in a failing test: add the name, or give the parameter a default.
"""

import copy
import inspect
import itertools
import typing
from dataclasses import replace

import pytest
import torch
from torch import nn

from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.records import Batch, Code, Trace, View
from isthmus.stations import SequenceDecoder
from isthmus.tokenisers import bpe
from isthmus.training.random_stream import RandomStream

BATCH, LATENT, LEVELS = 5, 4, 3
OWN = ("estimator", "codebook", "network", "inner")  # parts of parts
SHAPE = (2, 8, 8)  # pictures with two channels, which every encoder takes (mlp flattens)
LETTERS = bpe.ALPHABET  # as BPE writes the 256 bytes

BY_NAME = {
    "in_shape": SHAPE,
    "out_shape": SHAPE,
    "out_dim": LATENT,
    "latent_dim": LATENT,
    "features_dim": LATENT,
    "levels": LEVELS,
    "steps": 10,
    "period": 10,
    "start": 100.0,
    "rows": 40,
    "capacity": lambda: catalogue.make("schedules", "linear_warmup", {"steps": 3}),
    "name": "kl",
    "size": 8,
    "shape": (2, 1),
    "dim": LATENT,
    "codebook": lambda: catalogue.make("codebooks", "ema", {"size": 8, "dim": LATENT}),
    "network": lambda: catalogue.make(
        "encoders", "conv", {"in_shape": SHAPE, "out_dim": LATENT, "channels": (4, 6), "flatten": False}
    ),
    "inner": lambda: _inner("gaussian", content=LATENT - 1, style=1),
    "condition_dim": 2,
    "classes": 2,
    "concepts": 2,
    "free_dim": 2,
    "parents": ((), (0,)),
    "style_dim": 3,
    "continuous_dim": 3,
    "reader": lambda: catalogue.make("encoders", "mlp", {"in_shape": SHAPE, "out_dim": LATENT, "hidden": (6,)}),
    "estimator": lambda: catalogue.make("gradient_estimators", "straight_through", {}),
    "tokens": ["a", "b", "c"],
    "vocabulary": [*LETTERS, "ab", "abc"],
    "merges": [["a", "b"], ["ab", "c"]],
    "mask": 2,
    "local_dim": 2,
    "members": 2,
    "outputs": 2,  # one of each member
    "of": lambda: catalogue.make("likelihoods", "gaussian", {"variance": "fixed"}),
    "prior": lambda: catalogue.make("priors", "standard_normal", {}),
}
OWN = ("estimator", "codebook", "network", "reader", "of", "capacity", "prior")  # parts that a part keeps for itself
# of one part alone
BY_PART = {
    ("corruptions", "token_masking"): {"levels": 9},
    ("encoders", "conv_recurrent"): {"in_shape": (16, 8)},  # the rows of such a picture, as frames
}
# defaults made small, so that tests are quick and k <= latent_dim
SMALL = {
    "hidden": (6, 5),
    "channels": (4, 6),
    "k": 2,
    "dropout": 0.1,
    "symbol_dropout": 0.3,
    "patience": 2,
    "pretrain_steps": 3,
    "hold_steps": 3,
    "noise": 0.1,
    "free_bits": 0.1,
    "spare": 1,
    "steps": 2,
    "decay": 0.9,
    "width": 8,
    "heads": 2,
    "depth": 2,
    "patch": 2,
    "others": 4,
    "nearest": 2,
    "farthest": 3,
    "group": 3,
    "every": 2,
}


def parts(station):
    """All but those of tables' columns, which have a suite of their own: test_columns.py."""
    return [name for name in catalogue.names(station) if not of_columns(station, name)]


def of_columns(station, name):
    return getattr(catalogue.find(station, name), "of_columns", False)


def cases(station):
    """Every part of a station as it is by default, and once for each other named choice that it offers.

    For ``parametrize(("name", "changed"), ...)``: a likelihood is judged with each of its variances, a network
    with and without its linear path.
    """
    found = [pytest.param(name, {}, id=name) for name in parts(station)]
    for name in parts(station):
        for word in catalogue.parameters(station, name):
            for value in alternatives(station, name, word):
                if isinstance(value, str) and word not in ("name", "activation"):
                    try:
                        make(station, name, **{word: value})
                    except ParameterError:  # refused next to the other arguments
                        continue
                    found.append(pytest.param(name, {word: value}, id=f"{name}-{word}={value}"))
    return found


def arguments(station, name):
    """Arguments for a small example."""
    found = {}
    for word, parameter in catalogue.parameters(station, name).items():
        if word == "module":
            out = LATENT if station == "encoders" else 128
            into = 128 if station == "encoders" else LATENT
            found[word] = nn.Sequential(nn.Flatten(), nn.Linear(into, out))
        elif parameter.default is inspect.Parameter.empty:
            assert word in BY_NAME, f"{station}/{name}: no example value is known for the parameter {word!r}"
            example = BY_NAME[word]
            found[word] = example() if callable(example) else example
        elif word in SMALL:
            small = SMALL[word]
            backwards = station == "decoders" and word in ("hidden", "channels")
            found[word] = tuple(reversed(small)) if backwards else small
    return found | BY_PART.get((station, name), {})


def make(station, name, /, **changed):
    """A small example with fixed weights, connected to a partner where it needs one."""
    with RandomStream(0):
        own = {word: copy.deepcopy(changed[word]) for word in OWN if word in changed}
        part = catalogue.make(station, name, {**arguments(station, name), **changed, **own})
        if station == "decoders":
            connect(part, name, changed)
        if station == "terms":
            part.connect(catalogue.make("decoders", "mlp", arguments("decoders", "mlp")))
        if station == "priors":
            part.connect(*way_to_codes(part.arguments.get("latent_dim", LATENT), name))
        for parameter in part.parameters():  # zero heads would hide what they should show
            if parameter.requires_grad and bool((parameter == 0).all()):
                nn.init.normal_(parameter, std=0.1)
    return part


def way_to_codes(latent_dim, prior=None):
    """An encoder and a bottleneck for priors that look through them: codes about 0, with sds about 1."""
    own = prior if prior in ("ladder", "wrapped_normal") else "gaussian"  # priors that are of one bottleneck
    given = {"in_shape": SHAPE, "out_dim": 2 * latent_dim, "hidden": (6,), "linear_path": "none"}
    return (
        catalogue.make("encoders", "mlp", given).eval(),
        make("bottlenecks", own, latent_dim=latent_dim),
    )


def connect(decoder, name, changed):
    """Decoders that share weights meet the encoder of the same name."""
    partner = {"tied_mlp": "mlp"}.get(name, name)
    if partner not in catalogue.names("encoders") or name == "module":
        return
    given = arguments("encoders", partner)
    known = catalogue.parameters("encoders", partner)
    for word, value in changed.items():
        if word in ("hidden", "channels"):
            given[word] = tuple(reversed(value))
        elif word == "latent_dim":
            given["out_dim"] = value
        elif word == "out_shape":
            given["in_shape"] = value
        elif word in known and word != "linear_path":
            given[word] = value
    if name == "tied_mlp":
        given["linear_path"] = "none"
    decoder.connect(catalogue.make("encoders", partner, given))


def streamed(act, *seeds):
    """What ``act()`` gives in the stream of each seed; it must draw from that stream, and never seed it."""
    found, states = [], []
    for seed in seeds:
        with RandomStream(seed):
            found.append(act())
            states.append(torch.random.get_rng_state())
    for (one, first), (other, second) in itertools.combinations(zip(seeds, states, strict=True), 2):
        assert torch.equal(first, second) == (one == other), "torch's generator was seeded, or used at random"
    return found


def pictures(count=BATCH, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, *SHAPE, generator=generator)


def batch(count=BATCH, seed=0, condition_dim=0):
    condition = torch.rand(count, condition_dim, generator=torch.Generator().manual_seed(seed + 1))
    return Batch(x=pictures(count, seed), condition=condition if condition_dim else None)


def view(count=BATCH, seed=0, condition_dim=0):
    given = batch(count, seed, condition_dim)
    return View(x=given.x, condition=given.condition)


def symbols(shape, seed=0, levels=LEVELS):
    """Symbols as a model gets them from whole numbers: float32, ``shape``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(levels, tuple(shape), generator=generator).float()


def reads_symbols(name):
    """Whether an encoder takes values for symbols, to which pictures in [0, 1) would all be the same."""
    return "levels" in catalogue.parameters("encoders", name)


def seen_by(name, count=BATCH, seed=0, condition_dim=0):
    """A view that an encoder can tell from others: pictures, or frames or symbols in their place."""
    seen = view(count, seed, condition_dim)
    shape = arguments("encoders", name).get("in_shape", SHAPE)
    seen = replace(seen, x=seen.x.reshape(count, *shape))
    return replace(seen, x=symbols(seen.x.shape, seed)) if reads_symbols(name) else seen


def writes(name):
    """Whether a decoder writes symbols in order."""
    return issubclass(catalogue.find("decoders", name), SequenceDecoder)


def takes_places(name):
    """Whether a decoder attends to the places of its code, of which a single one leaves nothing to choose from."""
    if not writes(name):
        return False
    decoder = catalogue.make("decoders", name, arguments("decoders", name))
    try:
        decoder(Code(z=features(LATENT, (3,))), None, symbols((BATCH, *SHAPE), levels=2))
    except RuntimeError:
        return False
    return True


def codes(name, count=BATCH, seed=0):
    """Codes for which all weights of a decoder have something to do."""
    return Code(z=features(LATENT, (3,) if takes_places(name) else grid_of(name), count=count, seed=seed))


def grid_of(name):
    """The places that a decoder wants its codes to have."""
    return catalogue.make("decoders", name, arguments("decoders", name)).grid


def code_places(name):
    """The grid of codes that a term is for: none, unless it refuses such."""
    z = torch.zeros(2, LATENT)
    empty = Trace(batch=batch(2), view=view(2), features=z, code=Code(z=z))
    try:
        make("terms", name)(empty, {})
    except ParameterError as error:
        return (6,) if "places" in str(error) else ()
    except (
        ValueError,
        KeyError,
        RuntimeError,
        TypeError,
        AttributeError,
        AssertionError,
    ):  # it wants what such a trace has not
        return ()
    return ()


def features(dim, grid=(), count=BATCH, seed=0):
    return torch.randn(count, *grid, dim, generator=torch.Generator().manual_seed(seed))


def maps(z, places=2):
    """Features of two depths, ``[batch, dim, places]``, which hang on z."""
    near = z[..., None] * torch.linspace(1, 2, places)
    return near, near.sin()


def trace_of(name, z=None):
    """A pass in which codes have places, where the term is for such; random, with several draws of each."""
    z = features(LATENT, code_places(name)) if z is None else z
    seen, given = view(len(z)), z
    if "gradients" in catalogue.find("terms", name).wants:  # codes that depend on what is seen
        seen = replace(seen, x=seen.x.clone().requires_grad_())
        z = z * seen.x.flatten(1).mean(1).reshape(-1, *[1] * (z.ndim - 1))
    others = z + torch.arange(1.0, 4.0).reshape(-1, *[1] * z.ndim)  # three more draws
    costs = {"kl": z.square().flatten(1).sum(1), "l1": z.abs().flatten(1).sum(1)}
    return Trace(
        batch=replace(batch(len(z)), reference=torch.zeros_like(z)),
        view=seen,
        features=given,
        code=Code(
            z=z,
            costs=costs,
            posterior=DiagonalGaussian(z.square(), z.sin()),
            probes=others,
            log_prior=-torch.cat([z[None], others]).square().flatten(2).sum(2),
        ),
        drawn=features(LATENT, code_places(name), seed=5)[: len(z)],
        maps=maps(z),
        output=pictures(len(z))[:, None],
        log_likelihood=-costs["l1"],
        probed=-others.abs().flatten(2).sum(2),
        verdicts=costs,
        rebuilt=pictures(len(z), seed=9) * z.flatten(1).exp().mean(1)[:, None, None, None],
    )


def alternatives(station, name, word):
    """Other values for a parameter than the example's, from its type, its default and its name."""
    parameter = catalogue.parameters(station, name)[word]
    now = arguments(station, name).get(word, parameter.default)
    hint = typing.get_type_hints(catalogue.find(station, name).__init__).get(word)
    literal = _literals(hint)
    if word == "module":
        return [nn.Sequential(nn.Flatten(), nn.Linear(now[1].in_features, now[1].out_features), nn.Tanh())]
    if literal:
        return [value for value in literal if value != now]
    if word in NAMED:
        offered = NAMED[word]() if callable(NAMED[word]) else NAMED[word]
        return [value for value in offered if value != now]
    if isinstance(now, bool):
        return [not now]
    if isinstance(now, int):
        return [now + 1, now + 2]
    if isinstance(now, float):
        return [now * 1.5, now * 0.5, 0.5]
    if isinstance(now, tuple) and all(isinstance(item, int) for item in now):
        return [tuple(item + 2 for item in now) or (2,)]
    if now is None:
        return [1, 2, 3]
    return []


def _estimators():
    return [catalogue.make("gradient_estimators", name, {}) for name in ("gumbel_softmax", "rotation")]


def _inner(name, **sizes):
    """Bottlenecks by the names of their parts."""
    return {part: catalogue.make("bottlenecks", name, {"latent_dim": size}) for part, size in sizes.items()}


def _networks():
    given = {"in_shape": SHAPE, "out_dim": LATENT, "channels": (4,), "flatten": False}
    return [catalogue.make("encoders", "conv", given)]


def _codebooks():
    return [catalogue.make("codebooks", "gradient", {"size": 8, "dim": LATENT})]


def _readers():
    given = {"in_shape": SHAPE, "out_dim": LATENT, "hidden": (3,)}
    return [catalogue.make("encoders", "mlp", given)]


def _likelihoods():
    return [catalogue.make("likelihoods", name, {}) for name in ("laplace", "bernoulli")]


NAMED = {
    "of": _likelihoods,
    "prior": lambda: [catalogue.make("priors", "full_gaussian", {"latent_dim": LATENT})],
    "inner": lambda: [_inner("gaussian", style=1, content=LATENT - 1), _inner("identity", content=3, style=1)],
    "part": ["style"],
    "reader": _readers,
    "patch": (1, 4),
    "group": [BATCH],
    "estimator": _estimators,
    "codebook": _codebooks,
    "network": _networks,
    "most": [4, 2.0],
    "shape": [(3, 1)],
    "classes": [4],
    "parents": [((1,), ()), ((), ())],
    "minimum": [0.7],
    "activation": ["tanh", "relu"],
    "pretrain": ["none", "denoising", "rbm"],
    "in_shape": [(2, 8, 10)],
    "out_shape": [(2, 8, 10)],
    "name": ["l1"],
    "weight": [2.0],
    "fill": [0.7],
    "free_bits": [5.0],
    "low": [-1.0],
    "limits": [(0.2, 0.6)],
    "capacity": lambda: [catalogue.make("schedules", "linear_warmup", {"steps": 3, "end": 9.0})],
    "groups": [2],
    "scales": [(1.0,), (0.5, 3.0)],
    "draws": [2, 3],
    "high": [2.0],
    "end": [0, 1],
    "mask": [1],
    "keep": [(1,)],
    "tokens": [["c", "a", "b"], ["a", "b", "c", "d"]],
    "vocabulary": [["abc", "ab", *LETTERS], [*LETTERS, "ab", "abc", "zz"]],
    "merges": [[["a", "b"]], []],
}


def _literals(hint):
    if typing.get_origin(hint) is typing.Literal:
        return list(typing.get_args(hint))
    for inner in typing.get_args(hint):
        if typing.get_origin(inner) is typing.Literal:
            return list(typing.get_args(inner))
    return []
