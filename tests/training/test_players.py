"""Players and critics: who takes which gradient, when; nothing is lost on resuming, and ranks stay together."""

import signal

import numpy as np
import pytest
import torch
from small_model import curved_rows

import isthmus as im
from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.errors import Interrupted, ParameterError, TrainingError
from isthmus.stations import Player
from isthmus.terms.adversarial import Adversarial
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training import run as run_module
from isthmus.training.engine import Engine
from isthmus.training.random_stream import RandomStream
from isthmus.training.step import Step
from isthmus.training.trainer import Trainer

ROLES = {
    "decoder": {"parts": ("decoder", "likelihood"), "terms": ("reconstruction", "examples")},
    "encoder": {"parts": ("encoder", "bottleneck"), "terms": ("reconstruction", "kl")},
}


def vae_gan(players=ROLES, critic=None):
    with RandomStream(0):
        return Autoencoder(
            encoder=catalogue.make("encoders", "mlp", {"in_shape": (6,), "out_dim": 4, "hidden": (8,)}),
            bottleneck=catalogue.make("bottlenecks", "gaussian", {"latent_dim": 2}),
            decoder=catalogue.make("decoders", "mlp", {"latent_dim": 2, "out_shape": (6,), "hidden": (8,)}),
            likelihood=catalogue.make("likelihoods", "gaussian", {"variance": "fixed"}),
            prior=catalogue.make("priors", "standard_normal", {}),
            terms=[Reconstruction(), CodeCost("kl"), Adversarial("examples")],
            critics={
                "examples": critic
                or catalogue.make("critics", "dense", {"in_shape": (6,), "hidden": (8,), "repeats": 2})
            },
            players=players,
        )


def one_step(model, rate=1.0):
    engine = Engine("cpu", "fp32", 1, "auto")
    step = Step(
        model,
        engine,
        optimiser="sgd",
        learning_rate=0.1,
        weight_decay=0.0,
        clip=None,
        heavy=False,
        rows=curved_rows().batch,
    )
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    with RandomStream(3):
        step.take(torch.arange(32), model.weights_at(0), rate)
    return step, {name: before[name] - p.detach() for name, p in model.named_parameters()}


def gradients(model, terms, names):
    """By hand: the gradient of the sum of these terms, for these parameters."""
    with RandomStream(3):
        trace = model(curved_rows().batch(slice(0, 32)))
    loss = model.loss(trace)
    total = sum(loss.terms[term].mean() for term in terms)
    wanted = {name: p for name, p in model.named_parameters() if name in names}
    return dict(zip(wanted, torch.autograd.grad(total, wanted.values()), strict=True))


def test_each_player_goes_down_its_own_terms():
    model = vae_gan()
    frozen = vae_gan()
    frozen.critics["examples"].repeats = 1
    _, moved = one_step(model)
    # the critic has stepped before the players: take its new weights for what is computed by hand
    frozen.critics.load_state_dict(model.critics.state_dict())
    for role in ROLES.values():
        learnt = {name for name, p in frozen.named_parameters() if p.requires_grad}
        names = [name for name in sorted(learnt) if name.startswith(tuple(f"{part}." for part in role["parts"]))]
        wanted = gradients(frozen, role["terms"], names)
        for name in names:
            assert torch.allclose(moved[name] / 0.1, wanted[name], atol=1e-5), name
    assert all(bool((moved[name] != 0).any()) for name in moved if name.startswith("critics.") and "bias" not in name)


def test_the_critic_steps_as_often_as_it_says_and_learns_from_nothing_else():
    seen = []

    class Counting(type(catalogue.make("critics", "dense", {"in_shape": (6,)}))):
        def loss(self, trace):
            seen.append(trace)
            return super().loss(trace)

    critic = Counting((6,), (8,), repeats=3)
    one_step(vae_gan(critic=critic))
    assert len(seen) == 3
    for trace in seen:
        assert not trace.rebuilt.requires_grad
        assert not trace.code.z.requires_grad


def test_players_share_out_all_parameters():
    model = vae_gan()
    assert [player.name for player in model.players()] == ["decoder", "encoder"]
    own = {id(p) for player in model.players() for p in player.parameters}
    wanted = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert own == {id(p) for name, p in wanted.items() if not name.startswith("critics.")}
    model.players = lambda: [Player("only", list(model.decoder.parameters()))]
    with pytest.raises(TrainingError, match="do not partition"):
        one_step(model)


@pytest.mark.parametrize(
    ("players", "message"),
    [
        ({"a": {"parts": ("decodr",), "terms": ("kl",)}}, "part 'decodr'; there is none"),
        ({"a": {"parts": ("decoder",), "terms": ("kll",)}}, "term 'kll'; expected one of reconstruction, kl, examples"),
    ],
)
def test_players_with_parts_or_terms_that_are_not_there(players, message):
    with pytest.raises(ParameterError, match=message):
        vae_gan(players=players)


def test_critics_that_want_a_prior_and_terms_without_a_critic_are_refused():
    parts = {
        "encoder": catalogue.make("encoders", "mlp", {"in_shape": (6,), "out_dim": 2}),
        "bottleneck": catalogue.make("bottlenecks", "identity", {"latent_dim": 2}),
        "decoder": catalogue.make("decoders", "mlp", {"latent_dim": 2, "out_shape": (6,)}),
        "likelihood": catalogue.make("likelihoods", "gaussian", {}),
    }
    critic = catalogue.make("critics", "code", {"latent_dim": 2})
    with pytest.raises(ParameterError, match="critics want codes drawn from a prior, and there is none"):
        Autoencoder(**parts, terms=[Adversarial("codes")], critics={"codes": critic})
    model = Autoencoder(**parts, terms=[Reconstruction(), Adversarial("codes")])
    with pytest.raises(ParameterError, match="no critic called 'codes'"):
        model.loss(model(curved_rows().batch(slice(0, 4))))


def test_with_a_critic_no_loss_tells_when_to_stop_and_all_epochs_are_run():
    model = vae_gan()
    assert not model.compares
    history = Trainer(epochs=4, batch_size=32).fit(model, curved_rows())
    assert history.stopped == "all 4 epochs done"
    assert history.settings["held_out_rows"] == 0
    assert "examples" in history.epochs[-1]["training"]


def test_ctrl_c_and_resume_with_a_critic_is_bit_identical(tmp_path, monkeypatch):
    plain = run_module.Run._take_step
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupted(self, order):
        plain(self, order)
        if self.steps == 7:
            signal.raise_signal(signal.SIGINT)

    def trainer(name):
        return Trainer(epochs=4, batch_size=32, checkpoint=tmp_path / name)

    try:
        whole, resumed = vae_gan(), vae_gan()
        trainer("whole").fit(whole, curved_rows())
        monkeypatch.setattr(run_module.Run, "_take_step", interrupted)
        with pytest.raises(Interrupted):
            trainer("part").fit(vae_gan(), curved_rows())
        monkeypatch.setattr(run_module.Run, "_take_step", plain)
        trainer("part").fit(resumed, curved_rows(), resume=True)
    finally:
        signal.signal(signal.SIGINT, before)
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_the_adaptive_weight_brings_both_pulls_to_one_length():
    x = torch.randn(8, 1, 6)
    output = x.clone().requires_grad_()
    trace = vae_gan()(curved_rows().batch(slice(0, 8)))
    reconstruction, cost = (3 * output).square().flatten(1).sum(1), 0.01 * output.flatten(1).sum(1)
    given = trace.__class__(
        batch=trace.batch,
        view=trace.view,
        features=trace.features,
        code=trace.code,
        output=output,
        verdicts={"examples": cost},
    )
    term = Adversarial("examples", adaptive=True)
    found = term(given, {"reconstruction": reconstruction})
    pulls = [torch.autograd.grad(each.mean(), output, retain_graph=True)[0].norm() for each in (reconstruction, found)]
    assert pulls[0].item() == pytest.approx(pulls[1].item(), rel=1e-3)


def test_a_generator_alone_samples_and_says_what_it_cannot():
    x = np.random.default_rng(0).normal(size=(80, 5))
    model = im.WGANGP(4, trainer=im.Trainer(epochs=2)).fit(x)
    assert model.sample(7, random_state=0).shape == (7, 5)
    assert not hasattr(model, "transform")
    with pytest.raises(AttributeError) as caught:
        model.reconstruct(x)
    assert "generator alone" in str(caught.value.__cause__)


def test_samples_that_are_copies_are_told():
    from isthmus.metrics.sample_quality import SampleQuality

    rng = np.random.default_rng(0)
    real, known = rng.normal(size=(300, 4)), rng.normal(size=(300, 4))
    well = SampleQuality.measure(real=real, made=rng.normal(size=(300, 4)), known=known)
    assert well.remedy is None
    assert well.coverage > 0.9
    collapsed = SampleQuality.measure(
        real=real, made=np.repeat(real[:3], 100, 0) + 1e-4 * rng.normal(size=(300, 4)), known=known
    )
    assert "vary less than the data" in collapsed.remedy
    often = np.repeat(real[:150], 2, 0)  # where real rows repeat, so may samples
    assert SampleQuality.measure(real=often, made=np.repeat(known[:150], 2, 0), known=known).duplicates < 0.05
    assert SampleQuality.measure(real=often, made=np.repeat(known[:3], 100, 0), known=known).duplicates > 0.9
    ordered = np.concatenate([np.repeat(real[:1], 300, 0), real])  # the copies first
    assert SampleQuality.measure(real=ordered, made=np.repeat(known[:1], 300, 0), known=known).duplicates > 0.9
    narrow = SampleQuality.measure(real=real, made=0.2 * rng.normal(size=(300, 4)), known=known)
    assert narrow.recall < 0.5 < narrow.precision
    learnt_by_heart = SampleQuality.measure(real=real, made=known + 1e-3, known=known)
    assert learnt_by_heart.distance_to_known < 0.1
    assert "by heart" in learnt_by_heart.remedy
    partly = np.concatenate([known[:60], rng.normal(size=(240, 4))])  # a fifth: the median does not see it
    partly = SampleQuality.measure(real=real, made=partly, known=known)
    assert partly.distance_to_known > 0.7
    assert 0.15 < partly.copies < 0.25
    assert "by heart" in partly.remedy
    assert well.copies < 0.03
    far = SampleQuality.measure(real=real, made=5 * rng.normal(size=(300, 4)), known=known)
    assert "look like data" in far.remedy


def test_a_class_that_is_hardly_made_is_told():
    from isthmus.metrics.sample_quality import SampleQuality

    rng = np.random.default_rng(0)
    labels = np.arange(400) % 2
    two = np.c_[6.0 * labels, np.zeros(400)]
    real, known, made = (two + rng.normal(size=(400, 2)) for _ in range(3))
    even = SampleQuality.measure(real=real, made=made, known=known, labels=labels)
    assert 0.8 < even.least_class <= 1
    assert even.remedy is None
    uneven = np.concatenate([made[labels == 0], made[labels == 1][:10]])
    uneven = SampleQuality.measure(real=real, made=uneven, known=known, labels=labels)
    assert 0.05 < uneven.least_class < 0.15
    assert SampleQuality.measure(real=real, made=made[labels == 0], known=known, labels=labels).least_class < 0.02
    rare = np.arange(400) < 4  # and labels that x does not tell: neither says anything
    for kinds in (rare, rng.integers(0, 2, 400)):
        assert SampleQuality.measure(real=real, made=made, known=known, labels=kinds).least_class in (
            None,
            pytest.approx(1, abs=0.1),
        )


def test_copies_are_seen_where_held_out_rows_were_trained_on_too():
    """The distance below which one real row in a hundred lies is then 0, and nothing is nearer."""
    from isthmus.metrics.sample_quality import SampleQuality

    rng = np.random.default_rng(0)
    real, known = rng.normal(size=(300, 4)), rng.normal(size=(300, 4))
    known[:6] = real[:6]
    assert SampleQuality.measure(real=real, made=known.copy(), known=known).copies > 0.9
    assert SampleQuality.measure(real=real, made=rng.normal(size=(300, 4)), known=known).copies < 0.02


@pytest.mark.parametrize("model", [im.AAE(2), im.VAEGAN(2), im.BiGAN(2), im.WGANGP(2)])
def test_critics_see_real_rows_and_no_blends(model, monkeypatch):
    seen = []
    plain = run_module.Run._take_step

    def watched(self, order):
        seen.append((self.settings.mix, self.noise))
        plain(self, order)

    monkeypatch.setattr(run_module.Run, "_take_step", watched)
    model.set_params(trainer=Trainer(epochs=1)).fit(np.random.default_rng(0).normal(size=(200, 5)))
    assert set(seen) == {(0.0, 0.0)}


def test_a_critic_judges_what_it_is_told_to_whatever_else_the_trace_holds():
    critic = catalogue.make("critics", "dense", {"in_shape": (6,), "hidden": (8,)})
    model = vae_gan(critic=catalogue.make("critics", "dense", {"in_shape": (6,), "hidden": (8,), "judges": "both"}))
    with RandomStream(0):
        trace = model(curved_rows().batch(slice(0, 8)))
    from dataclasses import replace

    assert torch.equal(critic.verdict(trace), critic.verdict(replace(trace, generated=None)))


def test_weights_of_a_term_learn_from_it():
    """They are of a player who lessens it: with another one they would stay as they are, and nobody would know."""
    local = catalogue.make("terms", "info_max", {"name": "local", "latent_dim": 2, "features_dim": 2})
    with RandomStream(0):
        model = Autoencoder(
            encoder=catalogue.make("encoders", "mlp", {"in_shape": (6,), "out_dim": 2, "hidden": (8,)}),
            bottleneck=catalogue.make("bottlenecks", "identity", {"latent_dim": 2}),
            decoder=catalogue.make("decoders", "mlp", {"latent_dim": 2, "out_shape": (6,), "hidden": (8,)}),
            likelihood=catalogue.make("likelihoods", "gaussian", {"variance": "fixed"}),
            terms=[Reconstruction(), local],
            players={
                "decoder": {"parts": ("decoder", "likelihood"), "terms": ("reconstruction",)},
                "encoder": {"parts": ("encoder",), "terms": ("reconstruction", "local")},
            },
        )
    moved = one_step(model)[1]
    assert all(bool(moved[f"terms.1.{name}"].any()) for name, _ in local.named_parameters())
