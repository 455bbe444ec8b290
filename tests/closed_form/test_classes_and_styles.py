"""A code of a class and a style against sums over classes by hand; y of which some is not known."""

import math

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.class_and_style import ClassAndStyle
from isthmus.data.labels import Condition
from isthmus.decoders.mlp import MLP as Decoder
from isthmus.encoders.mlp import MLP as Encoder
from isthmus.errors import DataError, ParameterError
from isthmus.likelihoods.gaussian import Gaussian as Noise
from isthmus.priors.class_and_style import ClassAndStyle as Prior
from isthmus.records import Batch
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.random_stream import RandomStream

CLASSES, STYLE, DIM, SD = 3, 2, 4, 0.6


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def exact():
    """x | y, z ~ N(V_y + W z, s^2 I): a mixture of Gaussians, with the exact q(z | x, y); q(y | x) is free."""
    weight = torch.linalg.qr(normal(DIM, STYLE)).Q * torch.tensor([1.5, 0.8])
    middles = 1.5 * normal(DIM, CLASSES, seed=1)
    model = Autoencoder(
        encoder=Encoder(in_shape=(DIM,), out_dim=2 * STYLE + CLASSES, hidden=(), linear_path="none"),
        bottleneck=ClassAndStyle(CLASSES, STYLE, hidden=(), bound=1000.0),
        decoder=Decoder(latent_dim=CLASSES + STYLE, out_shape=(DIM,), hidden=(), linear_path="none"),
        likelihood=Noise(variance="fixed", scale=SD),
        prior=Prior(CLASSES),
        terms=[Reconstruction(), CodeCost("kl"), CodeCost("class", 0.5)],
    )
    inverse = 1 / (weight.square().sum(0) + SD**2)
    read = inverse[:, None] * weight.T  # E[z | x, y] = read (x - V_y)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.decoder.head.weight[:, :CLASSES], model.decoder.head.weight[:, CLASSES:] = middles, weight
        model.encoder.head.weight[:STYLE] = read
        model.encoder.head.weight[2 * STYLE :] = normal(CLASSES, DIM, seed=2)
        model.encoder.head.bias[STYLE : 2 * STYLE] = (SD**2 * inverse).log()
        model.bottleneck.head.weight[:STYLE, -CLASSES:] = -read @ middles
    x = normal(200, DIM, seed=3)
    covariance = weight @ weight.T + SD**2 * torch.eye(DIM)
    each = torch.stack([torch.distributions.MultivariateNormal(m, covariance).log_prob(x) for m in middles.T])
    return model.eval(), x, each  # log p(x | y), [classes, rows]


def told(rows):
    return torch.eye(CLASSES)[torch.arange(rows) % CLASSES]


def losses(model, batch, term, count=200):
    with RandomStream(0), torch.no_grad():
        return torch.stack([model.loss(model(batch)).terms[term] for _ in range(count)]).mean(0)


def test_without_labels_the_loss_is_the_mean_over_classes_exactly(exact):
    model, x, each = exact
    batch = Batch(x=x, condition=torch.zeros(len(x), CLASSES))
    log_q = model.encoder.head(x)[:, 2 * STYLE :].log_softmax(1).T.detach()
    wanted = (log_q.exp() * (log_q + math.log(CLASSES) - each)).sum(0)  # -U(x), with log p(y) = -log 3
    found = losses(model, batch, "reconstruction") + losses(model, batch, "kl")
    assert torch.allclose(found, wanted, atol=0.3)
    assert found.mean().item() == pytest.approx(wanted.mean().item(), abs=0.02)
    assert losses(model, batch, "class").abs().max() == 0


def test_with_labels_it_is_minus_log_p_of_x_and_y(exact):
    model, x, each = exact
    batch = Batch(x=x, condition=told(len(x)))
    wanted = math.log(CLASSES) - each[torch.arange(len(x)) % CLASSES, torch.arange(len(x))]
    found = losses(model, batch, "reconstruction") + losses(model, batch, "kl")
    assert found.mean().item() == pytest.approx(wanted.mean().item(), abs=0.02)
    log_q = model.encoder.head(x)[:, 2 * STYLE :].log_softmax(1)
    assert torch.allclose(losses(model, batch, "class", 1), -(log_q * told(len(x))).sum(1), atol=1e-5)


def test_the_classifiers_term_is_a_mean_over_rows_with_labels(exact):
    model, x, _ = exact
    some = told(len(x)) * (torch.arange(len(x)) < 50)[:, None]
    batch = Batch(x=x, condition=some)
    model.bottleneck.initialise(model.features(batch), model(batch).view)
    of_known = -(model.encoder.head(x)[:, 2 * STYLE :].log_softmax(1) * some).sum(1)[:50]
    assert losses(model, batch, "class", 1).mean().item() == pytest.approx(of_known.mean().item(), rel=1e-5)


def test_importance_sampling_finds_log_p(exact):
    model, x, each = exact
    truth = each.logsumexp(0) - math.log(CLASSES)
    with torch.no_grad():
        found = model.log_prob(Batch(x=x, condition=torch.zeros(len(x), CLASSES)), normal(4000, 1, CLASSES + STYLE))
        bound = model.log_bound(Batch(x=x, condition=torch.zeros(len(x), CLASSES)), normal(500, 1, CLASSES + STYLE))
    assert found.mean().item() == pytest.approx(truth.mean().item(), abs=0.1)
    assert bound.mean() < truth.mean()


def test_told_the_class_importance_sampling_is_exact(exact):
    """q is then exact: of log p(x, y)."""
    model, x, each = exact
    with torch.no_grad():
        found = model.log_prob(Batch(x=x, condition=told(len(x))), normal(3, 1, CLASSES + STYLE))
    wanted = each[torch.arange(len(x)) % CLASSES, torch.arange(len(x))] - math.log(CLASSES)
    assert torch.allclose(found, wanted, atol=1e-3)


def test_classes_are_drawn_as_often_as_they_are_likely(exact):
    model, x, _ = exact
    with torch.no_grad():
        posterior = model.encode(Batch(x=x[:1])).posterior
        drawn = posterior.at(normal(20_000, 1, CLASSES + STYLE))[..., :CLASSES]
    assert torch.allclose(drawn.mean(0), posterior.log_class.exp(), atol=0.02)
    with RandomStream(0):
        z = Prior(CLASSES).sample((9000, CLASSES + STYLE), torch.zeros(9000, CLASSES))
        asked = Prior(CLASSES).sample((6, CLASSES + STYLE), told(6))
    assert torch.allclose(z.mean(0)[:CLASSES], torch.full((CLASSES,), 1 / CLASSES), atol=0.02)
    assert torch.equal(asked[:, :CLASSES], told(6))


# -- y -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "y", [[0, 1, -1, 1], [0.0, 1.0, np.nan, 1.0], ["0", "1", None, "1"], np.array(["0", "1", -1, "1"])]
)
def test_labels_that_are_not_known(y):
    condition = Condition.learn_partly(y, 4)
    assert condition.encode(y).tolist() == [[1, 0], [0, 1], [0, 0], [0, 1]]
    again = Condition.from_json(condition.to_json())
    assert again == condition
    assert len(condition.classes) == 2


@pytest.mark.parametrize(
    ("y", "told"), [([-1, -1], "none of which is labelled"), ([0.5, 0.7], "continuous"), ([0], "X has 2 samples")]
)
def test_labels_that_say_nothing_are_refused(y, told):
    with pytest.raises(DataError, match=told):
        Condition.learn_partly(y, 2)


@pytest.fixture(scope="module")
def clouds():
    """Two classes, each a curve; of each three rows are labelled."""
    rng = np.random.default_rng(0)
    y = np.arange(300) % 2
    t = rng.uniform(0, 3, size=300)
    x = np.c_[np.where(y == 0, t, t), np.where(y == 0, np.sin(t), np.sin(t) + 1.5)] + 0.1 * rng.normal(size=(300, 2))
    return x, y, np.where(np.arange(300) < 6, y, -1)


@pytest.fixture(scope="module")
def model(clouds):
    trainer = im.Trainer(epochs=60, batch_size=50, learning_rate=3e-3, validation=0, compile=False)
    return im.SemiSupervisedVAE(1, trainer=trainer).fit(clouds[0], clouds[2])


def test_few_labels_are_enough_for_two_curves(model, clouds):
    x, y, _ = clouds
    assert (model.predict(x) == y).mean() > 0.95
    assert model.classes_.tolist() == [0, 1]


def test_what_is_told_is_believed_and_asked_for_is_drawn(model, clouds):
    x, y, _ = clouds
    assert (model.predict_proba(x, y).argmax(1) == y).all()
    assert (model.transform(x, y)[:, :2] == np.eye(2)[y]).all()
    for kind in (0, 1):
        drawn = model.sample(50, condition=kind, random_state=0)
        assert (model.predict(drawn) == kind).mean() > 0.9
    mixed = model.sample(50, random_state=0)
    assert 0.2 < model.predict(mixed).mean() < 0.8
    swapped = model.swap(x[:20], x[1], part="class")
    assert (model.predict(swapped) == 1).mean() > 0.9


def test_scores_told_the_class_are_of_both(model, clouds):
    """log p(x, y) is less than log p(x) = log of its sum over y."""
    x, y, labels = clouds
    whole = model.log_prob(x, samples=200)
    parts = [model.log_prob(x, samples=200, condition=np.full(300, kind)) for kind in (0, 1)]
    off = whole - np.logaddexp(*parts)  # of estimates: few rows are far off, for weights of draws have long tails
    assert abs(off.mean()) < 0.1
    assert (np.abs(off) < 0.3).mean() > 0.9
    assert model.score(x) > model.score(x, y) - 1
    assert np.isfinite(model.score_samples(x, labels)).all()


def test_it_comes_back_from_disk(model, clouds, tmp_path):
    x, _, labels = clouds
    again = im.load(model.save(tmp_path / "m"))
    assert (again.predict_proba(x) == model.predict_proba(x)).all()
    assert (again.transform(x, labels) == model.transform(x, labels)).all()


def test_what_cannot_be_is_refused_in_words(clouds):
    with pytest.raises(ParameterError, match="-1 where it is not known"):
        im.SemiSupervisedVAE().fit(clouds[0])
    with pytest.raises(ParameterError, match="alpha is -2"):
        im.SemiSupervisedVAE(alpha=-2.0).fit(clouds[0], clouds[1])


@pytest.mark.parametrize("shape", [(28, 28), (32, 32, 3)])
def test_pictures(shape):
    x = np.random.default_rng(0).integers(0, 255, size=(12, *shape), dtype=np.uint8)
    y = np.arange(12) % 3 - 1
    found = im.SemiSupervisedVAE(2, trainer=im.Trainer(epochs=1, validation=0, compile=False)).fit(x, y)
    assert found.reconstruct(x).shape == x.shape
    assert found.sample(2, condition=1, random_state=0).shape == (2, *shape)
    assert found.log_prob(x, samples=3).shape == (12,)
