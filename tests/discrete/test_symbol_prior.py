"""The second stage: a prior over symbols, by the same trainer; then models with codebooks draw and are bounds."""

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus.errors import DataError, ParameterError
from isthmus.layers.causal_transformer import CausalTransformer
from isthmus.metrics.rate import two_stages
from isthmus.training.random_stream import RandomStream


def transformer(condition_dim=0):
    with RandomStream(0):
        made = CausalTransformer(positions=6, levels=5, width=16, depth=2, heads=4, condition_dim=condition_dim).eval()
        torch.nn.init.normal_(made.head.weight)
    return made


def test_what_is_kept_gives_the_scores_of_the_whole_pass():
    made = transformer(condition_dim=3)
    symbols = torch.randint(5, (7, 6), generator=torch.Generator().manual_seed(0))
    condition = torch.randn(7, 3, generator=torch.Generator().manual_seed(1))
    whole = made(symbols, condition)
    caches = made.caches()
    for place in range(6):
        last = None if place == 0 else symbols[:, place - 1]
        assert torch.allclose(made.next_scores(last, place, condition, caches), whole[:, place], atol=1e-5)


def test_no_symbol_sees_itself_or_what_comes_after():
    made = transformer()
    symbols = torch.zeros(6, 6, dtype=torch.int64)
    changed = symbols.clone()
    changed[torch.arange(6), torch.arange(6)] = 3  # row i differs at place i
    one, other = made(symbols, None), made(changed, None)
    for row in range(6):
        assert torch.equal(one[row, : row + 1], other[row, : row + 1])
        if row < 5:
            assert not torch.equal(one[row, row + 1 :], other[row, row + 1 :])


@pytest.fixture(scope="module")
def digits():
    whole = im.data.load("digits")
    return whole.take(range(1000)), whole.take(range(1000, 1400))


@pytest.fixture(scope="module")
def model(digits):
    train, _ = digits
    return im.VQVAE(16, codebook_size=32, trainer=im.Trainer(epochs=30, validation=0)).fit(train)


def with_prior(model, rows, y=None):
    network = {"width": 32, "depth": 2, "heads": 2, "trainer": im.Trainer(epochs=40, batch_size=64, validation=0)}
    return model.fit_prior(rows, y, **network)


def test_before_it_is_fitted_sampling_says_how_to(digits):
    bare = im.FSQVAE(trainer=im.Trainer(epochs=1, validation=0)).fit(digits[0])
    with pytest.raises(ParameterError, match=r"Fit one to its symbols: model.fit_prior\(X\)"):
        bare.sample(3)


def test_models_that_have_a_prior_or_no_symbols_are_refused(digits):
    train, _ = digits
    quick = im.Trainer(epochs=1, validation=0)
    with pytest.raises(ParameterError, match="has a prior from the start"):
        im.BernoulliVAE(4, trainer=quick).fit(train).fit_prior(train)
    wide = im.LFQVAE(20, trainer=quick).fit(train)
    with pytest.raises(ParameterError, match="a symbol has 1048576 values; a prior tells 65536 apart"):
        wide.fit_prior(train)


def test_labels_must_be_there_for_all_rows(digits, model):
    with pytest.raises(DataError, match="inconsistent numbers"):
        model.fit_prior(digits[0], digits[0].labels[:-1])


def test_it_makes_a_bound_that_is_better_than_symbols_by_themselves(digits, model, tmp_path):
    train, test = digits
    before = model.score_samples(test)
    with_prior(model, train)
    rate = before - model.score_samples(test)  # -log p(symbols), nats
    assert bool((rate > 0).all())
    independent = sum(
        -np.log((np.bincount(column, minlength=32) + 1) / (len(column) + 32))[other]
        for column, other in zip(model.symbols(train).T, model.symbols(test).T, strict=True)
    )
    assert rate.mean() < independent.mean() - 0.5  # the symbols of a picture depend on one another
    assert model.sample(5, random_state=0).shape == (5, 64)
    again = im.load(model.save(tmp_path / "m"))
    assert again.prior_history_.epochs == model.prior_history_.epochs
    assert (again.sample(5, random_state=0) == model.sample(5, random_state=0)).all()
    assert np.array_equal(again.score_samples(test), model.score_samples(test))


def test_a_conditional_prior_draws_what_it_is_told(digits, model, tmp_path):
    train, _ = digits
    with_prior(model, train, train.labels)
    from sklearn.neighbors import KNeighborsClassifier

    judge = KNeighborsClassifier(5).fit(train.values, train.labels)
    right = [np.mean(judge.predict(model.sample(100, condition=digit, random_state=1)) == digit) for digit in range(10)]
    assert np.mean(right) > 0.6  # 0.1 by chance
    assert model.sample(4, random_state=0).shape == (4, 64)  # and without being told
    again = im.load(model.save(tmp_path / "m"))
    assert (again.sample(5, condition=3, random_state=0) == model.sample(5, condition=3, random_state=0)).all()
    with pytest.raises(DataError, match="Unknown in the condition"):
        model.sample(3, condition=77)


def test_pictures_with_a_grid_of_symbols(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (80, 8, 8), dtype=np.uint8)
    quick = im.Trainer(epochs=1, validation=0)
    model = im.FSQVAE(levels=(3, 3), network={"name": "conv", "channels": (4, 8)}, trainer=quick).fit(x)
    assert model.symbols(x).shape == (80, 2, 2, 1)
    model.fit_prior(x, width=8, depth=1, heads=2, trainer=quick)
    assert model.sample(3, random_state=0).shape == (3, 8, 8)
    assert im.load(model.save(tmp_path / "m")).score_samples(x).shape == (80,)


def test_what_two_stages_cost(digits, model):
    train, test = digits
    with_prior(model, train)
    found = two_stages(model, test)
    nats = 64 * np.log(2)
    assert found["bits_per_dim"] == pytest.approx(-model.score_samples(test).mean() / nats, rel=1e-5)
    assert found["prior_bits_per_dim"] == pytest.approx(-model.score_symbols(test).mean() / nats, rel=1e-5)
    assert 0 < found["prior_bits_per_dim"] < model.codebook_.capacity_bits / 64
    with pytest.raises(ParameterError, match="no prior over the symbols"):
        two_stages(im.FSQVAE(trainer=im.Trainer(epochs=1, validation=0)).fit(train), test)


def test_many_samples_take_no_more_memory_than_few(model, digits, monkeypatch):
    with_prior(model, digits[0])
    seen, plain = [], type(model.autoencoder_).sample

    def counted(self, count, condition=None):
        seen.append(count)
        return plain(self, count, condition)

    monkeypatch.setattr(type(model.autoencoder_), "sample", counted)
    assert model.sample(2500, random_state=0).shape == (2500, 64)
    assert sum(seen) == 2500
    assert max(seen) <= 1024


@pytest.mark.slow
def test_draws_can_be_made_safer(model, digits):
    with_prior(model, digits[0])
    usual, safe = model.sample(200, random_state=0), model.sample(200, random_state=0, temperature=0.3)
    assert len(np.unique(model.symbols(safe), axis=0)) < len(np.unique(model.symbols(usual), axis=0))
    assert len(np.unique(model.sample(50, random_state=0, top_k=1), axis=0)) == 1
    assert (model.sample(200, random_state=0) == usual).all()
    with pytest.raises(ParameterError, match="temperature is 0; expected a positive number"):
        model.sample(2, temperature=0)
    with pytest.raises(ParameterError, match="for priors that fit_prior has learnt"):
        im.BernoulliVAE(4, trainer=im.Trainer(epochs=1, validation=0)).fit(digits[0]).sample(2, top_k=3)


@pytest.mark.slow
def test_scores_are_told_the_condition_of_the_prior(model, digits):
    train, test = digits
    with_prior(model, train, train.labels)
    told = model.score_samples(test, condition=test.labels).mean()
    assert model.score(test, test.labels) == pytest.approx(told, rel=1e-6)
    assert model.score(test, test.labels) != model.score(test)


def test_what_a_prior_cannot_be_learnt_from_is_told(model, digits):
    with pytest.raises(DataError, match="fit_prior got 1 rows; expected 2 or more"):
        model.fit_prior(digits[0].values[:1])
    with pytest.raises(ParameterError, match="width is '32'; expected a whole number"):
        model.fit_prior(digits[0], width="32")
    with pytest.raises(ParameterError, match="width is 0"):
        model.fit_prior(digits[0], width=0)
    with pytest.raises(ParameterError, match="expected a Trainer or None"):
        model.fit_prior(digits[0], trainer={"epochs": 1})


def test_fitting_again_forgets_the_prior(digits):
    train, _ = digits
    model = im.VQVAE(16, codebook_size=32, trainer=im.Trainer(epochs=1, validation=0)).fit(train)
    model.fit_prior(train, train.labels, width=8, depth=1, heads=2, trainer=im.Trainer(epochs=1, validation=0))
    assert model.sample(2, condition=3).shape == (2, 64)
    model.fit(train)
    with pytest.raises(ParameterError, match="Fit one to its symbols"):
        model.sample(2)
    with pytest.raises(ParameterError, match="not conditional"):
        model.transform(train, condition=train.labels)


def test_a_part_of_a_model_gets_no_prior_and_is_not_saved(digits, model, tmp_path):
    folder = model.save(tmp_path / "m")
    encoder = im.load(folder, part="encoder")
    with pytest.raises(ParameterError, match="loaded in part"):
        encoder.fit_prior(digits[0])
    with pytest.raises(ParameterError, match="no prior over the symbols"):
        encoder.score_symbols(digits[0])
    with pytest.raises(ParameterError, match="without its encoder"):
        im.load(folder, part="decoder").save(tmp_path / "n")
