"""Every model keeps scikit-learn's contract, survives saving, and hears every parameter."""

import inspect
import json

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import isthmus as im
from isthmus import catalogue
from isthmus.cluster_estimator import ClusterEstimator
from isthmus.errors import IsthmusError
from isthmus.records import Batch

pytestmark = pytest.mark.filterwarnings("ignore::isthmus.errors.EmptyClustersWarning")  # of hardly trained models
WHOLE = catalogue.names("models")
# those of pictures and of texts have suites of their own
TABLES = [name for name in WHOLE if "table" in catalogue.find("models", name).takes]
NAMES = [name for name in TABLES if not catalogue.find("models", name).pictures_only]
ALL = pytest.mark.parametrize("name", NAMES)
GENERATORS = [name for name in NAMES if not catalogue.find("models", name).encodes]
WITHOUT_A_WAY_BACK = [name for name in NAMES if not catalogue.find("models", name).decodes]
ENCODERS = pytest.mark.parametrize("name", [name for name in NAMES if name not in GENERATORS])
BOTH_WAYS = pytest.mark.parametrize("name", [n for n in NAMES if n not in (*GENERATORS, *WITHOUT_A_WAY_BACK)])


# two numbers in the code, however a model says it; what has never done without y refuses to, as it should
SMALL = {"latent_dim": 2, "levels": (5, 5), "classes": 2, "hidden": (16, 8), "pretrain_steps": 3, "hold_steps": 3}
SMALL |= {"free_dim": 1}  # beside one concept
SMALL |= {"condition_dropout": 0.1, "members": 1, "neighbours": 5, "n_clusters": 2}


WIDER = {"semi_supervised_vae": 4, "joint_vae": 4}  # codes that hold more than latent_dim numbers: classes beside them


def quick():
    return im.Trainer(epochs=2, validation=0, compile=False)


def make(name, **changed):
    known = catalogue.parameters("models", name)
    small = {key: value for key, value in SMALL.items() if key in known}
    small |= {"groups": 1} if {"classes", "groups"} <= set(known) else {}
    return catalogue.find("models", name)(**{"trainer": quick(), **small, **changed})


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    t = rng.uniform(0, 3, size=(80, 2))
    x = np.c_[t, np.sin(t), t[:, :1] * t[:, 1:]] + 0.05 * rng.normal(size=(80, 5))
    return x, (t[:, 0] > 1.5).astype(int)


@parametrize_with_checks([make(name) for name in NAMES])
def test_scikit_learns_checks(estimator, check, monkeypatch):
    if check.func.__name__ == "check_array_api_input":
        pytest.skip("data come as numpy arrays, tensors or frames, not by the array API")
    tells = isinstance(estimator, ClusterEstimator | catalogue.find("models", "semi_supervised_vae"))
    if "check_estimator_sparse" in check.func.__name__ and tells:
        pytest.skip("they take predict_proba for a classifier's; see tests/clusters")
    check(estimator)


def fit(name, data, **changed):
    return make(name, **changed).fit(*data)


def conditioned(model, y):
    return {"condition": y} if model.conditional else {}


def answers(model, x, given):
    """What a model says of x, job by job, of those that it has."""
    jobs = ("transform", "reconstruct", "score_samples", "predict_proba")
    return {job: getattr(model, job)(x, **given) for job in jobs if hasattr(model, job)}


@BOTH_WAYS
def test_there_and_back(name, data):
    x, y = data
    model = fit(name, data)
    given = conditioned(model, y)
    codes = model.transform(x, **given)
    assert codes.shape == (80, WIDER.get(name, 2))
    assert codes.dtype == np.float32
    assert np.allclose(model.inverse_transform(codes, **given), model.reconstruct(x, **given), atol=1e-4)
    assert model.score_samples(x, **given).shape == (80,)
    strip = model.interpolate(x[0], x[1], 5)
    assert strip.shape == (5, 5)
    assert np.allclose(strip[[0, -1]], model.inverse_transform(model.transform(x[:2])), atol=1e-4)


@ENCODERS
def test_answers_do_not_depend_on_companions(name, data):
    x, y = data
    model = fit(name, data)
    whole = answers(model, x, conditioned(model, y))
    some = answers(model, x[20:23], conditioned(model, y[20:23]))
    for job, of_some in some.items():
        assert np.allclose(whole[job][20:23], of_some, atol=1e-4), job


@ENCODERS
def test_the_same_seed_gives_the_same_model(name, data):
    first, second = (fit(name, data, random_state=3).transform(data[0]) for _ in range(2))
    assert (first == second).all()


@BOTH_WAYS
def test_new_data_come_from_the_prior_or_a_refusal_in_words(name, data):
    model = fit(name, data)
    try:
        drawn = model.sample(7, random_state=0)
    except IsthmusError as error:
        assert "no prior" in str(error)
        return
    assert drawn.shape == (7, 5)
    assert (drawn == model.sample(7, random_state=0)).all()
    assert (drawn != model.sample(7, random_state=1)).any()
    if model.autoencoder_.encode(Batch(x=torch.zeros(1, 5), condition=torch.zeros(1, 2))).posterior is None:
        with pytest.raises(IsthmusError, match="needs a random code"):
            model.log_prob(data[0])
        return
    exact = model.log_prob(data[0], samples=20, **conditioned(model, data[1]))
    assert exact.mean() >= model.score_samples(data[0], **conditioned(model, data[1])).mean() - 0.05


@ENCODERS
def test_saved_and_loaded_it_is_the_same(name, data, tmp_path):
    x, y = data
    model = fit(name, data)
    loaded = im.load(model.save(tmp_path / "model"))
    given = conditioned(model, y)
    before, after = answers(model, x, given), answers(loaded, x, given)
    assert before.keys() == after.keys()
    for job, of_model in before.items():
        assert (after[job] == of_model).all(), job
    assert type(loaded) is type(model)
    ours, theirs = model.get_params(deep=False), loaded.get_params(deep=False)
    plain = {key for key, value in ours.items() if isinstance(value, int | float | str | bool)}
    assert {key: ours[key] for key in plain} == {key: theirs[key] for key in plain}
    encoder = im.load(tmp_path / "model", part="encoder")
    assert (encoder.transform(x, **given) == model.transform(x, **given)).all()
    if hasattr(encoder, "reconstruct"):
        with pytest.raises(IsthmusError, match="no decoder"):
            encoder.reconstruct(x)
    json.loads((tmp_path / "model" / "model.json").read_text())


@BOTH_WAYS
def test_the_decoder_alone(name, data, tmp_path):
    x, y = data
    model = fit(name, data)
    codes = model.transform(x, **conditioned(model, y))
    decoder = im.load(model.save(tmp_path / "model"), part="decoder")
    assert (decoder.inverse_transform(codes) == model.inverse_transform(codes)).all()
    with pytest.raises(IsthmusError, match="without its encoder"):
        decoder.transform(x)


@ENCODERS
def test_pipelines_clones_and_grids(name, data):
    x, y = data
    model = make(name)
    assert clone(model).get_params()["trainer"].epochs == 2
    codes = make_pipeline(StandardScaler(), clone(model)).fit_transform(x, y)
    wanted = WIDER.get(name, 2) if "latent_dim" in SMALL.keys() & model.get_params() else codes.shape[1]
    assert codes.shape == (80, wanted)
    size = {"latent_dim": [2, 3]} if "latent_dim" in model.get_params() else {}
    search = GridSearchCV(clone(model), {**size, "trainer__epochs": [1, 2]}, cv=2, error_score="raise")
    search.fit(x, y if model.__sklearn_tags__().target_tags.required else None)
    assert len(search.cv_results_["params"]) == 2 * max(1, len(size) * 2)


OTHER = {
    "latent_dim": 3,
    "network": {"name": "mlp", "hidden": (7,)},
    "likelihood": "laplace",
    "trainer": im.Trainer(epochs=3, validation=0, compile=False),
    "random_state": 5,
    "temperature": 0.1,
    "hidden": (7, 4),
    "activation": "tanh",
    "pretrain": "none",
    "corruption": "masking",
    "sparsity": "l1",
    "price": 50.0,
    "beta": 30.0,
    "free_bits": 3.0,
    "warmup": 40,
    "cooling": 3,
    "condition_dropout": 0.6,
    "pretrain_steps": 9,
    "hold_steps": 9,
    "masked": 0.7,
    "tied": True,
    "codebook_size": 4,
    "groups": 2,
    "codebook": "gradient",
    "estimator": "straight_through",
    "prior": "factorised",
    "commitment": 50.0,
    "depth": 2,
    "doubt": 20.0,
    "disuse": 50.0,
    "dropout": 0.9,
    "levels": (3, 3),
    "classes": 3,
    "adversary": 100.0,
    "game": "hinge",
    "penalty": 0.5,
    "repeats": 2,
    "rebuild": 1.0,
    "ratio": 0.4,
    "patch": 2,
    "pretrained": "a fitted model",
    "layer_decay": 0.1,
    "trim": 0.6,
    "members": 3,
    "frozen": True,
    "neighbours": 3,
    "exaggeration": 8.0,
    "rebuilding": 5.0,
    "n_clusters": 3,
    "agreement": 1.0,
    "every": 1,
    "capacity": 0.0,
    "steps": 1,
    "gamma": 900.0,
    "of": "codes",
    "off_diagonal": 500.0,
    "diagonal": 500.0,
    "alpha": -3.0,
    "scale": 900.0,
    "kernel": "gaussian",
    "distance": "sliced",
    "draws": 3,
    "elbo_share": 0.5,
    "encoder_groups": 5,
    "gradient": "plain",
    "smoothness": 30.0,
    "code_weight": 30.0,
    "contraction": 30.0,
    "flow": "radial",
    "most": 20.0,
    "curvature": 9.0,
    "choice_capacity": 0.0,
    "free_dim": 3,
    "graph": {},
    "equations": (),
}
OTHER_OF = {
    ("iwae", "groups"): 5,
    ("causal_vae", "alpha"): 500.0,
    ("ladder_vae", "depth"): 1,
    ("semi_supervised_vae", "alpha"): 500.0,
    ("iwae", "prior"): "gaussian_mixture",
    ("vae", "prior"): "gaussian_mixture",
    ("rae", "penalty"): "l2",
    ("vqvae", "estimator"): "gumbel_softmax",
    ("residual_vqvae", "estimator"): "rotation",
    ("fader_network", "repeats"): 5,
    ("trimmed_ensemble", "network"): {"hidden": (7,)},
    ("wgangp", "likelihood"): {"name": "gaussian", "variance": "per_value"},
}
CASES = [(name, word) for name in NAMES for word in catalogue.parameters("models", name)]
LONGER = {"trainer": im.Trainer(epochs=60, batch_size=16, learning_rate=0.02, validation=0, compile=False)}
FITTED = {"pretrained": "a fitted model"}
CONTEXT = {
    "masked": {"pretrain": "denoising"},
    "price": {"sparsity": "l1"},
    "doubt": LONGER,
    "steps": LONGER,
    "commitment": LONGER,
    "layer_decay": FITTED,
    "frozen": FITTED,
    "capacity": {"steps": 2},
    "choice_capacity": {"steps": 2},
}


@pytest.mark.parametrize(("name", "word"), CASES)
def test_every_parameter_changes_the_result(name, word, data):
    assert word in OTHER, f"say in OTHER what else {word!r} of {name} may be"
    x, y = data
    x = x[:, :4] if word == "patch" else x  # two patches of two
    y = x[:, [0, 2]] if word in ("graph", "equations") else y  # two concepts, one of which is the sine of the other
    context = CONTEXT.get(word, {})
    other_value = OTHER_OF.get((name, word), OTHER[word])
    given = [context, {**context, word: other_value}]
    given = [{**each, "pretrained": fit("ae", data)} if each.get("pretrained") else each for each in given]
    usual, other = (make(name, **each).fit(x, y) for each in given)
    if name in GENERATORS:
        assert not np.allclose(usual.sample(9, random_state=0), other.sample(9, random_state=0), rtol=1e-6)
        return
    pairs = list(zip(answers(usual, x, {}).values(), answers(other, x, {}).values(), strict=True))
    same = [first.shape == second.shape and np.allclose(first, second, rtol=1e-7, atol=1e-7) for first, second in pairs]
    assert not all(same)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_alone_is_whole_but_for_what_it_cannot(name, data, tmp_path):
    model = fit(name, data)
    assert model.sample(4, random_state=0).shape == (4, 5)
    assert (fit(name, data).sample(4, random_state=0) == model.sample(4, random_state=0)).all()
    loaded = im.load(model.save(tmp_path / "model"), part="decoder")
    assert (loaded.sample(4, random_state=0) == model.sample(4, random_state=0)).all()
    codes = np.zeros((3, 2), dtype=np.float32)
    assert (loaded.inverse_transform(codes) == model.inverse_transform(codes)).all()
    assert clone(model).get_params()["trainer"].epochs == 2
    for job in ("transform", "fit_transform", "reconstruct", "score_samples", "score", "log_prob", "interpolate"):
        assert not hasattr(model, job)


@pytest.mark.parametrize("name", WITHOUT_A_WAY_BACK)
def test_features_alone_have_no_way_back_and_say_so(name, data, tmp_path):
    model = fit(name, data)
    features = model.transform(data[0])
    assert features.shape == (80, len(model.get_feature_names_out()))
    assert features.dtype == np.float32
    for job in ("inverse_transform", *([] if model.imputes else ["sample"]), "interpolate", "log_prob"):
        with pytest.raises(AttributeError) as refused:
            getattr(model, job)
        assert "makes features" in str(refused.value.__cause__)


@ALL
def test_notebooks_can_show_it(name, data):
    model = fit(name, data)
    assert type(model).__name__ in model._repr_html_()
    assert hasattr(model, "codebook_") == bool(model.autoencoder_.bottleneck.levels)


@pytest.mark.parametrize("name", WHOLE)
def test_it_names_its_paper(name):
    entry = catalogue.describe("models", name)
    assert entry.source[-1] != ","
    assert any(character.isdigit() for character in entry.source)
    documented = inspect.getdoc(catalogue.find("models", name))
    for word in catalogue.parameters("models", name):
        assert word in documented, f"{word} is not in the docstring"
