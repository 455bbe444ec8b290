"""One scorecard: its numbers are those of its parts, and what is left out says why."""

import json

import numpy as np
import pytest

import isthmus as im
from isthmus.errors import DataError, NotAvailableError, ParameterError
from isthmus.metrics.disentanglement.suite import Disentanglement
from isthmus.metrics.few_labels import FewLabels
from isthmus.metrics.scorecard import Scorecard

QUICK = im.Trainer(epochs=3, validation=0)


@pytest.fixture(scope="module")
def digits():
    return im.data.load("digits").take(range(600))


@pytest.fixture(scope="module")
def parts(digits):
    return digits.take(range(400)), digits.take(range(400, 600))


@pytest.fixture(scope="module")
def vae(parts):
    return im.VAE(6, trainer=QUICK).fit(parts[0])


@pytest.fixture(scope="module")
def found(vae, parts):
    return im.evaluate(vae, parts[1], known=parts[0])


def test_numbers_are_those_of_the_scorecard(found, vae, parts):
    card = Scorecard.measure(vae, *parts)
    assert found["ELBO at beta = 1"].value == card.elbo
    assert found["log p(x)"].value == card.log_likelihood
    assert found["MSE"].value == card.mse
    assert dict(found["MSE"].beside) == {"PCA-6": card.pca_mse}
    assert found["neighbours"].value == card.knn
    assert dict(found["neighbours"].beside)["PCA-6"] == card.pca_knn


def test_rate_and_distortion_add_up_to_the_bound(found):
    rate, distortion = found["rate, KL(q(z|x) || p(z))"].value, found["distortion, -log p(x|z)"].value
    assert rate + distortion == pytest.approx(-found["ELBO at beta = 1"].value, abs=1e-4)
    kl = found.details["information"]["kl_by_dimension"]
    assert len(kl) == 6
    assert sum(kl) == pytest.approx(rate)


def test_draws_are_those_of_the_sample_report(found, vae, parts):
    report = im.sample_report(vae, parts[1], known=parts[0])
    one = found["Frechet distance (no FID)"]
    assert one.value == report.makers["VAE"].frechet
    assert dict(one.beside)["real rows"] == report.makers["real rows"].frechet
    assert report.extractor in one.extractor


def test_every_number_has_its_unit_and_its_rows_and_all_is_plain_data(found, parts):
    assert all(each.unit and each.rows > 0 for each in found.measured)
    assert json.loads(json.dumps(found.to_json()))["version"] == im.__version__
    assert len(found.table()) == len(found.measured)
    assert "<pre>" in found._repr_html_()
    text = str(found)
    assert "200 held-out rows, 400 to learn from" in text
    assert "disentanglement: needs the true factors of each row; give factors=" in text


def test_factors_are_told_apart_from_one_encoding_of_all_rows():
    grid = np.indices((4, 5)).reshape(2, -1).T.repeat(15, axis=0)
    X = grid @ [[1.0, 0.0, 1.0], [0.0, 3.0, 0.0]] + 0.01 * np.random.default_rng(0).normal(size=(300, 3))
    model = im.AE(2, trainer=QUICK).fit(X)
    found = im.evaluate(model, X, factors=grid, names=["size", "place"], samples=False)
    wanted = Disentanglement.measure(model.transform(X), grid, ["size", "place"])
    assert found["MIG"].value == wanted.mig.value
    assert found["MIG"].rows == 300
    assert found.details["disentanglement"]["factors"] == {"size": 4, "place": 5}
    assert found.rows == 150  # the other half is what PCA learns from
    reasons = {each.part: each.reason for each in found.left_out}
    assert "neither random nor discrete" in reasons["rate and distortion"]
    assert "needs classes; give y=" in reasons["representation, clustering"]


def test_a_code_that_has_collapsed_is_told_with_what_to_do(parts):
    model = im.BetaVAE(4, beta=1000.0, trainer=im.Trainer(epochs=15, validation=0)).fit(parts[0].values)
    found = im.evaluate(model, parts[1].values, known=parts[0].values, samples=False)
    assert any(note.startswith("posterior collapse") and "lower beta" in note for note in found.notes)


def test_annealing_and_importance_samples_are_as_asked(vae, parts, monkeypatch):
    from isthmus.metrics.annealed_importance import annealed_log_prob
    from isthmus.tasks import evaluation_parts

    def short(model, X, *, condition, random_state):
        return annealed_log_prob(
            model, X, condition=condition, random_state=random_state, chains=2, temperatures=5, leaps=2
        )

    monkeypatch.setattr(evaluation_parts, "annealed_log_prob", short)
    given = {"known": parts[0].values, "samples": False, "annealed": True}
    few = im.evaluate(vae, parts[1].values, importance_samples=1, **given)
    many = im.evaluate(vae, parts[1].values, importance_samples=50, **given)
    assert few["log p(x)"].value < many["log p(x)"].value
    assert few["log p(x)"].extractor == "1 draws of each code"
    assert few["log p(x), annealed"].rows == 50


def test_a_discrete_code_a_generator_and_a_conditional_model(parts):
    train, test = parts
    vq = im.evaluate(im.VQVAE(4, trainer=QUICK).fit(train.values), test.values, known=train.values, samples=False)
    assert vq["rate, by frequency of symbols"].value <= vq["rate, at most"].value
    generator = im.WGANGP(2, trainer=im.Trainer(epochs=1, validation=0)).fit(train.values)
    alone = im.evaluate(generator, test, known=train)
    assert alone.parts == ("sample quality",)
    with pytest.raises(NotAvailableError, match=r"nothing of this can be measured:\n.*WGANGP is a generator alone"):
        im.evaluate(generator, test, known=train, samples=False)
    told = im.evaluate(im.CVAE(2, trainer=QUICK).fit(train, train.labels), test, known=train)
    assert told["Frechet distance (no FID)"].rows == 133
    assert any("CVAE is told the class of each row" in each.reason for each in told.left_out)


def test_mistakes_are_told(vae, parts, digits):
    with pytest.raises(ParameterError, match="expected a fitted model of Isthmus"):
        im.evaluate(im.VAE(2), digits)
    with pytest.raises(ParameterError, match=r"importance_samples is 0(.|\n)*random_state is -1"):
        im.evaluate(vae, digits, importance_samples=0, random_state=-1)
    with pytest.raises(ParameterError, match="factors has 3 rows, X 600 rows"):
        im.evaluate(vae, digits, factors=np.zeros((3, 2)))
    with pytest.raises(DataError, match="X has 3 rows; expected 4 or more"):
        im.evaluate(vae, digits.values[:3])
    with pytest.raises(DataError, match="X has 200 rows, but y has 2"):
        im.evaluate(vae, parts[1], [0, 1])
    few = im.evaluate(vae, digits.take(range(12)), known=parts[0])
    reasons = {each.part: each.reason for each in few.left_out}
    assert reasons["representation, clustering"] == "12 held-out rows with classes; expected 20 or more"
    assert "There are 12 held-out rows" in reasons["sample quality"]
    with pytest.raises(KeyError, match="'FID' was not measured; there are: ELBO"):
        few["FID"]


def test_few_labels_know_less_than_many_and_nothing_is_learnt_from_noise():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 150)
    x, new = (rng.normal(size=(300, 8)) + 1.0 * y[:, None] for _ in range(2))
    found = FewLabels.measure(x, y, new, y, per_class=(1, 100))
    assert found.accuracy[0] < found.accuracy[1]
    assert found.accuracy[1] > 0.85
    noise = FewLabels.measure(x, rng.permutation(y), new, rng.permutation(y), per_class=(100, 1000))
    assert noise.per_class == (100,)
    assert 0.35 < noise.accuracy[0] < 0.65
    with pytest.raises(DataError, match="all labels are the same"):
        FewLabels.measure(x, np.zeros(300), new, y)
