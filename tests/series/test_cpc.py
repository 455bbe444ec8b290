"""Contrastive predictive coding: the context foretells what comes, nothing looks ahead, and padding is not heard."""

import math
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch.nn import functional as F

import isthmus as im
from isthmus import catalogue
from isthmus.errors import IsthmusError, NotAvailableError, ParameterError
from isthmus.metrics.probes import linear_probe
from isthmus.metrics.scorecard import Scorecard
from isthmus.records import Batch, Code, Trace, View
from isthmus.training.random_stream import RandomStream

LENGTHS = torch.tensor([9, 4, 7, 1])


def turning(count=120, seed=0):
    """Points that go round a circle, slowly or fast, from anywhere; and which of the two."""
    rng = np.random.default_rng(seed)
    fast = rng.integers(0, 2, count)
    found = []
    for speed in np.where(fast, 0.9, 0.3):
        angle = rng.uniform(0, 6.28) + speed * np.arange(rng.integers(12, 30))
        found.append(np.c_[np.cos(angle), np.sin(angle)] + 0.1 * rng.normal(size=(len(angle), 2)))
    return found, fast


def make(**given):
    trainer = im.Trainer(epochs=given.pop("epochs", 4), batch_size=20, learning_rate=5e-3, validation=0, compile=False)
    small = {
        "latent_dim": 8,
        "local_dim": 4,
        "nearest": 1,
        "farthest": 3,
        "network": {"width": 16, "stride": 1},
        "trainer": trainer,
    }
    return im.CPC(**{**small, **given})


def encoder(**changed):
    given = {"in_shape": (9, 3), "out_dim": 6, "local_dim": 2, "width": 8, **changed}
    with RandomStream(0):
        return catalogue.make("encoders", "conv_recurrent", given).eval()


def seen(seed=0, longer=0):
    x = torch.randn(len(LENGTHS), 9 + longer, 3, generator=torch.Generator().manual_seed(seed))
    valid = (torch.arange(9 + longer) < LENGTHS[:, None])[..., None].expand_as(x)
    return View(x=x, valid=valid)


def term(**changed):
    with RandomStream(0):
        given = {"latent_dim": 5, "local_dim": 2, "farthest": 2, "rivals": "batch", "others": 7, **changed}
        return catalogue.make("terms", "contrastive_prediction", given)


def trace(z, valid=None):
    return Trace(batch=Batch(x=z), view=View(x=z), features=z, code=Code(z=z, valid=valid))


# -- the encoder ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_padding_is_not_heard(stride):
    reader, view = encoder(stride=stride), seen()
    whole, real = reader(view), reader.valid(view)
    respelt = replace(view, x=view.x.where(view.valid, 99.0))
    assert torch.equal(reader(respelt)[real], whole[real])
    more = seen(longer=4)
    more = replace(more, x=torch.nn.functional.pad(view.x, (0, 0, 0, 4), value=5.0))
    assert torch.allclose(reader(more)[reader.valid(more)], whole[real], atol=1e-6)
    for row, length in enumerate(LENGTHS):
        alone = reader(View(x=view.x[row : row + 1, :length]))
        assert alone.shape[1] == math.ceil(length / stride) == int(real[row].sum())
        assert torch.allclose(alone[0], whole[row][real[row]], atol=1e-6)


def test_the_context_does_not_look_ahead_of_what_is_heard():
    """What is heard at a place sees 3 places more on either side, at most; the context all before, and no more."""
    reader, view = encoder(stride=1), seen()
    x = view.x[:1].clone().requires_grad_()
    reader(View(x=x))[0, 2].abs().sum().backward()
    heard = x.grad[0].abs().sum(1) > 0
    assert heard.tolist() == [True] * 6 + [False] * 3


# -- the term ------------------------------------------------------------------------------------------


def test_the_bound_is_info_nce_by_hand():
    contrast = term(farthest=1, others=100)
    z = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    local, told = z[..., :2], contrast.foretell[0](z[..., 2:])
    costs = []
    for row in range(2):
        for place in range(2):
            scores = (local.flatten(0, 1) @ told[row, place]) / math.sqrt(2)
            own = row * 3 + place + 1
            costs.append(scores.logsumexp(0) - scores[own] - math.log(6))  # six places in all
    assert contrast(trace(z), {}).item() == pytest.approx(torch.stack(costs).mean().item(), abs=1e-5)


def test_rivals_of_the_same_sequence_by_hand():
    contrast = term(farthest=2, nearest=2, rivals="sequence")
    z = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0))
    valid = torch.tensor([[True] * 4, [True, True, True, False]])
    costs = []
    for row, places in ((0, 4), (1, 3)):
        for place in range(places - 2):
            told = contrast.foretell[0](z[row, place, 2:])
            scores = (z[row, :places, :2] @ told) / math.sqrt(2)
            costs.append(scores.logsumexp(0) - scores[place + 2] - math.log(places))
    assert contrast(trace(z, valid), {}).item() == pytest.approx(torch.stack(costs).mean().item(), abs=1e-5)


@pytest.mark.parametrize("rivals", ["sequence", "batch"])
def test_places_that_are_not_real_count_for_nothing(rivals):
    contrast = term(others=100, rivals=rivals)
    z = torch.randn(3, 6, 5, generator=torch.Generator().manual_seed(0))
    valid = torch.arange(6) < torch.tensor([6, 2, 4])[:, None]
    other = z.where(valid[..., None], 50.0)
    assert torch.equal(contrast(trace(z, valid), {}), contrast(trace(other, valid), {}))


def test_more_padding_changes_nothing():
    z = torch.randn(2, 5, 5, generator=torch.Generator().manual_seed(0))
    for rivals in ("sequence", "batch"):
        contrast = term(rivals=rivals, others=128, farthest=1)
        found = [
            contrast(trace(F.pad(z, (0, 0, 0, more)), torch.arange(5 + more).expand(2, -1) < 5), {}).item()
            for more in (0, 5, 50)
        ]
        assert found == pytest.approx([found[0]] * 3, abs=1e-5)
        assert found[0] > -math.log(10)


def test_long_sequences_have_no_more_rivals_than_are_asked_for():
    contrast = term(rivals="sequence", others=4, farthest=1)
    z = torch.randn(1, 60, 5, generator=torch.Generator().manual_seed(0))
    local, real = z[..., :2], torch.ones(1, 60, dtype=torch.bool)
    rivals, barred = contrast._compared(local, real)
    assert torch.equal(rivals[0], local[0, [0, 15, 30, 45]])
    assert barred.shape == (1, 60, 4)
    assert barred[0].nonzero().tolist() == [[0, 0], [15, 1], [30, 2], [45, 3]]


def test_every_weight_has_a_gradient_however_short_the_batch():
    """As processes that train together want it."""
    contrast = term(farthest=6)
    contrast(trace(torch.randn(2, 3, 5)), {}).backward()
    assert all(weight.grad is not None for weight in contrast.parameters())


def test_scores_are_float32_under_autocast():
    contrast, z = term(), torch.randn(4, 6, 5, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        cast = contrast(trace(z), {})
    assert cast.dtype == torch.float32
    assert cast.item() == pytest.approx(contrast(trace(z), {}).item(), abs=0.02)


def test_what_cannot_be_foretold_is_worth_nothing_and_what_can_is_worth_the_log_of_all():
    contrast = term(latent_dim=16, local_dim=8, farthest=1, others=63)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        contrast.foretell[0].weight.copy_(100 * torch.eye(8))
        contrast.foretell[0].bias.zero_()
        local = F.normalize(torch.randn(40, 5, 8, generator=generator), dim=2)
        alien = torch.cat([local, 0 * local], dim=2)
        known = torch.cat([local, local.roll(-1, 1)], dim=2)  # the context is what comes next
        assert contrast(trace(alien), {}).item() == pytest.approx(0.0, abs=0.02)
        assert contrast(trace(known), {}).item() == pytest.approx(-math.log(64), abs=0.3)
        assert contrast(trace(known), {}).item() >= -math.log(64)


def test_sequences_of_one_place_foretell_nothing():
    assert term()(trace(torch.randn(4, 1, 5)), {}).item() == 0
    with pytest.raises(ParameterError, match=r"codes are \(4, 5\); expected \[batch, places, numbers\]"):
        term()(trace(torch.randn(4, 5)), {})


# -- the model -----------------------------------------------------------------------------------------


def test_features_tell_how_fast_points_turn():
    """Held out; the mean of the frames themselves tells nothing of it, and an encoder that has learnt nothing less."""
    x, fast = turning()

    def probed(epochs, seed):
        model = make(epochs=epochs, random_state=seed).fit(x[:80])
        codes = model.transform(x)
        return linear_probe(codes[:80], fast[:80], codes[80:], fast[80:])

    assert np.mean([probed(30, seed) for seed in range(3)]) > 0.95
    means = np.stack([points.mean(0) for points in x])
    assert linear_probe(means[:80], fast[:80], means[80:], fast[80:]) < 0.8


def test_the_loss_falls_and_is_the_same_twice():
    x, _ = turning()
    one, other = (make(epochs=6).fit(x) for _ in range(2))
    costs = [entry["training"]["prediction"] for entry in one.history_.epochs if "training" in entry]
    assert costs[-1] < costs[0] < 0.1
    assert one.history_.epochs[-1]["training"] == other.history_.epochs[-1]["training"]


def test_features_do_not_depend_on_companions(tmp_path):
    x, _ = turning(30)
    model = make().fit(x)
    codes = model.transform(x)
    assert np.allclose(np.concatenate([model.transform([each]) for each in x[:5]]), codes[:5], atol=1e-6)
    places = model.place_features(x)
    assert np.allclose(np.stack([each.mean(0) for each in places]), codes, atol=1e-5)
    assert [len(each) for each in places] == [len(each) for each in x]
    loaded = im.load(model.save(tmp_path / "cpc"))
    assert (loaded.transform(x) == codes).all()
    assert clone(model).get_params()["farthest"] == 3
    assert model.get_feature_names_out().shape == (12,)


def test_batches_of_short_sequences_teach_nothing_and_do_no_harm():
    """Batches are of sequences about as long as each other, so that some may be too short for what is foretold."""
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(length, 2)) for length in [3] * 40 + [20] * 40]
    model = make(nearest=4, farthest=6).fit(x)
    assert np.isfinite(model.transform(x)).all()
    assert np.isfinite(model.history_.epochs[-1]["training"]["prediction"])


def test_single_waves_and_waves_of_one_length_are_what_they_were_in_fit():
    rng = np.random.default_rng(0)
    waves = [rng.normal(size=length) for length in rng.integers(15, 30, 40)]
    model = make().fit(waves)
    assert np.allclose(model.transform([waves[0]]), model.transform(waves)[:1], atol=1e-6)
    with pytest.raises(ValueError, match="takes sequences of frames|have 2 features"):
        model.transform(rng.normal(size=(3, 9, 2)))


def test_arrays_of_one_length_are_sequences_too():
    x = np.random.default_rng(0).normal(size=(30, 10, 2))
    assert make().fit(x).transform(x).shape == (30, 12)
    assert make().fit(list(x)).transform(list(x)[:3]).shape == (3, 12)


def test_nothing_leads_back_and_that_is_said():
    model = make().fit(turning(20)[0])
    for job in ("inverse_transform", "sample", "reconstruct", "score_samples"):
        with pytest.raises(AttributeError) as caught:
            getattr(model, job)
        assert isinstance(caught.value.__cause__, NotAvailableError)


def test_a_classifier_goes_on_from_it():
    x, fast = turning()
    classifier = im.Classifier(make(epochs=10).fit(x), frozen=True, trainer=im.Trainer(epochs=20, validation=0))
    assert classifier.fit(x, fast).score(x, fast) > 0.8


def test_the_scorecard_sees_means_and_spreads_beside_it():
    x, fast = turning()
    examples = im.data.read(x, labels=fast)
    card = Scorecard.measure(make().fit(x[:80]), examples.take(range(80)), examples.take(range(80, 120)))
    assert card.pca_dim == 4
    assert card.mse is None
    assert 0.5 <= card.probe <= 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"local_dim": 0}, "local_dim is 0"),
        ({"nearest": 0}, "nearest is 0"),
        ({"nearest": 4}, "farthest is 3"),
        ({"nearest": 4}, r"3; expected 4 or more places ahead, as nearest is \(a place is 1 frame\)"),
        ({"nearest": 40, "farthest": 50}, "the longest sequence has 2. places"),
        (
            {"farthest": 15, "network": {"stride": 2}},
            r"15; the longest sequence has 15 places \(29 frames; a place is 2 frames\): expected 14 or fewer",
        ),
        ({"rivals": "nobody"}, "rivals is 'nobody'"),
        ({"latent_dim": 0}, "latent_dim is 0"),
        ({"network": {"stride": 0, "dropout": 1.0}}, "2 parameters are wrong"),
        ({"network": "nothing_such"}, "nothing_such"),
        ({"network": {"name": "mlp"}}, "features of each place"),
    ],
    ids=str,
)
def test_wrong_parameters_are_refused(given, told):
    with pytest.raises(IsthmusError, match=told):
        make(**given).fit(turning(20)[0])


def test_the_farthest_that_can_be_reached_is_taken():
    x = turning(20)[0]
    assert make(farthest=max(map(len, x)) - 1, epochs=1).fit(x).transform(x[:2]).shape == (2, 12)


@pytest.mark.skipif("ISTHMUS_DATA" not in os.environ, reason="needs spoken-digits")
def test_spoken_digits_are_there():
    train, test = im.data.load("spoken-digits", "train"), im.data.load("spoken-digits", "test")
    assert (len(train), len(test)) == (1800, 200)
    assert train.values[0].shape[1] == 40
    assert np.bincount(test.labels).tolist() == [20] * 10
    assert {name.split("_")[1] for name in test.names} == {"george", "jackson", "nicolas", "theo"}
