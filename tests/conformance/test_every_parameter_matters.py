"""Every hyper-parameter of every part changes what the part does, or is refused: none is stored and forgotten."""

from dataclasses import replace

import pytest
import torch
from discrete_model import batch_of, discrete_model
from examples import (
    BATCH,
    LATENT,
    alternatives,
    batch,
    code_places,
    features,
    make,
    maps,
    parts,
    pictures,
    symbols,
    trace_of,
    view,
)

from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.layers.writing import Writing, written
from isthmus.records import Batch, Code, Trace, View
from isthmus.stations import SequenceDecoder
from isthmus.training.random_stream import RandomStream

CASES = [
    pytest.param(station, name, word, id=f"{station}/{name}-{word}")
    for station in catalogue.STATIONS
    if station != "models"
    for name in parts(station)
    for word in catalogue.parameters(station, name)
]


@pytest.mark.parametrize(("station", "name", "word"), CASES)
def test_it_changes_something_or_is_refused(station, name, word):
    """One of the values tried must show; of named choices each one must, or be refused with the example's arguments."""
    tried = alternatives(station, name, word)
    assert tried, f"{station}/{name}: no other value of {word!r} is known; see conformance/examples.py"
    found = {repr(value): verdict(station, name, word, value) for value in tried}
    assert set(found.values()) != {UNHEARD}, f"{station}/{name}: {word} = {tried} does what the default does"
    if all(isinstance(value, str) for value in tried):
        silent = [value for value, heard in found.items() if heard == UNHEARD]
        assert not silent, f"{station}/{name}: {word} = {silent} does what the default does"


CHANGED, REFUSED, UNHEARD = "changed", "refused", "unheard"


def verdict(station, name, word, value):
    """Whether a value changes the part in any context; refusals only count where nothing accepts it."""
    refused = 0
    found = list(contexts(station, name, word))
    for context in found:
        usual = behaviour(station, name, context)
        assert not differ(usual, behaviour(station, name, context)), "not the same twice: nothing could be told apart"
        try:
            changed = behaviour(station, name, {**context, word: value})
        except ParameterError:
            refused += 1
            continue
        if differ(usual, changed):
            return CHANGED
    return REFUSED if refused == len(found) else UNHEARD


def contexts(station, name, word):
    """The usual setting, then those in which one other parameter is another of its names."""
    yield {}
    for other in catalogue.parameters(station, name):
        if other != word:
            yield from ({other: value} for value in alternatives(station, name, other) if isinstance(value, str))


def behaviour(station, name, changed):
    """All that a part does with fixed numbers, as a list of tensors."""
    with RandomStream(7):
        part = make(station, name, **changed)
        return WATCHED[station](part, changed)


def watch_corruption(part, changed):
    given = batch(40, condition_dim=2)
    if part.of_symbols:
        given = Batch(x=symbols((40, 30), levels=9).long(), condition=given.condition)
    if part.of_pictures:
        given = Batch(x=pictures(40), condition=given.condition)
    seen = part.train()(given)
    return [seen.x, seen.condition]


def watch_encoder(part, changed):
    shape = part.arguments.get("in_shape", pictures().shape[1:])
    x = pictures(40) if tuple(shape) == pictures().shape[1:] else torch.rand(40, *shape)
    seen = view(40, condition_dim=part.arguments.get("condition_dim", 0) or 0)
    if hasattr(part, "levels"):
        x = symbols(x.shape, levels=part.levels)
    seen = seen.__class__(x=x, condition=seen.condition)
    fresh = part.train()(seen)
    with RandomStream(3), torch.no_grad():
        part.initialise(seen)
    return [fresh, part.train()(seen), part.eval()(seen), sizes(part)]


def watch_bottleneck(part, changed):
    found = []
    prior = catalogue.make("priors", "standard_normal", {})
    given = features(part.in_dim, count=40).requires_grad_()
    shifted = (8 * given.detach() - 20.0 * (torch.arange(part.in_dim) == 0)).requires_grad_()
    part.train()
    for seen in (given, shifted, shifted, shifted, given):
        code = part(seen, view(40), prior)
        total = code.z.sum() + sum(cost.sum() for cost in code.costs.values())
        found += [code.z, *code.costs.values()]
        found += torch.autograd.grad(total, seen, allow_unused=True) if total.requires_grad else []
        learnt = [p for p in part.parameters() if p.requires_grad]
        found += torch.autograd.grad(part(seen, view(40), prior).z.sum(), learnt, allow_unused=True) if learnt else []
    before = part.eval().mode(given, view(40)).z
    part.initialise(given.detach(), view(40))
    return [*found, before, *part(given, view(40), prior).costs.values(), sizes(part)]


def watch_decoder(part, changed):
    latent = part.arguments["latent_dim"]
    condition = part.arguments.get("condition_dim", 0) or 0
    seen = view(40, condition_dim=condition)
    code = Code(z=features(latent, part.grid, count=40))
    if isinstance(part, SequenceDecoder):
        return watch_writer(part, code, seen)
    fresh = part.train()(code, seen)
    if fresh.shape[1] == 1:
        with torch.no_grad():
            part.initialise(code, seen, torch.rand(40, *fresh.shape[2:]))
    own = [p.sum() for p in part.parameters() if p.requires_grad]
    return [fresh, part.train()(code, seen), part.eval()(code, seen), sizes(part), *own]


def watch_writer(part, code, seen):
    """A decoder that writes: what it makes of a teacher's symbols, and what it writes by itself."""
    teacher = symbols((40, *part.out_shape), levels=part.arguments.get("outputs", 2))
    own = [p.sum() for p in part.parameters() if p.requires_grad]
    drawn = written(part.eval(), code, seen, Writing(temperature=1.0))
    return [part.train()(code, seen, teacher), part.eval()(code, seen, teacher), drawn, sizes(part), *own]


def watch_likelihood(part, changed):
    output = torch.randn(40, part.outputs, 3) * 2
    target = torch.randint(0, 2, (40, 3)).float()
    wide = 1e-4 * torch.ones(40, part.outputs, 3) - 20 * torch.arange(part.outputs)[None, :, None]
    found = [part.train().log_prob(output, target), part.sample(output), part.mean(output)]
    part.calibrate(1e-6 * output, 0 * target)
    return [*found, part.eval().log_prob(wide, 0 * target), part.log_prob(output, target)]


def watch_prior(part, changed):
    if part.symbolic:
        condition = torch.ones(500, part.arguments["condition_dim"])
        drawn = part.train().sample((500,), condition)
        return [drawn, part.log_prob(drawn, condition), sizes(part)]
    dim = part.arguments.get("latent_dim", LATENT)
    return [part.sample((5, dim)), part.log_prob(features(dim)), part.eval().log_prob(features(dim))]


def watch_codebook(part, changed):
    given = features(part.dim, count=40)
    start = features(part.dim, count=part.size, seed=1)
    start[-1] += 50.0  # dead from the start
    part.start(start)
    found = [part.prepare(given), sizes(part)]
    for _ in range(60):
        index = (part.prepare(given)[:, None] - part.vectors().detach()).square().sum(-1).argmin(1)
        part.observe(given, index)
        found.append(part.vectors().detach().clone())
    return found


def watch_gradient_estimator(part, changed):
    if not part.draws:
        return [part.pass_through(features(LATENT), features(LATENT, seed=1))]
    model = discrete_model(part)
    found = [sizes(part)]
    for step in range(6):
        for key, buffer in part.named_buffers():
            if key == "steps" and step == 5:  # long after
                buffer.fill_(1e7)
        given = features(LATENT, count=40, seed=step).requires_grad_()
        trace = model(batch_of(given))
        learnt = [given, *part.parameters()]
        found += [trace.code.z, *torch.autograd.grad(model.loss(trace).total, learnt, allow_unused=True)]
    return found


def watch_term(part, changed):
    costs = {"kl": torch.ones(BATCH), "l1": torch.zeros(BATCH)}
    places = code_places(part.spec()["component"].partition("/")[2])
    z = features(part.arguments.get("latent_dim", LATENT), places)
    output = features(LATENT, seed=5).requires_grad_()
    known = trace_of(part.spec()["component"].partition("/")[2])
    hung = "gradients" in part.wants
    verdicts = {"kl": output.sum(1), "l1": 0 * output.sum(1)}
    trace = Trace(
        batch=replace(batch(), reference=torch.zeros_like(z)),
        view=known.view if hung else view(),
        features=features(LATENT, seed=1),
        code=known.code if hung else replace(known.code, z=z, costs=costs),
        probed=known.probed,
        drawn=known.drawn,
        output=output,
        log_likelihood=z.flatten(1).sum(1),
        verdicts=verdicts,
        maps=maps(features(part.arguments.get("features_dim", LATENT), seed=1)),
        rebuilt=known.rebuilt if hung else pictures(seed=9),
    )
    with torch.no_grad():
        part.initialise(batch(40))
    called = torch.tensor([float(ord(letter)) for letter in part.name])  # its name in the loss
    told = {"reconstruction": output.square().sum(1)}
    slopes = [] if known.code.probes is None else _slopes(part, known)
    return [*(part(trace, told) for _ in range(3)), *slopes, torch.as_tensor(float(part.weight)), called]


def _slopes(part, known):
    """What the term pulls a code to: its gradient may be other than its value's."""
    z, probes = (each.detach().clone().requires_grad_() for each in (known.code.z, known.code.probes))
    if "gradients" in part.wants:
        return []
    log_prior = -torch.cat([z[None], probes]).square().flatten(2).sum(2)
    posterior = DiagonalGaussian(z.square(), z.sin())
    code = replace(known.code, z=1.0 * z, probes=1.0 * probes, log_prior=log_prior, posterior=posterior)
    try:
        cost = part(replace(known, code=code), {"reconstruction": z.flatten(1).sum(1)})
    except (ParameterError, KeyError, ValueError, RuntimeError, TypeError):
        return []
    if not cost.requires_grad:
        return []
    found = torch.autograd.grad(cost.sum(), [z, probes], allow_unused=True)
    return [each for each in found if each is not None]


def watch_schedule(part, changed):
    return [torch.tensor([part.at(step) for step in range(60)])]


def watch_critic(part, changed):
    shape = tuple(part.arguments.get("in_shape", pictures().shape[1:]))
    x, other = (torch.rand(40, *shape) for _ in range(2))
    width = part.arguments.get("latent_dim", LATENT)
    z = features(width, count=40)
    condition = torch.eye(part.arguments.get("condition_dim", 2))[torch.arange(40) % 2]
    code = Code(z=z)
    if part.arguments.get("part") is not None:  # of a code that is wider
        code = Code(
            z=torch.cat([z, z.square()], dim=1), parts={"content": slice(0, width), "style": slice(width, None)}
        )
    trace = Trace(
        batch=Batch(x=x, condition=condition),
        view=View(x=x),
        features=z,
        code=code,
        rebuilt=other,
        drawn=z + 1,
        generated=other / 2,
    )
    trace = replace(trace, **{word: None for word in ("rebuilt", "drawn", "generated") if word not in part.wants})
    return [part.loss(trace), part.verdict(trace), sizes(part), torch.tensor(float(part.repeats))]


def watch_tokeniser(part, changed):
    texts = ["abc cab", "c", "a b d", "abd zz"]
    numbers = part.numbers(texts)
    back = [ord(letter) for row in numbers for letter in part.text([n for n in row if n >= 0])]
    return [torch.tensor([n for row in numbers for n in row]), torch.tensor(back), torch.tensor(part.size)]


WATCHED = {
    "tokenisers": watch_tokeniser,
    "critics": watch_critic,
    "codebooks": watch_codebook,
    "gradient_estimators": watch_gradient_estimator,
    "corruptions": watch_corruption,
    "encoders": watch_encoder,
    "bottlenecks": watch_bottleneck,
    "decoders": watch_decoder,
    "likelihoods": watch_likelihood,
    "priors": watch_prior,
    "terms": watch_term,
    "schedules": watch_schedule,
}


def sizes(part):
    return torch.tensor([float(p.numel()) for p in part.parameters() if p.requires_grad])


def differ(first, second):
    if len(first) != len(second):
        return True
    return any(differing(a, b) for a, b in zip(first, second, strict=True))


def differing(a, b):
    if a is None or b is None:
        return a is not b
    return a.shape != b.shape or not torch.allclose(a, b, atol=1e-7, rtol=1e-5)
