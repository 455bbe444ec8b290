"""Models that cluster while they learn: they find clusters that are there, and say what they did not find."""

import warnings

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.datasets import make_moons
from sklearn.metrics import adjusted_rand_score

import isthmus as im
from isthmus.errors import DataError, EmptyClustersWarning, ParameterError
from isthmus.records import Batch, Code, Trace, View
from isthmus.terms.cluster_agreement import ClusterAgreement

NAMES = ("VaDE", "ClusterVAE", "IDEC")
ALL = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def blobs():
    """Three clusters on curves in eight dimensions, and whose each row is."""
    rng = np.random.default_rng(0)
    y = np.arange(240) % 3
    t = rng.normal(size=(240, 2)) * 0.4 + np.array([[0, 0], [4, 0], [0, 4]])[y]
    return np.c_[t, np.sin(t), t[:, :1] * t[:, 1:], np.cos(t), t.sum(1)] + 0.05 * rng.normal(size=(240, 8)), y


def make(name, **changed):
    steps = {"VaDE": {"pretrain_steps": 60, "hold_steps": 60}, "IDEC": {"pretrain_steps": 60}}.get(name, {})
    trainer = im.Trainer(epochs=15, batch_size=32, validation=0, compile=False)
    model = getattr(im, name)
    return model(**{"latent_dim": 2, "n_clusters": 3, "trainer": trainer, **steps, **changed})


@ALL
def test_clusters_that_are_there_are_found(name, blobs):
    x, y = blobs
    model = make(name).fit(x)
    assert adjusted_rand_score(y, model.predict(x)) > 0.9
    p = model.predict_proba(x)
    assert p.shape == (240, 3)
    assert np.allclose(p.sum(1), 1, atol=1e-5)
    assert (p.argmax(1) == model.predict(x)).all()


@ALL
def test_predictions_are_the_same_each_time_and_after_loading(name, blobs, tmp_path):
    x, _ = blobs
    model = make(name).fit(x)
    loaded = im.load(model.save(tmp_path / "model"))
    for other in (model, loaded):
        assert (other.predict_proba(x) == model.predict_proba(x)).all()
    assert (make(name).fit(x).predict_proba(x) == model.predict_proba(x)).all()
    assert np.allclose(model.predict_proba(x[7:9]), model.predict_proba(x)[7:9], atol=1e-4)


@ALL
def test_a_sparse_matrix_is_as_good_as_the_same_numbers(name, blobs):
    x = np.where(np.abs(blobs[0]) < 0.5, 0, blobs[0])
    model = make(name).fit(x)
    sparse = make(name).fit(csr_array(x))
    assert np.allclose(sparse.predict_proba(csr_array(x)), model.predict_proba(x), atol=1e-4)


@ALL
def test_fewer_rows_than_clusters_are_refused_in_words(name, blobs):
    with pytest.raises(DataError, match="X holds 5 samples.*n_clusters=3 needs 6 or more"):
        make(name).fit(blobs[0][:5])
    with pytest.raises(ParameterError, match="n_clusters is 0; expected 1 or more"):
        make(name, n_clusters=0).fit(blobs[0])


@ALL
def test_one_cluster_holds_all(name, blobs):
    model = make(name, n_clusters=1).fit(blobs[0])
    assert (model.predict(blobs[0]) == 0).all()
    assert np.allclose(model.predict_proba(blobs[0]), 1)


@ALL
def test_empty_clusters_are_told(name, blobs):
    x, _ = blobs
    with pytest.warns(EmptyClustersWarning, match=r"\d of 3 clusters hold no row .*tells \d apart.*n_clusters="):
        make(name).fit(np.repeat([[0.3] * 8, [2.1] * 8], 15, axis=0))  # two different rows
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(name).fit(x)


@ALL
def test_new_rows_come_from_the_clusters_where_there_is_a_prior(name, blobs):
    x, _ = blobs
    model = make(name).fit(x)
    if name == "IDEC":
        with pytest.raises(ParameterError, match="no prior"):
            model.sample(3)
        return
    drawn = model.sample(300, random_state=0)
    assert set(model.predict(drawn)) == {0, 1, 2}
    assert model.log_prob(x, samples=20).mean() >= model.score_samples(x).mean() - 0.05


@pytest.mark.filterwarnings("ignore::isthmus.errors.EmptyClustersWarning")  # of codes that mean nothing yet
@pytest.mark.parametrize("name", ["VaDE", "IDEC"])
def test_pretraining_is_of_the_networks_alone_and_comes_before_the_clusters(name, blobs):
    x, _ = blobs
    slow = im.Trainer(epochs=1, batch_size=240, learning_rate=1e-12, validation=0, compile=False)
    alone = {"trainer": slow, **({"hold_steps": 0} if name == "VaDE" else {})}
    lost = [np.square(make(name, pretrain_steps=n, **alone).fit(x).reconstruct(x) - x).mean() for n in (0, 200)]
    assert lost[1] < 0.8 * lost[0]
    model = make(name, pretrain_steps=200, **alone).fit(x)
    means = model.autoencoder_.prior.means if name == "VaDE" else model.autoencoder_.terms[1].centres
    codes, found = model.transform(x), model.predict(x)
    middles = np.array([codes[found == cluster].mean(0) for cluster in range(3)])
    assert np.allclose(middles, means.detach().numpy(), atol=0.5 * codes.std())


def test_rows_that_are_held_to_clusters_that_are_not_gaussian_stay_in_them():
    bent, y = make_moons(400, noise=0.06, random_state=0)
    x = np.c_[bent, 2 * bent[:, 0] + bent[:, 1], bent[:, 0] - bent[:, 1]]
    slow = im.Trainer(epochs=1, batch_size=400, learning_rate=1e-12, validation=0, compile=False)
    models = [make("VaDE", n_clusters=2, pretrain_steps=200, hold_steps=steps, trainer=slow) for steps in (0, 400)]
    alone, held = (adjusted_rand_score(y, model.fit(x).predict(x)) for model in models)
    assert held > alone + 0.1


def test_pictures_are_grey_probabilities_to_vade():
    x = np.random.default_rng(0).integers(0, 256, size=(30, 6, 6), dtype=np.uint8)
    trainer = im.Trainer(epochs=1, validation=0, compile=False)
    for given, wanted in (("auto", "Bernoulli"), ("laplace", "Laplace")):
        model = im.VaDE(2, n_clusters=1, pretrain_steps=2, hold_steps=2, likelihood=given, trainer=trainer).fit(x)
        assert type(model.autoencoder_.likelihood).__name__ == wanted


def passed(z):
    return Trace(batch=Batch(x=z), view=View(x=z), features=z, code=Code(z=z))


def test_agreement_is_the_papers():
    term, z = ClusterAgreement(2, clusters=3).eval(), torch.randn(20, 2)
    q = 1 / (1 + torch.cdist(z, term.centres).square())
    q = q / q.sum(1, keepdim=True)
    shares = q.mean(0)  # here all the data
    p = q.square() / shares
    p = p / p.sum(1, keepdim=True)
    term.shares.copy_(shares)
    assert torch.allclose(term(passed(z), {}), (p * (p / q).log()).sum(1), atol=1e-5)
    assert torch.allclose(term.memberships(z), q, atol=1e-6)


def test_shares_are_those_of_all_rows_of_the_last_steps_and_hold_till_the_next():
    term, parts = ClusterAgreement(2, clusters=3, every=4).train(), torch.randn(8, 10, 2)
    begun = term.shares.clone()
    for i, part in enumerate(parts):
        assert torch.equal(term.shares, begun) == (i < 4)
        if i >= 4:
            assert torch.allclose(term.shares, term.memberships(parts[:4].flatten(0, 1)).mean(0), atol=1e-6)
        term(passed(part), {})
    assert torch.allclose(term.shares, term.memberships(parts[4:].flatten(0, 1)).mean(0), atol=1e-6)
    before = term.shares.clone()
    for part in parts:
        term.eval()(passed(part), {})
    assert torch.equal(term.shares, before)


def test_rows_draw_nearer_to_their_centres():
    term = ClusterAgreement(2, clusters=2)
    with torch.no_grad():
        term.centres.copy_(torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))
    z = torch.tensor([[-0.4, 0.1], [0.4, 0.1]], requires_grad=True)
    term(passed(z), {}).sum().backward()
    assert z.grad[0, 0] > 0 > z.grad[1, 0]
