"""The clusterer: what it finds in digits, new rows, files, other models, and what it refuses."""

import json

import numpy as np
import pytest
from sklearn.base import clone

import isthmus as im
from isthmus.errors import DataError, ParameterError, SavedModelError
from isthmus.metrics.clustering import ClusterScores
from isthmus.tasks.clusterer import CollapsedClustersWarning
from isthmus.tasks.found_clusters import found_clusters


def quick(**given):
    return im.Trainer(**{"epochs": 80, **given})


@pytest.fixture(scope="module")
def digits():
    data = im.data.load("digits")
    return data.values[:600], data.labels[:600]


@pytest.fixture(scope="module")
def clusterer(digits):
    return im.Clusterer(n_clusters=10, trainer=quick()).fit(digits[0])


def test_it_finds_digits_better_than_k_means_on_pixels(clusterer, digits):
    x, y = digits
    compared = clusterer.against_baselines(x, y)
    ours, pixels, *_ = compared.rows
    assert ours.scores.ari > pixels.scores.ari + 0.05
    assert "worth it here" in compared.verdict
    assert ours.clusters == clusterer.n_clusters_ == 10


def test_new_rows_are_put_where_they_belong(clusterer):
    data = im.data.load("digits")
    x, y = data.values[600:1200], data.labels[600:1200]
    labels = clusterer.predict(x)
    assert ClusterScores.of(labels, y).accuracy > 0.75
    assert (labels == clusterer.predict(x)).all()
    assert (labels[:7] == clusterer.predict(x[:7])).all()


def test_rows_of_fit_keep_their_cluster(clusterer, digits):
    assert (clusterer.predict(digits[0]) == clusterer.labels_).mean() > 0.98
    assert np.bincount(clusterer.labels_).tolist() == sorted(np.bincount(clusterer.labels_).tolist(), reverse=True)


def test_prototypes_look_like_their_clusters(clusterer, digits):
    x, _ = digits
    shown = clusterer.prototypes()
    assert shown.shape == (10, 64)
    means = np.stack([x[clusterer.labels_ == k].mean(0) for k in range(10)])
    closest = np.square(shown[:, None] - means[None]).sum(2).argmin(1)
    assert (closest == np.arange(10)).mean() >= 0.8
    for number, rows in enumerate(clusterer.typical(x, 3)):
        assert len(rows) == 3
        assert (clusterer.predict(x[rows]) == number).all()


def test_it_comes_back_from_disk(clusterer, digits, tmp_path):
    loaded = im.load(clusterer.save(tmp_path / "clusters"))
    assert isinstance(loaded, im.Clusterer)
    assert (loaded.predict(digits[0]) == clusterer.predict(digits[0])).all()
    assert (loaded.labels_ == clusterer.labels_).all()
    assert (loaded.prototypes() == clusterer.prototypes()).all()
    assert loaded.n_clusters_ == 10
    with pytest.raises(SavedModelError, match="holds a clusterer, and no anomaly_detector"):
        im.AnomalyDetector.load(tmp_path / "clusters")
    file = tmp_path / "clusters" / "task.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "state": {**content["state"], "method": "k_means"}}))
    with pytest.raises(SavedModelError, match=r"lacks rule\.means"):
        im.load(tmp_path / "clusters")


@pytest.mark.parametrize("method", ["graph", "k_means", "gaussian_mixture", "hdbscan"])
def test_any_model_and_any_method(method, digits):
    x, _ = digits
    model = im.AE(8, trainer=im.Trainer(epochs=3)).fit(x)
    found = im.Clusterer(model, method=method, n_clusters="auto" if method == "hdbscan" else 5, min_cluster_size=8)
    found.fit(x)
    assert found.model_ is model
    assert len(found.labels_) == len(x)
    assert found.predict(x[:4]).shape == (4,)


def test_frames_texts_and_counts(digits):
    pandas = pytest.importorskip("pandas")
    size = np.random.default_rng(0).normal(size=80) + np.tile([1.0, 1.0, 9.0, 9.0], 20)
    frame = pandas.DataFrame({"size": size, "colour": ["red", "red", "blue", "blue"] * 20})
    found = im.Clusterer(n_clusters=2, trainer=quick(epochs=20)).fit(frame)
    assert ClusterScores.of(found.labels_, frame["colour"]).accuracy == 1.0
    names = ["ann", "anna", "hanna", "bob", "rob", "robert"] * 10
    told = im.Clusterer(im.SequenceAE(4, trainer=im.Trainer(epochs=2)), n_clusters=2).fit(names)
    assert len(told.labels_) == 60
    with pytest.raises(DataError, match="texts"):
        im.Clusterer(n_clusters=2).fit(names)


def test_it_is_cloned_and_searched_as_any_estimator(clusterer):
    fresh = clone(clusterer)
    assert fresh.get_params()["n_clusters"] == 10
    assert not hasattr(fresh, "labels_")


def test_stability_needs_no_labels(digits):
    found = im.Clusterer(im.AE(4, trainer=im.Trainer(epochs=2)), n_clusters=4, method="k_means").fit(digits[0][:300])
    told = found.stability(digits[0][:300], seeds=3)
    assert len(told.clusters) == 3
    assert -0.5 <= told.lowest <= told.mean <= 1
    fitted = im.AE(4, trainer=im.Trainer(epochs=2)).fit(digits[0][:300])
    same = im.Clusterer(fitted, n_clusters=2, method="k_means").fit(digits[0][:300])
    assert same.stability(digits[0][:300], seeds=2).mean > 0.5


def test_clusters_with_hardly_any_rows_are_said():
    x = np.concatenate([np.random.default_rng(0).normal(size=(400, 2)), [[90.0, 90.0]]])
    with pytest.warns(CollapsedClustersWarning, match="hundredth of an even share"):
        im.Clusterer(im.AE(2, trainer=im.Trainer(epochs=1)), n_clusters=2, method="k_means").fit(x)


def test_everything_wrong_is_said_at_once():
    wrong = im.Clusterer(n_clusters=1, method="kmean", neighbours=0, min_cluster_size=0)
    with pytest.raises(
        ParameterError, match=r"(?s)n_clusters is 1.*Did you mean 'k_means'.*min_cluster_size.*neighbours"
    ):
        wrong.fit(np.zeros((9, 2)))


def test_too_few_rows_and_rows_that_are_alike():
    with pytest.raises(DataError, match="X has 5 samples, and n_clusters is 9"):
        im.Clusterer(n_clusters=9).fit(np.random.default_rng(0).normal(size=(5, 3)))
    model = im.AE(2, trainer=im.Trainer(epochs=1)).fit(np.random.default_rng(0).normal(size=(50, 3)))
    with pytest.raises(DataError, match="the rows are alike, or the code has collapsed"):
        im.Clusterer(model, n_clusters=2).fit(np.ones((50, 3)))
    with pytest.raises(DataError, match="the same in every row; there is nothing to learn"):
        im.Clusterer(n_clusters=2).fit(np.ones((50, 3)))


def test_models_without_codes_or_with_a_teacher_are_refused(digits):
    with pytest.raises(ParameterError, match="WGANGP, which has no codes"):
        im.Clusterer(im.WGANGP(2)).fit(digits[0])
    with pytest.raises(ParameterError, match="CVAE, which wants y"):
        im.Clusterer(im.CVAE(2)).fit(digits[0])
    with pytest.raises(ParameterError, match="trainer is for the usual model"):
        im.Clusterer(im.AE(2), trainer=quick()).fit(digits[0])
    model = im.MAE(4, patch=4, trainer=im.Trainer(epochs=1)).fit(digits[0].reshape(-1, 8, 8)[:64])
    with pytest.raises(AttributeError, match="inverse_transform"):
        im.Clusterer(model, n_clusters=2).fit(digits[0].reshape(-1, 8, 8)[:64]).prototypes()


def test_what_was_found_is_told(clusterer, digits):
    told = found_clusters(clusterer, *digits)
    assert sum(each.size for each in told.clusters) == 600
    assert told.scores.clusters == 10
    text = told.as_text()
    assert text.startswith("10 clusters of 600 rows")
    assert "PCA-50, k-means" in text
    apart = told.clusters[0].traits[0]
    column = digits[0][:, int(apart.name.removeprefix("x"))]
    own = column[told.labels == 0]
    assert apart.difference == pytest.approx((own.mean() - column.mean()) / column.std(), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_digits_are_found_by_any_seed(seed):
    data = im.data.load("digits")
    found = im.Clusterer(n_clusters=10, random_state=seed).fit(data.values)
    assert ClusterScores.of(found.labels_, data.labels).accuracy > 0.85


def test_of_very_few_rows_groups_are_found_too():
    rows = np.random.default_rng(0).normal(size=(10, 4))
    assert im.Clusterer(trainer=im.Trainer(epochs=1)).fit(rows).n_clusters_ >= 2


def test_classes_with_gaps_are_refused():
    rows = np.random.default_rng(0).normal(size=(60, 4))
    found = im.Clusterer(im.AE(2, trainer=im.Trainer(epochs=1)), n_clusters=2).fit(rows)
    with pytest.raises(DataError, match="y contains 1 NaN or missing values"):
        found.against_baselines(rows, ["a", "b"] * 29 + ["a", None])
