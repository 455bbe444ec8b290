"""Encoders that have learnt before go on learning from labels: slower near the data, or not at all."""

import json

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

import isthmus as im
from isthmus import catalogue
from isthmus.errors import IsthmusError, ParameterError, SavedModelError, StartKeptWarning
from isthmus.metrics.probes import linear_probe
from isthmus.training.step import _groups

NAMES = np.array(["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


def quick(epochs=3):
    return im.Trainer(epochs=epochs, batch_size=32, validation=0, compile=False)


@pytest.fixture(scope="module")
def digits():
    found = im.data.load("digits")
    return (found.values * 15).astype(np.uint8).reshape(-1, 8, 8), found.labels


@pytest.fixture(scope="module")
def mae(digits):
    network = {"name": "vit", "width": 16, "depth": 2, "heads": 2}
    return im.MAE(16, network=network, trainer=quick()).fit(digits[0][:300])


def encoder(model):
    return {name: value.clone() for name, value in model.autoencoder_.encoder.named_parameters()}


def test_a_frozen_encoder_gives_the_features_that_it_gave(mae, digits):
    x, y = digits
    model = im.Classifier(mae, frozen=True, trainer=quick()).fit(x[:200], y[:200])
    mean, spread = mae.transform(x[:200]).mean(0), mae.transform(x[:200]).std(0)
    assert np.allclose(model.transform(x[:50]), (mae.transform(x[:50]) - mean) / spread, atol=1e-3)
    before, after = encoder(mae), encoder(model)
    assert all(torch.equal(before[name.removeprefix("held.module.")], value) for name, value in after.items())


def test_fine_tuning_moves_a_copy_and_leaves_the_model_as_it_was(mae, digits):
    x, y = digits
    before = encoder(mae)
    model = im.Classifier(mae, layer_decay=0.3, trainer=quick()).fit(x[:200], y[:200])
    assert all(torch.equal(before[name], value) for name, value in encoder(mae).items())
    moved = {name: (value - before[name.removeprefix("held.")]).abs().mean() for name, value in encoder(model).items()}
    assert moved["held.blocks.blocks.1.out.weight"] > 2 * moved["held.blocks.blocks.0.out.weight"] > 0


def test_rates_fall_from_the_last_layer_to_the_first(mae, digits):
    x, y = digits
    model = im.Classifier(mae, layer_decay=0.5, trainer=quick(1)).fit(x[:100], y[:100]).autoencoder_
    (player,) = model.players()
    names = {id(p): name for name, p in model.named_parameters()}
    rates = {names[id(p)]: rate for p, rate in zip(player.parameters, player.rates, strict=True)}
    assert rates["decoder.head.weight"] == 10
    assert rates["encoder.held.head.weight"] == 0.5
    assert rates["encoder.held.blocks.blocks.1.project.weight"] == 0.25
    assert rates["encoder.held.blocks.blocks.0.project.bias"] == 0.125
    assert rates["encoder.held.embed.weight"] == 0.0625
    groups = _groups(player, 0.01)
    assert {group["multiple"] for group in groups} == {10, 0.5, 0.25, 0.125, 0.0625}
    assert sum(len(group["params"]) for group in groups) == len(player.parameters)


def test_all_learn_slower_where_there_are_more_features(digits):
    """A step of Adam moves each weight alike: of 64 features the scores move twice as far as of 32."""
    x, y = digits
    wide = im.AE(64, trainer=quick(1)).fit(x[:100])
    model = im.Classifier(wide, trainer=quick(1)).fit(x[:100], y[:100]).autoencoder_
    (player,) = model.players()
    rates = {id(p): rate for p, rate in zip(player.parameters, player.rates, strict=True)}
    assert rates[id(model.decoder.head.weight)] == 5
    assert rates[next(id(p) for p in model.encoder.parameters())] < 0.5


@pytest.mark.parametrize("name", ["vqvae", "categorical_vae"])
def test_encoders_of_symbols_are_taken_too(name, digits):
    """Those models have a parameter called estimator, and are no wrappers."""
    x, y = digits
    known = catalogue.find("models", name)(4, trainer=quick(1)).fit(x[:60])
    for given in (known, FrozenEstimator(known)):
        assert im.Classifier(given, trainer=quick(1)).fit(x[:60], y[:60]).predict_proba(x[:3]).shape == (3, 10)


def test_a_start_that_is_kept_is_told(mae, digits):
    x, y = digits
    worse = im.Trainer(epochs=2, learning_rate=10.0, batch_size=32, compile=False)
    with pytest.warns(StartKeptWarning, match="the start was kept.*another rate.*or frozen=True"):
        model = im.Classifier(mae, trainer=worse).fit(x[:100], y[:100])
    assert model.history_.steps == 0


@pytest.mark.parametrize("name", ["mlp", "conv", "vit"])
def test_depths_name_every_parameter_once(name):
    made = catalogue.make("encoders", name, {"in_shape": (1, 8, 8), "out_dim": 4})
    for parameter, _ in made.named_parameters():
        owners = [i for i, names in enumerate(made.depths()) if parameter.startswith(names)]
        assert len(owners) == 1, parameter


def test_the_folder_of_a_model_does_as_well_as_the_model(mae, digits, tmp_path):
    x, y = digits
    folder = mae.save(tmp_path / "mae")
    wanted = im.Classifier(mae, trainer=quick()).fit(x[:100], y[:100]).predict_proba(x[100:150])
    for given in (folder, str(folder), FrozenEstimator(mae)):
        model = clone(im.Classifier(given, trainer=quick()))
        assert np.array_equal(model.fit(x[:100], y[:100]).predict_proba(x[100:150]), wanted)


def test_a_classifier_goes_on_from_a_classifier_frozen_or_not(mae, digits, tmp_path):
    x, y = digits
    first = im.Classifier(mae, frozen=True, trainer=quick()).fit(x[:100], y[:100])
    for given in (first, first.save(tmp_path / "m")):
        again = im.Classifier(given, trainer=quick()).fit(x[:100], y[:100])
        learns = [p.requires_grad for p in again.autoencoder_.encoder.parameters()]
        assert learns == [p.requires_grad for p in mae.autoencoder_.encoder.parameters()]
        assert not torch.equal(encoder(again)["held.head.weight"], encoder(mae)["head.weight"])


def test_a_road_that_stays_at_the_principal_components_stays_there(digits):
    x, y = digits
    known = im.AE(4, trainer=quick(1)).fit(x[:200])
    tuned = im.Classifier(im.Classifier(known, frozen=True, trainer=quick()).fit(x[:100], y[:100]), trainer=quick())
    before, after = encoder(known), encoder(tuned.fit(x[:100], y[:100]))
    roads = [name for name in before if name.startswith("path.")]
    assert roads
    assert all(torch.equal(before[name], after[f"held.{name}"]) for name in roads)


def test_what_is_given_is_copied_to_the_cpu(mae, digits):
    """The encoder of a model that was trained on another device; here one that holds no numbers at all."""
    from isthmus.saved_encoder import SavedEncoder

    elsewhere = mae.autoencoder_.encoder.__class__(**mae.autoencoder_.encoder.arguments).to("meta")
    with pytest.raises(NotImplementedError, match="meta"):  # it is moved, which only real devices allow
        SavedEncoder.of(elsewhere, mae.schema_, "this")


def test_labels_may_come_with_the_data(mae, digits):
    x, y = digits
    together = im.data.read(x[:100], labels=y[:100])
    assert list(im.Classifier(mae, trainer=quick()).fit(together).classes_) == list(range(10))


def test_a_loaded_classifier_does_not_forget_in_silence_what_it_went_on_from(mae, digits, tmp_path):
    x, y = digits
    loaded = im.load(im.Classifier(mae, trainer=quick()).fit(x[:100], y[:100]).save(tmp_path / "m"))
    with pytest.raises(ParameterError, match="went on from a model that is not saved with it"):
        loaded.fit(x[:100], y[:100])
    loaded.set_params(pretrained=mae).fit(x[:100], y[:100])


def test_classes_are_in_the_order_of_numbers(digits):
    """Sorted as text 10 comes before 2, and cross-validated probabilities are then of other classes."""
    x, y = digits
    model = im.Classifier(trainer=quick(1)).fit(x[:200], y[:200] - 3 + 10 * (y[:200] == 9))
    assert list(model.classes_) == [-3, -2, -1, 0, 1, 2, 3, 4, 5, 16]


@pytest.mark.parametrize("hidden", [(10**7, 10**7), None])
def test_a_folder_that_asks_for_too_much_or_has_no_encoder_is_refused(digits, tmp_path, hidden):
    x, y = digits
    folder = im.AE(4, network={"name": "mlp", "hidden": (8,)}, trainer=quick(1)).fit(x[:60]).save(tmp_path / "m")
    content = json.loads((folder / "model.json").read_text())
    if hidden is None:
        del content["autoencoder"]["arguments"]["encoder"]
    else:
        content["autoencoder"]["arguments"]["encoder"]["arguments"]["hidden"] = hidden
    (folder / "model.json").write_text(json.dumps(content))
    with pytest.raises(SavedModelError):
        im.Classifier(folder, trainer=quick()).fit(x[:60], y[:60])


def test_classes_are_given_back_as_they_came(mae, digits, tmp_path):
    x, y = digits
    model = im.Classifier(mae, trainer=quick(10)).fit(x[:600], NAMES[y[:600]])
    assert list(model.classes_) == sorted(NAMES)
    told = model.predict(x[600:])
    assert (told == NAMES[y[600:]]).mean() > 0.5
    assert model.score(x[600:], NAMES[y[600:]]) == (told == NAMES[y[600:]]).mean()
    again = im.load(model.save(tmp_path / "m"))
    assert np.array_equal(again.predict(x[600:]), told)
    assert np.allclose(model.predict_proba(x[:9]).sum(1), 1, atol=1e-5)


def test_fine_tuning_is_better_than_a_linear_classifier_of_the_same_features(digits):
    """300 labels, three seeds, on digits that were not seen."""
    x, y = digits
    known = im.AE(16, network={"name": "mlp", "hidden": (64,)}, trainer=quick(40)).fit(x[:1200])
    features, found = known.transform(x), []
    for seed in range(3):
        some = np.random.default_rng(seed).permutation(1200)[:300]
        tuned = im.Classifier(known, trainer=quick(60), random_state=seed).fit(x[some], y[some])
        linear = linear_probe(features[some], y[some], features[1200:], y[1200:])
        found.append((tuned.score(x[1200:], y[1200:]), linear))
    tuned, linear = np.mean(found, 0)
    assert tuned > linear > 0.85


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pretrained": im.AE(2)}, "pretrained is a AE, which is not fitted"),
        ({"pretrained": 3}, "pretrained is 3; expected a fitted model"),
        ({"pretrained": "no/such/folder"}, "There is no directory"),
        ({"frozen": True}, "frozen=True needs a pretrained model"),
        ({"layer_decay": 0.0}, r"layer_decay is 0.0; expected a share in \(0, 1\]"),
    ],
)
def test_what_cannot_be_is_refused(digits, given, said):
    with pytest.raises(IsthmusError, match=said):
        im.Classifier(**given, trainer=quick()).fit(digits[0][:50], digits[1][:50])


def test_models_without_an_encoder_of_x_alone_are_refused(digits, tmp_path):
    x, y = digits
    told = im.CVAE(2, trainer=quick(1)).fit(x[:60], y[:60])
    for known in (told, told.save(tmp_path / "m"), im.WGANGP(2, trainer=quick(1)).fit(x[:60])):
        with pytest.raises(ParameterError, match="does not look at data alone"):
            im.Classifier(known, trainer=quick()).fit(x[:60], y[:60])


def test_data_and_labels_that_do_not_fit_are_refused(mae, digits):
    x, y = digits
    with pytest.raises(IsthmusError, match=r"\(6, 8\)"):
        im.Classifier(mae, trainer=quick()).fit(x[:50, :6], y[:50])
    with pytest.raises(IsthmusError, match="1 class only"):
        im.Classifier(mae, trainer=quick()).fit(x[:50], np.zeros(50))
    with pytest.raises(IsthmusError, match="y holds numbers"):
        im.Classifier(mae, trainer=quick()).fit(x[:50], np.linspace(0, 1, 50))
    with pytest.raises(IsthmusError, match="requires y"):
        im.Classifier(mae, trainer=quick()).fit(x[:50])


def test_rates_of_nothing_are_refused():
    with pytest.raises(ParameterError, match="no parameter's name begins so"):
        im.Autoencoder(
            encoder=catalogue.make("encoders", "mlp", {"in_shape": (4,), "out_dim": 2, "hidden": (3,)}),
            bottleneck=catalogue.make("bottlenecks", "identity", {"latent_dim": 2}),
            terms=[catalogue.make("terms", "reconstruction", {})],
            rates={"encoder.stak.": 0.1},
        )
