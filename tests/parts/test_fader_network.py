"""The classifier that removes a known factor: who learns from what, of which part, and what is left in the code."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.bottlenecks.parts import Parts
from isthmus.critics.factor import Factor
from isthmus.data.reading import read
from isthmus.errors import ParameterError
from isthmus.metrics.probes import linear_probe
from isthmus.records import Batch, Code, Trace, View
from isthmus.report.page import write
from isthmus.terms.adversarial import Adversarial
from isthmus.terms.reconstruction import Reconstruction


def trained(steps, critic, trace):
    optimiser = torch.optim.Adam(critic.parameters(), lr=0.02)
    for _ in range(steps):
        optimiser.zero_grad()
        critic.loss(trace.detached()).backward()
        optimiser.step()
    return critic


def told(z, condition, **more):
    x = torch.zeros(len(z), 1)
    return Trace(batch=Batch(x=x, condition=condition), view=View(x=x), features=z, code=Code(z=z, **more))


def test_the_verdict_is_what_the_code_tells_in_nats():
    """Three classes of which one is rare; the code tells it exactly, or nothing."""
    y = torch.tensor([0] * 50 + [1] * 40 + [2] * 10)
    condition = torch.eye(3)[y]
    known, unknown = torch.eye(3)[y], torch.randn(100, 3)
    blind = trained(300, Factor(3, 3, hidden=(16,)), told(0 * unknown, condition))
    assert torch.allclose(blind.guess.softmax(-1), torch.tensor([0.5, 0.4, 0.1]), atol=0.02)
    assert blind.verdict(told(0 * unknown, condition)).max() < 1e-3
    seeing = trained(300, Factor(3, 3, hidden=(16,)), told(known, condition))
    assert seeing.verdict(told(known, condition)).mean() > math.log(2)


def test_numbers_are_told_by_their_mean():
    y = torch.randn(200, 1)
    condition = torch.cat([y, torch.ones(200, 1)], dim=1)
    given = told(torch.cat([y, torch.randn(200, 1)], dim=1), condition)
    critic = trained(300, Factor(2, 2, numbers=True, hidden=(16,)), given)
    assert critic.loss(given).item() == pytest.approx(0.5 * y.var().item(), abs=0.1)  # the guess is the mean
    assert critic.verdict(given).mean().item() == pytest.approx(0.5 * y.var().item(), abs=0.1)


def test_it_judges_one_part_only():
    z = torch.randn(50, 3).requires_grad_()
    given = told(z, torch.eye(2)[(z[:, 2] > 0).long()], parts={"content": slice(0, 2), "style": slice(2, 3)})
    Factor(2, 2, part="content").verdict(given).sum().backward()
    assert z.grad[:, :2].any()
    assert not z.grad[:, 2].any()


def test_a_part_that_is_not_there_is_named():
    given = told(torch.randn(5, 3), torch.eye(2)[torch.zeros(5).long()], parts={"content": slice(0, 3)})
    with pytest.raises(ParameterError, match="no part 'contnt'. Did you mean 'content'"):
        Factor(3, 2, part="contnt").loss(given)
    with pytest.raises(ParameterError, match="no part 'content'. It is in one piece"):
        Factor(3, 2, part="content").loss(told(torch.randn(5, 3), given.batch.condition))


def test_of_a_code_with_places_the_real_ones_count():
    z, valid = torch.randn(4, 6, 2), torch.tensor([True, True, False, True, False, False]).expand(4, 6)
    condition = torch.eye(2)[torch.zeros(4).long()]
    critic = Factor(2, 2)
    whole = critic.verdict(told(z, condition, valid=valid))
    assert torch.allclose(whole, critic.verdict(told(z[:, [0, 1, 3]], condition)), atol=1e-6)


def composition():
    """Two parts, of which one is judged."""
    sizes = {"hidden": (8,), "linear_path": "none"}
    return Autoencoder(
        encoder=catalogue.make("encoders", "mlp", {"in_shape": (5,), "out_dim": 4, **sizes}),
        bottleneck=Parts({"content": Identity(3), "style": Identity(1)}),
        decoder=catalogue.make("decoders", "mlp", {"latent_dim": 4, "out_shape": (5,), **sizes}),
        likelihood=catalogue.make("likelihoods", "gaussian", {}),
        terms=[Reconstruction(), Adversarial("factor")],
        critics={"factor": Factor(3, 2, part="content", hidden=(8,))},
    )


def test_neither_side_learns_from_the_others_loss():
    model = composition()
    trace = model(Batch(x=torch.randn(20, 5), condition=torch.eye(2)[torch.arange(20) % 2]))
    own, critic = model.players()[0].parameters, list(model.judges()["factor"].parameters())
    model.judges()["factor"].loss(trace.detached()).backward()
    assert all(p.grad is None for p in own)
    assert all(p.grad is not None for p in critic)
    for parameter in critic:
        parameter.grad = None
    model.loss(trace).total.backward(inputs=own)
    assert all(p.grad is None for p in critic)
    assert any(bool(p.grad.any()) for p in own)


def test_the_composition_survives_json():
    model = composition()
    again = catalogue.build(model.spec())
    assert again.spec() == model.spec()
    assert again.bottleneck.parts == model.bottleneck.parts


@pytest.fixture(scope="module")
def data():
    """Numbers to which the class adds its own."""
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=600)
    x = rng.normal(size=(600, 2)) @ rng.normal(size=(2, 6)) + 2 * y[:, None] + 0.1 * rng.normal(size=(600, 6))
    return x.astype(np.float32), y


@pytest.fixture(scope="module")
def model(data):
    trainer = im.Trainer(epochs=40, batch_size=50, learning_rate=3e-3, validation=0, compile=False)
    return im.FaderNetwork(3, adversary=10.0, warmup=50, trainer=trainer).fit(*data)


def test_the_code_tells_less_and_the_factor_is_edited(model, data):
    x, y = data
    before, after = x, model.transform(x)
    assert linear_probe(before[:400], y[:400], before[400:], y[400:]) > 0.95
    assert linear_probe(after[:400], y[:400], after[400:], y[400:]) < 0.65
    rebuilt, edited = model.reconstruct(x, condition=y), model.reconstruct(x, condition=1 - y)
    assert np.square(rebuilt - x).mean() < 0.2 * x.var()
    moved = (edited - rebuilt) * np.where(y == 0, 1, -1)[:, None]
    assert moved.mean() == pytest.approx(2, abs=0.5)  # from one class to the other


def test_the_encoder_is_not_told(model, data):
    x, y = data
    assert np.array_equal(model.transform(x[:9], condition=y[:9]), model.transform(x[:9], condition=1 - y[:9]))


def test_what_never_did_without_y_refuses_to(model, data):
    x, y = data
    codes = model.transform(x[:4])  # the encoder is not told
    jobs = {
        "reconstruct": lambda fitted, given: fitted.reconstruct(x[:4], **given),
        "inverse_transform": lambda fitted, given: fitted.inverse_transform(codes, **given),
        "sample": lambda fitted, given: fitted.sample(4, random_state=0, **given),
        "score_samples": lambda fitted, given: fitted.score_samples(x[:4], **given),
        "log_prob": lambda fitted, given: fitted.log_prob(x[:4], samples=2, **given),
        "interpolate": lambda fitted, given: fitted.interpolate(x[0], x[1], 4, **given),
    }
    for job, answer in jobs.items():
        with pytest.raises(ParameterError, match=r"(?s)condition=.*condition_dropout above 0.*Known: 0, 1"):
            answer(model, {})
        assert len(answer(model, {"condition": 1})) == 4, job
    trainer = im.Trainer(epochs=1, validation=0, compile=False)
    practised = im.FaderNetwork(3, condition_dropout=0.2, trainer=trainer).fit(x, y)
    assert all(len(answer(practised, {})) == 4 for answer in jobs.values())


def test_an_encoder_that_is_told_needs_to_be(data):
    x, y = data
    trainer = im.Trainer(epochs=1, validation=0, compile=False)
    told = im.CVAE(2, condition_dropout=0.0, trainer=trainer).fit(x, y)
    with pytest.raises(ParameterError, match="condition_dropout above 0"):
        told.transform(x[:4])
    assert told.transform(x[:4], condition=1).shape == (4, 2)
    assert im.CVAE(2, trainer=trainer).fit(x, y).transform(x[:4]).shape == (4, 2)


def test_the_report_tells_it_what_it_must_know(data, tmp_path):
    x, y = data
    trainer = im.Trainer(epochs=1, validation=0, compile=False)
    rows = read((255 / 14 * (x - x.min())).clip(0, 255).astype(np.uint8).reshape(-1, 2, 3))
    for labels in (y, y + np.linspace(0, 1, len(y))):
        train, test = (replace(rows.take(some), labels=labels[some]) for some in (np.r_[:500], np.r_[500:600]))
        fitted = im.FaderNetwork(2, trainer=trainer).fit(train)
        page = write(fitted, train=train, test=test, path=tmp_path / "report.html").read_text()
        assert "could not be made" not in page
        assert "All are told y = " in page


def test_numbers_can_be_removed_too(data):
    x, y = data
    trainer = im.Trainer(epochs=2, validation=0, compile=False)
    fitted = im.FaderNetwork(2, trainer=trainer).fit(x, y + np.random.default_rng(0).normal(size=600))
    assert fitted.autoencoder_.judges()["factor"].numbers
    assert fitted.reconstruct(x[:4], condition=0.5).shape == (4, 6)


def test_wrong_settings_are_refused_all_at_once(data):
    with pytest.raises(ParameterError, match=r"(?s)adversary is -1.*beta is -2.*repeats is 0"):
        im.FaderNetwork(2, adversary=-1.0, beta=-2.0, repeats=0).fit(*data)


def test_without_practice_a_condition_is_asked_for_and_fit_transform_hands_it_on():
    digits = im.data.load("digits").take(range(60))
    told = {"condition_dropout": 0.0, "trainer": im.Trainer(epochs=1, validation=0, compile=False)}
    fader, cvae = im.FaderNetwork(2, **told), im.CVAE(2, **told)
    assert fader.fit_transform(digits.values, digits.labels).shape == (60, 2)  # its encoder is not told
    codes = cvae.fit_transform(digits.values, digits.labels)
    assert np.array_equal(codes, cvae.transform(digits.values, digits.labels))
    for model in (fader, cvae):
        for job in (model.reconstruct, model.score_samples):
            with pytest.raises(ParameterError, match="condition_dropout above 0"):
                job(digits.values)


def test_what_is_told_in_a_whisper_is_told():
    """A code that shrinks, or moves, tells as much: whoever learns from it will bring it to one size first."""
    z, y = torch.randn(60, 3), torch.randint(3, (60,))
    critic = trained(30, Factor(3, 3, hidden=(16,)), told(z, torch.eye(3)[y]))
    verdict = critic.verdict(told(z, torch.eye(3)[y]))
    whisper = critic.verdict(told(5 + 0.03 * z, torch.eye(3)[y]))
    assert torch.allclose(verdict, whisper, rtol=1e-3, atol=1e-4)


def test_one_row_is_judged_by_the_spread_that_is_known():
    z, condition = torch.randn(60, 3), torch.eye(2)[torch.randint(2, (60,))]
    critic = trained(200, Factor(3, 2, hidden=(16,)), told(3 + z, condition))
    alone = critic.verdict(told(3 + z[:1], condition[:1]))
    assert alone.item() == pytest.approx(critic.eval().verdict(told(3 + z, condition))[0].item(), abs=1e-5)
