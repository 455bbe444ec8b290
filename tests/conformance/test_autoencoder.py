"""Where the stations meet: what each pass sees, what the loss is made of, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

import isthmus as im
from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.errors import ParameterError
from isthmus.records import Batch, Code, View
from isthmus.schedules.linear_warmup import LinearWarmup
from isthmus.stations import Corruption, Decoder, Encoder, Term
from isthmus.training.random_stream import RandomStream

DIM, LATENT = 6, 2
RECONSTRUCTION = ("reconstruction", {})
KL = ("code_cost", {"name": "kl"})


def build(
    terms=(RECONSTRUCTION, KL), likelihood="bernoulli", corruption=None, prior="standard_normal", condition_dim=0
):
    network = {"hidden": (5,), "condition_dim": condition_dim}
    with RandomStream(0):
        return Autoencoder(
            encoder=catalogue.make("encoders", "mlp", {"in_shape": (DIM,), "out_dim": 2 * LATENT, **network}),
            bottleneck=catalogue.make("bottlenecks", "gaussian", {"latent_dim": LATENT}),
            decoder=catalogue.make("decoders", "mlp", {"latent_dim": LATENT, "out_shape": (DIM,), **network}),
            likelihood=catalogue.make("likelihoods", likelihood, {}),
            prior=prior and catalogue.make("priors", prior, {}),
            corruption=corruption,
            terms=[made if isinstance(made, Term) else catalogue.make("terms", *made) for made in terms],
        )


def started(**given):
    """A model whose codes and outputs depend on x, as after some training."""
    model = build(**given)
    condition = torch.rand(30, given["condition_dim"]) if given.get("condition_dim") else None
    model.initialise(Batch(x=torch.rand(30, DIM).round(), condition=condition))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def pictures(count=8):
    return Batch(x=torch.rand(count, DIM).round())


def noise(samples=3, rows=8):
    return torch.randn(samples, rows, LATENT)


class Blank(Corruption):
    """Hides everything, so that whoever saw the corrupted view cannot tell two batches apart."""

    def forward(self, batch: Batch) -> View:
        return View(x=torch.zeros_like(batch.x), valid=batch.valid, condition=batch.condition)


def test_a_pass_corrupts_and_encoding_never_does():
    model = started(corruption=Blank()).eval()
    one, other = pictures(), Batch(x=1 - pictures().x)
    assert torch.equal(model(one).features, model(other).features)
    assert torch.equal(model.train()(one).features, model(other).features)
    for mode in (True, False):
        model.train(mode)
        assert not torch.allclose(model.encode(one).z, model.encode(other).z)
        assert not torch.allclose(model.rebuild(one), model.rebuild(other))


def test_scores_are_those_of_clean_data():
    clean, spoilt = started().eval(), started(corruption=Blank()).eval()
    spoilt.load_state_dict(clean.state_dict())
    given, eps = pictures(), noise()
    assert torch.equal(clean.log_bound(given, eps), spoilt.log_bound(given, eps))
    assert torch.equal(clean.log_prob(given, eps), spoilt.log_prob(given, eps))


def test_the_trace_holds_the_pass():
    model, given = started(corruption=Blank()), pictures()
    trace = model(given)
    assert trace.batch is given
    assert not trace.view.x.any()
    assert torch.equal(trace.features, model.encoder(trace.view))
    assert torch.equal(trace.output, model.decoder(trace.code, trace.view))
    assert torch.equal(trace.log_likelihood, model.likelihood.log_prob(trace.output, given.x))


def test_what_is_predicted_is_the_target_where_there_is_one():
    model = started().eval()
    given, eps = pictures(), noise()
    aimed = replace(given, target=1 - given.x)
    with RandomStream(1):
        trace = model(aimed)
    assert torch.equal(trace.log_likelihood, model.likelihood.log_prob(trace.output, aimed.target))
    for score in (model.log_bound, model.log_prob):
        assert not torch.allclose(score(aimed, eps), score(given, eps))
    perfect = started(likelihood="gaussian").eval()
    target = perfect.rebuild(given).detach()
    perfect.calibrate(replace(given, target=target + 2.0))
    wide = perfect.likelihood.running_mse.item()
    perfect.calibrate(replace(given, target=target + 20.0))
    assert perfect.likelihood.running_mse.item() > 10 * wide


def test_padding_does_not_count():
    """Padded values that the encoder sees as they are, but that are another target, change nothing."""
    model = started().eval()
    given, eps = pictures(), noise()
    valid = torch.arange(DIM).expand(8, DIM) < 4
    one = replace(given, valid=valid)
    other = replace(one, target=torch.where(valid, given.x, 1 - given.x))
    for score in (model.log_bound, model.log_prob):
        assert torch.equal(score(one, eps), score(other, eps))
        assert bool((score(one, eps) > score(given, eps)).all())  # fewer values cost less
    with RandomStream(0):
        first = model(one).log_likelihood
    with RandomStream(0):
        second = model(other).log_likelihood
    assert torch.equal(first, second)


def test_the_loss_is_the_weighted_sum_of_the_terms_averaged_over_examples():
    model = started(terms=(("reconstruction", {"weight": 2.0}), ("code_cost", {"name": "kl", "weight": 0.5})))
    trace = model(pictures())
    loss = model.loss(trace)
    cost, kl = -trace.log_likelihood, trace.code.costs["kl"]
    assert loss.weights == {"reconstruction": 2.0, "kl": 0.5}
    assert loss.total.item() == pytest.approx((2 * cost + 0.5 * kl).mean().item(), rel=1e-5)
    other = model.loss(trace, {"reconstruction": 0.0, "kl": 3.0})
    assert other.total.item() == pytest.approx(3 * kl.mean().item(), rel=1e-5)


def test_examples_weigh_what_they_weigh():
    model = started()
    weight = torch.tensor([1.0, 0, 0, 0, 0, 0, 0, 3.0])
    trace = model(replace(pictures(), weight=weight))
    total = model.loss(trace, {"reconstruction": 1.0, "kl": 0.0}).total.item()
    first, *_, last = (-trace.log_likelihood).tolist()
    assert total == pytest.approx((first + 3 * last) / 4, rel=1e-5)


class Sum(Term):
    """The sum of the raw values of the terms before it."""

    def __init__(self, name: str = "sum", weight: float = 1.0) -> None:
        super().__init__()
        self.name, self.weight = name, weight

    def forward(self, trace, earlier: dict[str, Tensor]) -> Tensor:
        return torch.stack(list(earlier.values())).sum(0)


def test_terms_run_in_order_and_see_the_earlier_raw_values():
    model = started(terms=(("reconstruction", {"weight": 5.0}), KL, Sum()))
    trace = model(pictures())
    raw = model.loss(trace).terms
    assert list(raw) == ["reconstruction", "kl", "sum"]
    assert torch.equal(raw["sum"], raw["reconstruction"] + raw["kl"])


def test_weights_follow_their_schedules():
    rising = ("code_cost", {"name": "kl", "weight": LinearWarmup(steps=10, end=4.0)})
    model = build(terms=(("reconstruction", {"weight": LinearWarmup(steps=3)}), rising))
    assert model.weights_at(0) == {"reconstruction": 0.0, "kl": 0.0}
    assert model.weights_at(5) == {"reconstruction": 1.0, "kl": 2.0}
    assert model.settles == 10
    assert model.final_weights() == {"reconstruction": 1.0, "kl": 4.0}
    assert build().settles == 0


def test_players_hold_all_that_is_trained_and_nothing_else():
    model = build()
    next(model.encoder.parameters()).requires_grad = False
    held = [id(p) for player in model.players() for p in player.parameters]
    assert sorted(held) == sorted(id(p) for p in model.parameters() if p.requires_grad)
    assert len(held) < len(list(model.parameters()))


@pytest.mark.parametrize("training", [True, False])
def test_starting_and_calibrating_keep_the_mode(training):
    model = build(likelihood="gaussian").train(training)
    model.initialise(pictures(20))
    model.calibrate(pictures(20))
    assert {module.training for module in model.modules()} == {training}


def test_calibrating_fits_the_variance_and_calibration_tells_it():
    model = started(likelihood="gaussian").eval()
    given = pictures(200)
    with RandomStream(0):
        model.calibrate(given)
    with RandomStream(0):
        error = (model(given).output[:, 0] - given.x).square().mean()
    assert model.calibration()["running_mse"].item() == pytest.approx(error.item(), rel=1e-5)


def test_samples_hear_their_condition():
    model = started(condition_dim=2).eval()
    drawn = []
    for condition in (torch.zeros(4, 2), torch.ones(4, 2)):
        with RandomStream(0):
            drawn.append(model.sample(4, condition))
    assert drawn[0].shape == (4, DIM)
    assert not torch.allclose(drawn[0], drawn[1])


def test_the_bound_is_an_average_over_draws_and_below_importance_sampling():
    model, given, eps = started().eval(), pictures(), noise(6)
    each = torch.stack([model.log_bound(given, one[None]) for one in eps])
    assert torch.allclose(model.log_bound(given, eps), each.mean(0), atol=1e-4)
    singles = torch.stack([model.log_prob(given, one[None]) for one in eps])
    assert torch.allclose(model.log_prob(given, eps), torch.logsumexp(singles, 0) - torch.tensor(6.0).log(), atol=1e-4)
    assert bool((model.log_prob(given, eps) >= singles.mean(0)).all())  # Jensen


def test_without_a_prior_the_score_is_that_of_the_mean_code():
    model, given = started(terms=(RECONSTRUCTION,), prior=None).eval(), pictures()
    output = model.decode(Code(z=model.encode(given).z))
    assert torch.equal(model.log_bound(given, noise()), model.likelihood.log_prob(output, given.x))
    with pytest.raises(ParameterError, match="log_prob needs a random code with a prior"):
        model.log_prob(given, noise())
    with pytest.raises(ParameterError, match="no prior to draw codes from"):
        model.sample(2)


def test_a_model_without_a_decoder_encodes_only():
    model = Autoencoder(build().encoder, build().bottleneck, terms=[catalogue.make("terms", *KL)], prior=build().prior)
    trace = model(pictures())
    assert trace.output is None
    assert list(model.loss(trace).terms) == ["kl"]
    model.initialise(pictures())
    for act in (lambda: model.decode(trace.code), lambda: model.rebuild(pictures())):
        with pytest.raises(ParameterError, match="This model has no decoder"):
            act()


def test_everything_that_does_not_fit_is_told_at_once():
    encoder = catalogue.make("encoders", "mlp", {"in_shape": (DIM,), "out_dim": 3, "hidden": (5,)})
    with pytest.raises(ParameterError) as caught:
        Autoencoder(encoder, build().bottleneck, build().decoder, terms=[])
    for words in ("terms is empty", "come together", "gives 3 features, the bottleneck takes 4"):
        assert words in str(caught.value)
    with pytest.raises(ParameterError, match="names must differ"):
        build(terms=(RECONSTRUCTION, RECONSTRUCTION))
    with pytest.raises(ParameterError, match="hold_steps is -1; expected 0 or more"):
        Autoencoder(**{**build().arguments, "hold_steps": -1})
    with pytest.raises(ParameterError, match="hold_steps are for a random code.* with a prior of clusters"):
        Autoencoder(**{**build().arguments, "hold_steps": 5})


def test_parts_meet_once_when_the_model_is_put_together():
    met = []

    class Meeting(Decoder):
        def connect(self, encoder: Encoder) -> None:
            met.append(encoder)

        def forward(self, code, view, teacher=None):
            return code.z[:, None]

    model = build()
    Autoencoder(model.encoder, model.bottleneck, Meeting(), model.likelihood, terms=[catalogue.make("terms", *KL)])
    assert met == [model.encoder]


def test_a_model_survives_json():
    model = started(terms=(RECONSTRUCTION, ("code_cost", {"name": "kl", "weight": LinearWarmup(steps=5)}))).eval()
    copy = catalogue.build(model.spec()).eval()
    copy.load_state_dict(model.state_dict())
    assert copy.spec() == model.spec()
    given = pictures()
    assert torch.equal(copy.rebuild(given), model.rebuild(given))
    assert copy.weights_at(1) == model.weights_at(1)


def test_a_prior_on_a_sphere_is_for_codes_on_it():
    with pytest.raises(ParameterError, match="one of them is on a part of space"):
        im.VAE(3, prior="uniform_sphere").fit(np.random.default_rng(0).normal(size=(20, 4)))
