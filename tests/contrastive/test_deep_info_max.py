"""Deep InfoMax: no decoder, a code of all places, and information that rises."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

import isthmus as im
from isthmus import catalogue
from isthmus.errors import DataError, IsthmusError, NotAvailableError, ParameterError
from isthmus.metrics.term_values import term_values
from isthmus.records import Batch, Code, Trace, View
from isthmus.training.random_stream import RandomStream

SMALL = {"channels": (8, 16)}


def digits(count=300):
    return (im.data.load("digits").values[:count] * 15).astype(np.uint8).reshape(-1, 8, 8)


def make(**given):
    trainer = im.Trainer(epochs=2, validation=0, compile=False)
    return im.DeepInfoMax(**{"latent_dim": 6, "network": SMALL, "trainer": trainer, **given})


def traced(count, places, dim=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(count, dim, generator=generator)
    told = z[..., None] + 0.1 * torch.randn(count, dim, places, generator=generator)
    return Trace(batch=Batch(x=z), view=View(x=z), features=z, code=Code(z=z), maps=(told,))


def term(**given):
    with RandomStream(0):
        return catalogue.make("terms", "info_max", {"name": "local", "latent_dim": 4, "features_dim": 4, **given})


@pytest.mark.parametrize("bound", ["info_nce", "jensen_shannon", "donsker_varadhan"])
@pytest.mark.parametrize("weights", [(1.0, 0.0, 0.0), (0.5, 0.5, 0.0), (1.0, 0.0, 0.1)])
def test_what_the_code_tells_of_places_rises(bound, weights):
    local, whole, prior = weights
    trainer = im.Trainer(epochs=6, batch_size=50, validation=0.2, learning_rate=3e-3, compile=False)
    model = make(bound=bound, local_weight=local, global_weight=whole, prior_weight=prior, trainer=trainer)
    epochs = model.fit(digits()).history_.epochs
    costs = [entry["training"]["local"] for entry in epochs if "training" in entry]
    assert costs[-1] < costs[0]
    assert model.transform(digits(5)).shape == (5, 6)


def test_what_the_whole_tells_alone_rises():
    trainer = im.Trainer(epochs=6, batch_size=50, validation=0.2, learning_rate=3e-3, compile=False)
    epochs = make(local_weight=0.0, global_weight=1.0, trainer=trainer).fit(digits()).history_.epochs
    costs = [entry["training"]["global"] for entry in epochs if "training" in entry]
    assert costs[-1] < costs[0] - 0.5  # nats


def test_codes_follow_the_prior_where_a_critic_wants_it():
    """The spread of each number comes nearer to 1, that of the normal distribution."""
    trainer = im.Trainer(epochs=15, batch_size=50, learning_rate=3e-3, compile=False, validation=0)
    free, bound = (
        make(prior_weight=weight, trainer=trainer).fit(digits()).transform(digits()) for weight in (0.0, 5.0)
    )
    away = [np.abs(np.log(codes.std(0))).mean() for codes in (free, bound)]
    assert away[1] < away[0]


def test_places_see_parts_of_the_picture_unless_told_otherwise():
    shape = {"channels": (4, 4, 4)}
    larger = np.kron(digits(40), np.ones((1, 4, 4), dtype=np.uint8))  # 32 x 32
    assert make(network=shape).fit(larger).autoencoder_.terms[0].level == 1  # 8 x 8 places
    assert make(network=shape, level=2).fit(larger).autoencoder_.terms[0].level == 2
    assert make().fit(digits(40)).autoencoder_.terms[0].level == 0


def test_it_is_kept_and_loaded(tmp_path):
    model = make(prior_weight=0.1, global_weight=0.5).fit(digits())
    loaded = im.load(model.save(tmp_path / "dim"))
    assert (loaded.transform(digits(9)) == model.transform(digits(9))).all()
    assert clone(model).get_params()["prior_weight"] == 0.1


def test_codes_do_not_depend_on_companions():
    """Batches standardise in training only."""
    model = make().fit(digits())
    assert np.allclose(model.transform(digits(40))[7:9], model.transform(digits(40)[7:9]), atol=1e-5)


def test_the_same_seed_gives_the_same_codes():
    first, second = (make(random_state=3).fit(digits()).transform(digits(9)) for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize(
    "changed",
    [
        {"level": 1},
        {"group": 20},
        {"bound": "jensen_shannon"},
        {"local_weight": 2.0, "global_weight": 0.1},
        {"latent_dim": 7},
        {"random_state": 1},
    ],
)
def test_every_parameter_changes_the_codes(changed):
    usual, other = make().fit(digits()).transform(digits(9)), make(**changed).fit(digits()).transform(digits(9))
    assert usual.shape != other.shape or not np.allclose(usual, other, atol=1e-4)


def test_a_classifier_goes_on_from_its_encoder():
    y = im.data.load("digits").labels[:300]
    classifier = im.Classifier(make().fit(digits()), trainer=im.Trainer(epochs=3, validation=0, compile=False))
    assert classifier.fit(digits(), y).predict(digits(5)).shape == (5,)


def test_nothing_leads_back_and_that_is_said():
    model = make().fit(digits())
    for job in ("inverse_transform", "sample", "reconstruct", "score_samples"):
        with pytest.raises(AttributeError) as refused:
            getattr(model, job)
        assert isinstance(refused.value.__cause__, NotAvailableError)
        assert not hasattr(model, job)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"local_weight": 0.0}, "nothing is learnt"),
        ({"local_weight": -1.0, "prior_weight": -2.0}, "2 parameters are wrong"),
        ({"bound": "jsd"}, "jensen_shannon"),
        ({"group": 1}, "group is 1"),
        ({"level": 2}, "level is 2; the network's depths are 0 to 1"),
        ({"network": "mlp"}, "'mlp', with 1 place"),
        ({"network": {"flatten": False}}, "flatten=True"),
        ({"trainer": im.Trainer(epochs=1, batch_size=1, compile=False)}, "trainer.batch_size is 1"),
    ],
)
def test_wrong_parameters_are_refused(given, told):
    with pytest.raises(ParameterError, match=told):
        make(**given).fit(digits())


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (np.random.default_rng(0).normal(size=(30, 5)), "takes pictures"),
        (["a text", "another"], "takes numbers"),
        (digits(1), "minimum of 2"),
        (digits(2), r"X holds 2 pictures; DeepInfoMax compares .* 3 or more, or trainer=Trainer\(validation=0\)"),
    ],
)
def test_it_is_for_several_pictures(data, told):
    with pytest.raises((DataError, ParameterError), match=told):
        make(trainer=im.Trainer(epochs=1, compile=False)).fit(data)


@pytest.mark.parametrize("given", [{"validation": 0}, {}])
def test_as_few_pictures_as_can_be_compared_are_taken(given):
    data = digits(2 if given else 3)
    model = make(trainer=im.Trainer(epochs=1, compile=False, **given)).fit(data)
    assert np.isfinite(model.transform(data)).all()


def test_the_cost_does_not_depend_on_how_large_a_batch_is():
    """Rows are compared in groups, so that held-out rows in large batches cost what training's did."""
    compared = term(group=16)
    with torch.no_grad():
        small = torch.stack([compared(traced(16, 3, seed=seed), {}) for seed in range(30)]).mean()
        large = compared(traced(480, 3, seed=99), {})
    assert large.item() == pytest.approx(small.item(), abs=0.1)


def test_all_places_together_are_one():
    together = term(places=3)
    assert together(traced(8, 3), {}).ndim == 0
    with pytest.raises(ParameterError, match="places is 3; the features have 2"):
        together(traced(8, 2), {})


def test_a_row_alone_costs_nothing_when_judged_and_is_refused_in_training():
    assert term().eval()(traced(1, 3), {}).item() == 0
    with pytest.raises(ParameterError, match="a batch of 1 row"):
        term()(traced(1, 3), {})


def test_it_is_a_term_beside_others():
    """An autoencoder that is to rebuild and to tell of places: one more term."""
    given = {"in_shape": (1, 8, 8), "out_dim": 4, "channels": (6, 6)}
    with RandomStream(0):
        model = im.Autoencoder(
            encoder=catalogue.make("encoders", "conv", given),
            bottleneck=catalogue.make("bottlenecks", "identity", {"latent_dim": 4}),
            decoder=catalogue.make("decoders", "conv", {"latent_dim": 4, "out_shape": (1, 8, 8), "channels": (6, 6)}),
            likelihood=catalogue.make("likelihoods", "gaussian", {}),
            terms=[catalogue.make("terms", "reconstruction", {}), term(features_dim=6)],
        )
        trace = model(Batch(x=torch.rand(8, 1, 8, 8)))
    assert [each.shape for each in trace.maps] == [(8, 6, 4, 4), (8, 6, 2, 2)]
    assert not any(each.requires_grad for each in trace.detached().maps)
    model.loss(trace).total.backward()
    assert all(bool(p.grad.isfinite().all()) for p in model.terms.parameters())


def test_what_only_a_decoder_makes_is_not_wanted_of_a_model_without():
    given = {"in_shape": (1, 8, 8), "out_dim": 4, "channels": (6,)}
    critic = catalogue.make("critics", "dense", {"in_shape": (1, 8, 8)})
    with pytest.raises(IsthmusError, match="what a decoder makes"):
        im.Autoencoder(
            encoder=catalogue.make("encoders", "conv", given),
            bottleneck=catalogue.make("bottlenecks", "identity", {"latent_dim": 4}),
            terms=[term(features_dim=6)],
            critics={"examples": critic},
        )


def test_one_row_alone_tells_nothing():
    pictures = im.data.load("digits").values[:40].reshape(-1, 8, 8) / 16
    trainer = im.Trainer(epochs=1, validation=0, compile=False)
    model = im.DeepInfoMax(4, network={"channels": (4,)}, bound="jensen_shannon", trainer=trainer).fit(pictures)
    assert term_values(model, im.data.read(pictures[:1])) == {}
    assert 0 < term_values(model, im.data.read(pictures))["local"] < 2
