"""The step as one function does what plain steps do, and it is compiled where that pays."""

import numpy as np
import pytest
import torch
from small_model import curved_rows, small_ae, small_vae
from torch.fx.experimental.proxy_tensor import make_fx

import isthmus as im
from isthmus.training import compiler, compiling
from isthmus.training import step as step_module
from isthmus.training.compiling import Compiling
from isthmus.training.step import Step
from isthmus.training.trainer import Trainer


@pytest.fixture
def _not_really(monkeypatch):
    """The function that is to be compiled, as it is."""
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)


def trained(*, compile, make=small_vae, rows=None, **settings):
    model = make()
    history = Trainer(**{"epochs": 3, "validation": 0.2, "compile": compile, **settings}).fit(
        model, curved_rows(300) if rows is None else rows
    )
    return history, torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.usefixtures("_not_really")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimiser": "adam", "weight_decay": 0.3},
        {"weight_decay": 0.3},
        {"clip": 0.1},
        {"mix": 0.5, "noise": 0.1},
        {"optimiser": "adamax"},  # of which only the pass is compiled
        {"average": 0.9},
        {"precision": "bf16"},
    ],
)
def test_losses_and_weights_are_those_of_plain_steps(settings):
    plain, compiled = trained(compile=False, **settings), trained(compile=True, **settings)
    for part in ("training", "held_out"):
        assert compiled[0].curve(part, "reconstruction")[1:] == pytest.approx(
            plain[0].curve(part, "reconstruction")[1:], rel=1e-5
        )
    assert torch.allclose(compiled[1], plain[1], atol=1e-4)


@pytest.mark.usefixtures("_not_really")
def test_a_step_that_is_not_finite_moves_nothing_and_is_counted():
    rows = curved_rows(64)
    rows.x[0, 0] = 1e30  # squared: infinite in float32

    def make():
        model = small_vae()
        model.initialise = lambda batch: None
        return model

    found = [
        trained(compile=wish, make=make, rows=rows, epochs=2, batch_size=8, validation=0, mix=0, noise=0)
        for wish in (False, True)
    ]
    assert found[1][0].skipped == found[0][0].skipped
    assert found[1][0].skipped["reconstruction"] == 2
    assert torch.allclose(found[1][1], found[0][1], atol=1e-4)


@pytest.mark.usefixtures("_not_really")
def test_plain_and_compiled_steps_can_take_turns(monkeypatch):
    plain = trained(compile=False)[1]
    taken = {"plain": 0, "whole": 0}
    take, take_plainly = Step.take, Step._take_plainly

    def in_turn(self, *given):
        taken["whole"] += 1
        self.run_plainly() if taken["whole"] % 2 else self.compile()
        return take(self, *given)

    def counted(self, *given):
        taken["plain"] += 1
        return take_plainly(self, *given)

    monkeypatch.setattr(Step, "take", in_turn)
    monkeypatch.setattr(Step, "_take_plainly", counted)
    mixed = trained(compile=True)[1]
    assert 0 < taken["plain"] <= taken["whole"] // 2 + 1
    assert torch.allclose(mixed, plain, atol=1e-4)


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_a_compiler_that_fails_is_told_once_and_training_goes_on(monkeypatch, optimiser):
    def failing(function, **_):
        def call(*_, **__):
            raise RuntimeError("no compiler\nis here")

        return call

    plain = trained(compile=False, optimiser=optimiser)[1]
    monkeypatch.setattr(torch, "compile", failing)
    with pytest.warns(
        UserWarning, match=r"not be compiled \(RuntimeError: no compiler is here\); training goes on"
    ) as told:
        found = trained(compile=True, optimiser=optimiser)[1]
    assert len(told) == 1
    assert torch.equal(found, plain)


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
@pytest.mark.parametrize("steps", [0, 3])
def test_a_compiler_may_refuse_at_once_or_later(monkeypatch, optimiser, steps):
    def failing(function, **_):
        if steps == 0:
            raise RuntimeError("not on this platform")
        left = iter(range(steps))

        def call(*given, **named):
            if next(left, None) is None:
                raise torch._dynamo.exc.TorchDynamoException("another shape")
            return function(*given, **named)

        return call

    plain = trained(compile=False, optimiser=optimiser)[1]
    monkeypatch.setattr(torch, "compile", failing)
    with pytest.warns(UserWarning, match=r"not be compiled \(\w+: (not on this|another)"):
        found = trained(compile=True, optimiser=optimiser)[1]
    assert torch.allclose(found, plain, atol=1e-4)


class Watched:
    """A step that says whether it is compiled; its steps take as long as it is told."""

    def __init__(self, plain, compiled):
        self.compiled, self.now, self.runs_plainly = False, 0.0, True
        self.seconds = {True: plain, False: compiled}

    def compile(self):
        self.compiled, self.runs_plainly = True, False

    def run_plainly(self):
        self.compiled, self.runs_plainly = False, True

    def take(self):
        self.now += self.seconds[self.runs_plainly]


@pytest.mark.parametrize(
    ("wish", "plain", "compiled", "steps", "ends_compiled"),
    [
        ("auto", 0.1, 0.05, 2000, True),
        ("auto", 0.1, 0.2, 2000, False),  # no faster
        ("auto", 0.1, 0.05, 300, False),  # nearly done
        ("auto", 10.0, 5.0, 30, True),  # not 20 steps are waited for
        (True, 0.1, 0.2, 30, True),
        (False, 1.0, 0.1, 2000, False),
    ],
)
def test_when_it_is_compiled(monkeypatch, wish, plain, compiled, steps, ends_compiled):
    step = Watched(plain, compiled)
    monkeypatch.setattr(compiling.time, "monotonic", lambda: step.now)
    decision = Compiling(wish, step, torch.device("cpu"))
    for left in reversed(range(steps)):
        step.now += 7 * (left % 30 == 0)  # an evaluation is no step
        with decision.watching(left):
            step.take()
    assert step.runs_plainly != ends_compiled


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")
@pytest.mark.parametrize("make", [small_ae, small_vae])
def test_really_compiled_losses_are_those_of_plain_steps(make):
    found = [trained(compile=wish, make=make, precision="fp32")[0] for wish in (False, True)]
    assert found[1].curve("held_out", "loss") == pytest.approx(found[0].curve("held_out", "loss"), rel=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-5), ("bf16", 1e-2)])
def test_convolutions_and_blended_rows_are_compiled_as_one_step(monkeypatch, precision, tolerance):
    """The compiler itself fails at rows in random order, and in bf16 at layers with the same gradient."""
    monkeypatch.setattr(Step, "_compile_pass", lambda _: pytest.fail("the whole step was not compiled"))
    pictures = np.random.default_rng(0).integers(0, 256, (400, 12, 12, 1)).astype("uint8")
    losses = []
    for wish in (True, False):
        trainer = Trainer(epochs=2, batch_size=100, compile=wish, precision=precision, mix=0.5, validation=0.25)
        model = im.VAE(2, network="conv", trainer=trainer, random_state=0).fit(pictures)
        losses.append(model.history_.curve("held_out", "loss")[-1])
    assert losses[0] == pytest.approx(losses[1], rel=tolerance)


def test_the_same_sum_is_taken_once():
    def twice(x):
        return x.sum([0]), x.sum([0]).square(), x.sum([1])

    traced = make_fx(twice)(torch.ones(3, 2))
    compiler.options()["joint_custom_pre_pass"](traced.graph)
    traced.recompile()
    sums = [node for node in traced.graph.nodes if node.target is torch.ops.aten.sum.dim_IntList]
    assert len(sums) == 2
    for found, wanted in zip(traced(torch.ones(3, 2)), twice(torch.ones(3, 2)), strict=True):
        assert torch.equal(found, wanted)


@pytest.fixture
def _traced(monkeypatch):
    """Functions are traced as for a compiler, and then run as they are."""
    really = torch.compile

    def traced(function, fullgraph=False, options=None):
        kept = {name: value for name, value in (options or {}).items() if name == "guard_filter_fn"}
        return really(function, fullgraph=fullgraph, backend="eager", options=kept)

    monkeypatch.setattr(torch, "compile", traced)


def quantised(decay, *, compile, hook=None):
    codebook = {"name": "ema", "size": 8, "decay": decay}
    network = {"name": "mlp", "hidden": (8,)}
    trainer = Trainer(epochs=2, batch_size=32, validation=0, compile=compile)
    model = im.VQVAE(4, codebook=codebook, network=network, trainer=trainer)
    model.fit(curved_rows(200).x.numpy())
    return torch.cat([value.flatten().float() for value in model.autoencoder_.state_dict().values()])


@pytest.mark.usefixtures("_traced")
def test_what_was_compiled_for_one_run_is_not_met_by_another():
    for decay in (0.99, 0.1, 0.5):
        found, wanted = (quantised(decay, compile=wish) for wish in (True, False))
        assert torch.allclose(found, wanted, atol=1e-4)


@pytest.mark.usefixtures("_traced")
def test_what_a_users_hook_counts_is_counted():
    calls = {True: 0, False: 0}

    def make(wish):
        torch.manual_seed(0)
        encoder = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh())

        def hook(*_):
            calls[wish] += 1
            return _[2] * (1 + calls[wish] % 2)

        encoder[0].register_forward_hook(hook)
        return encoder, torch.nn.Linear(2, 6)

    found = []
    for wish in (True, False):
        trainer = Trainer(epochs=2, batch_size=32, validation=0, compile=wish, mix=0, noise=0)
        made = im.AE(2, network=make(wish), trainer=trainer).fit(curved_rows(200).x.numpy())
        found.append(torch.cat([p.detach().flatten() for p in made.autoencoder_.parameters()]))
    assert torch.allclose(*found, atol=1e-4)


def test_what_is_compiled_alone_is_the_pass_where_no_whole_step_can_be(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda function, **_: compiled.append(function) or function)
    trained(compile=True, optimiser="sgd")
    assert [type(function) for function in compiled] == [step_module.Pass]
