"""Defects that were found in other packages by running them: each is a test here, named by what went wrong.

Where they were found is told in each test; what is tested is Isthmus.
"""

import copy

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus import catalogue
from isthmus.bottlenecks.fsq import FSQ
from isthmus.bottlenecks.residual_quantizer import ResidualQuantizer
from isthmus.bottlenecks.vector_quantizer import VectorQuantizer, responsibilities
from isthmus.errors import ParameterError
from isthmus.layers.nearest_vector import nearest_vector
from isthmus.metrics.codebook import CodebookHealth
from isthmus.records import View
from isthmus.training.random_stream import RandomStream

N, DIM, SIZE = 4096, 8, 64


def features(seed=0, count=N, dim=DIM):
    return 3 * torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


def view(count=N):
    return View(x=torch.zeros(count, 1))


def codebook(name="ema", size=SIZE, dim=DIM, **given):
    return catalogue.make("codebooks", name, {"size": size, "dim": dim, **given})


def passing(name="straight_through"):
    return catalogue.make("gradient_estimators", name, {})


def quantizer(book=None, estimator="straight_through"):
    with RandomStream(0):
        made = VectorQuantizer(DIM, book or codebook(), passing(estimator)).train()
        made.initialise(features(), view())
    return made


def step(made, given):
    with RandomStream(1):
        return made(given, view(len(given)), None)


def test_1_the_first_step_after_k_means_keeps_the_scale():
    """encodec, vector-quantize-pytorch#66: sums were centroids, not centroid x count; norms fell from 6.0 to 0.1."""
    made = quantizer()
    before = made.codebooks[0].vectors().clone()
    step(made, features())
    moved = (made.codebooks[0].vectors() - before).norm(dim=1) / before.norm(dim=1)
    assert moved.max() < 0.05


def test_2_a_revived_vector_stays_where_it_was_put():
    """encodec: it was overwritten in the same pass by the stale average, so that revival had no effect."""
    made = quantizer(codebook(revive=0.5))
    book = made.codebooks[0]
    book.current[0] = 283.0
    book.sums[0] = 283.0 * 1e-6
    book.shares[0] = 1e-6
    for seed in range(3):
        step(made, features(seed))
        assert book.vectors()[0].norm() < 30
    assert (made.mode(features(), view()).symbols == 0).any()


def test_3_the_commitment_reaches_the_features_from_every_stage():
    """encodec#25, DAC#107: the rest was taken without cutting the graph; gradients were 1.17, 0, 0."""
    made = ResidualQuantizer(DIM, codebook(), passing(), depth=3).train()
    with RandomStream(0):
        made.initialise(features(), view())
    norms = []
    for stage in range(3):
        given = features().requires_grad_()
        alone = copy.deepcopy(made)
        later = ResidualQuantizer(DIM, codebook(), passing(), depth=stage + 1).train()
        later.codebooks = alone.codebooks[: stage + 1]
        earlier = 0.0
        if stage:
            shorter = ResidualQuantizer(DIM, codebook(), passing(), depth=stage).train()
            shorter.codebooks = copy.deepcopy(made).codebooks[:stage]
            earlier = step(shorter, given).costs["commitment"].sum()
        own = step(later, given).costs["commitment"].sum() - earlier
        norms.append(torch.autograd.grad(own, given)[0].norm().item())
    assert min(norms) > 0.3 * max(norms) > 0


def test_4_an_idle_unit_gets_a_gradient_in_the_encoder():
    """sparsify's fused encoder: the auxiliary loss had no gradient there, so that dead units could not come back."""
    bottleneck = catalogue.make("bottlenecks", "top_k", {"latent_dim": 6, "k": 2, "patience": 1}).train()
    given = torch.tensor([[5.0, 4.0, 1.0, -1.0, -2.0, -3.0]]).repeat(8, 1).requires_grad_()
    for _ in range(4):
        cost = bottleneck(given, view(8), None).costs["dead"]
    (gradient,) = torch.autograd.grad(cost.sum(), given)
    assert bool((gradient[:, 2:] != 0).all())


@pytest.mark.parametrize("estimator", ["straight_through", "rotation", "gumbel_softmax"])
def test_5_every_estimator_can_be_chosen_by_its_name_alone(estimator):
    """vector-quantize-pytorch: straight_through=True failed, for another default stood in its way."""
    x = features(count=200).numpy()
    model = im.VQVAE(latent_dim=4, estimator=estimator, trainer=im.Trainer(epochs=1, validation=0)).fit(x)
    assert model.symbols(x).shape == (200, 1)


@pytest.mark.parametrize("name", ["ema", "gradient", "cosine", "sim"])
def test_6_a_quantiser_can_be_exported(name):
    """vector-quantize-pytorch: torch.export failed on ``if self.initted``; here k-means is done before the graph."""

    class Mode(torch.nn.Module):
        def __init__(self, made):
            super().__init__()
            self.made = made

        def forward(self, given):
            return self.made.mode(given, View(x=given)).z

    made = quantizer(codebook(name)).eval()
    given = features(count=16)
    exported = torch.export.export(Mode(made), (given,))
    assert torch.equal(exported.module()(given), made.mode(given, view(16)).z)


def test_7_bfloat16_changes_neither_indices_nor_averages():
    """vector-quantize-pytorch#114, #107, SAELens#728: half of the codes were out of reach; averages stood still."""
    made = quantizer(codebook(decay=0.999))
    given = features().bfloat16()
    plain, cast = copy.deepcopy(made), copy.deepcopy(made)
    wanted = step(plain, given.float())
    with torch.autocast("cpu", torch.bfloat16):
        found = step(cast, given)
    assert torch.equal(found.symbols, wanted.symbols)
    assert torch.equal(cast.codebooks[0].vectors(), plain.codebooks[0].vectors())
    assert not torch.equal(cast.codebooks[0].vectors(), made.codebooks[0].vectors())


def test_8_fsq_counts_beyond_32_bits_and_stores_no_codebook():
    """vector-quantize-pytorch: an int32 basis overflowed in silence, and the implied codebook was built."""
    made = FSQ(levels=(8,) * 20).eval()
    given = 4 * torch.randn(500, 20, generator=torch.Generator().manual_seed(0))
    code = made.mode(given, view(500))
    assert code.symbols.max() > 2**40
    assert torch.equal(made.look_up(code.symbols), code.z)
    assert sum(value.numel() for value in made.state_dict().values()) < 100
    with pytest.raises(ParameterError, match="more codes than an int64"):
        FSQ(levels=(8,) * 21)


def test_9_usage_is_right_for_codebooks_larger_than_what_is_seen():
    """LlamaGen: a window of 65 536 slots was divided by the size of the codebook, whatever its size."""
    symbols = torch.arange(70_000)[:, None].numpy()
    health = CodebookHealth.measure(symbols, levels=(2**18,))
    assert health.usage == 1.0
    assert health.dead == 2**18 - 70_000
    assert "measure on more rows" in health.remedy


def test_10_usage_is_told_in_a_single_process():
    """VAR: usage was 0 % wherever torch.distributed was not initialised."""
    x = features(count=300).numpy()
    model = im.VQVAE(latent_dim=4, trainer=im.Trainer(epochs=1, validation=0)).fit(x)
    assert not torch.distributed.is_initialized()
    assert model.codebook_.usage > 0.3


def test_11_the_decoders_bias_is_counted_once():
    """SAELens, sparsify: the auxiliary target left out the decoder's bias, and decoding added it all the same."""
    x = 100.0 + features(count=300).numpy()
    model = im.SAE(latent_dim=16, trainer=im.Trainer(epochs=20, validation=0)).fit(x)
    error = ((model.reconstruct(x) - x) ** 2).mean()
    assert error < x.var(0).mean()  # a bias counted twice would be off by 100 squared


def test_the_two_weights_pull_where_their_names_say():
    """taming-transformers' legacy, diffusers: beta weighed the codebook's loss and not the commitment."""
    made = quantizer(codebook("gradient"))
    given = features().requires_grad_()
    costs = step(made, given).costs
    book = made.codebooks[0].weight
    pulls = torch.autograd.grad(costs["commitment"].sum(), [given, book], retain_graph=True, allow_unused=True)
    assert pulls[0] is not None
    assert pulls[1] is None
    pulls = torch.autograd.grad(costs["codebook"].sum(), [given, book], allow_unused=True)
    assert pulls[0] is None
    assert pulls[1] is not None


def test_a_codebook_larger_than_the_data_is_refused_with_a_size_that_would_do():
    with pytest.raises(ParameterError, match=r"codebook of 512 .* (\d+) features.*at most \1"):
        im.VQVAE(latent_dim=4, codebook_size=512).fit(features(count=300).numpy())


@pytest.mark.parametrize("estimator", ["reinforce", "muprop", "rebar", "relax"])
def test_an_estimator_that_a_codebook_cannot_take_is_refused_with_those_that_it_can(estimator):
    with pytest.raises(ParameterError, match="a codebook takes straight_through, rotation, gumbel_softmax"):
        im.VQVAE(latent_dim=4, estimator=estimator).fit(features(count=300).numpy())


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (im.FSQVAE(levels=4), "levels is 4; expected how many for each number"),
        (im.FSQVAE(levels=(4, 1)), "levels is .*each 2 or more"),
        (im.VQVAE(codebook_size=1), "codebook_size"),
        (im.VQVAE(latent_dim=6, groups=4), "latent_dim=6 is not 4 equal groups"),
        (im.VQVAE(commitment=-1), "commitment is -1"),
        (im.VQVAE(codebook="emma"), "No codebook is called 'emma'. Did you mean 'ema'"),
        (im.VQVAE(estimator="gumble"), "No gradient estimator is called 'gumble'. Did you mean 'gumbel_softmax'"),
        (im.ResidualVQVAE(estimator="gumbel_softmax"), "takes straight_through or rotation"),
        (im.CategoricalVAE(classes=1), "classes is 1"),
        (im.CategoricalVAE(prior="standard_normal"), "StandardNormal is no prior for codes of Categorical"),
        (im.BernoulliVAE(8, prior={"name": "coin_flips", "classes": 4}), "classes is 4; the code has None"),
        (im.CategoricalVAE(2, 4, prior={"name": "factorised", "classes": None}), "classes is None; the code has 4"),
        (im.BernoulliVAE(4, prior={"name": "factorised", "latent_dim": 1}), "latent_dim is 1; the code has 4 numbers"),
        (im.LFQVAE(latent_dim=99), "1 to 62 bits"),
        (im.VQVAE(commitment=None), "commitment is None; expected a number"),
        (im.VQVAE(groups="4"), "groups is '4'"),
        (im.VQVAE(codebook={"name": "ema", "decay": "x"}), "decay is 'x'; expected a number"),
        (im.VQVAE(codebook={"decay": 0.9}), r"has no 'name'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(model, message):
    with pytest.raises(ParameterError, match=message):
        model.fit(features(count=300).numpy())


def test_symbols_are_checked_and_only_discrete_models_have_them():
    x = features(count=300).numpy()
    model = im.VQVAE(latent_dim=8, trainer=im.Trainer(epochs=1, validation=0)).fit(x)
    symbols = model.symbols(x)
    assert (model.inverse_symbols(symbols) == model.reconstruct(x)).all()
    with pytest.raises(ParameterError, match="expected whole numbers"):
        model.inverse_symbols(symbols[:, :1])
    with pytest.raises(ParameterError, match="expected whole numbers"):
        model.inverse_symbols(symbols.astype(float))
    with pytest.raises(ParameterError, match="symbols go from -1"):
        model.inverse_symbols(symbols - symbols.min() - 1)
    assert not hasattr(im.AE(2), "symbols")


def test_the_first_symbols_of_a_residual_code_alone_give_a_coarser_copy():
    x = im.data.load("digits").values
    quick = im.Trainer(epochs=20, validation=0)
    model = im.ResidualVQVAE(latent_dim=8, depth=3, codebook_size=16, dropout=0.5, trainer=quick).fit(x[:1000])
    symbols = model.symbols(x[1000:])
    errors = [np.square(model.inverse_symbols(symbols[:, :count]) - x[1000:]).mean() for count in (1, 2, 3)]
    assert errors[0] > errors[1] > errors[2]
    with pytest.raises(ParameterError, match=r"expected whole numbers, \[n, 1 to 3\]"):
        model.inverse_symbols(np.c_[symbols, symbols])
    with pytest.raises(ParameterError, match="there are none"):
        model.inverse_symbols(symbols[:0])


def test_data_with_few_different_rows_still_begin_a_codebook():
    x = np.repeat(features(count=6).numpy(), 100, axis=0)
    model = im.VQVAE(latent_dim=8, trainer=im.Trainer(epochs=2, validation=0)).fit(x)
    assert "codebook" in model.codebook_.remedy


def test_groups_share_a_step_of_the_temperature():
    model = im.VQVAE(latent_dim=8, groups=4, estimator="gumbel_softmax", trainer=im.Trainer(epochs=2, validation=0))
    model.fit(features(count=300).numpy())
    assert model.autoencoder_.bottleneck.estimator.steps == model.history_.steps


def test_an_estimator_of_codebooks_is_refused_for_draws():
    with pytest.raises(ParameterError, match="Rotation, which is for codebooks"):
        im.BernoulliVAE(latent_dim=4, estimator="rotation").fit(features(count=300).numpy())


@pytest.mark.parametrize("levels", [(2,) * 6, (3,) * 4, (8, 5)])
def test_all_levels_of_fsq_are_in_reach(levels):
    made = FSQ(levels=levels)
    given = features(dim=len(levels))
    made.initialise(given, view())
    health = CodebookHealth.measure(made.mode(given, view()).symbols.numpy(), made.levels)
    assert health.usage > 0.9
    assert health.perplexity > 0.5 * made.levels[0]


@pytest.mark.parametrize("model", [im.BernoulliVAE(estimator="exact"), im.CategoricalVAE(estimator="exact")])
def test_exact_refuses_many_codes_before_it_makes_them(model):
    with pytest.raises(ParameterError, match="more than most=1024"):
        model.fit(features(count=300).numpy())


def test_directions_have_no_rests():
    with pytest.raises(ParameterError, match="compares directions only"):
        im.ResidualVQVAE(4, codebook="cosine").fit(features(count=300).numpy())


def test_a_learnt_prior_knows_how_often_bits_are_on():
    x = im.data.load("digits").values
    fitted = im.BernoulliVAE(16, prior="factorised", trainer=im.Trainer(epochs=30, validation=0)).fit(x)
    learnt = torch.sigmoid(fitted.autoencoder_.prior.logits).detach().numpy()
    found = fitted.symbols(x).mean(0)
    assert np.abs(learnt - 0.5).max() > 0.05
    assert np.abs(learnt - found).max() < 0.2


@pytest.mark.parametrize("model", [im.FSQVAE(levels=(8, 8)), im.LFQVAE(6)])
def test_features_that_run_off_come_back_into_reach(model):
    """With mean and spread of the start alone, tanh saturated and a single code was left."""
    pictures = im.data.load("digits").values[:500].reshape(-1, 8, 8) / 16
    model.set_params(trainer=im.Trainer(epochs=15, batch_size=32, validation=0)).fit(pictures)
    lost = np.square(model.reconstruct(pictures) - pictures).mean() / pictures.var(0).mean()
    assert model.codebook_.usage > 0.8
    assert lost < 0.6  # at 1 it knows no more than the mean


@pytest.mark.parametrize("levels", [(2,), (1024,), (2048, 4), (4096, 3)])
def test_fsq_stays_within_its_levels_however_many(levels):
    """The bound was widened by a thousandth of the range: with a thousand levels by more than half a step."""
    made = FSQ(levels=levels)
    x = torch.tensor([-1e6, -20.0, -1.0, 0.0, 1.0, 20.0, 1e6])[:, None].expand(-1, len(levels))
    code = made.mode(x, view())
    assert int(code.symbols.min()) >= 0
    assert int(code.symbols.max()) < made.levels[0]
    assert torch.equal(made.look_up(code.symbols), code.z)


@pytest.mark.parametrize("offset", [0.0, 100.0, 1000.0])
def test_the_nearest_is_found_far_from_the_origin(offset):
    """|x|^2 - 2 x v + |v|^2 of large numbers is all rounding: at 1000 half of the indices were wrong."""
    x, vectors = features(count=2000, dim=16), features(count=256, dim=16, seed=1)
    wanted = torch.cdist(x.double(), vectors.double()).argmin(1)
    moved = nearest_vector(x + offset, vectors + offset)
    assert (moved != wanted).float().mean() < 0.01
    sharp = responsibilities(x, vectors)
    assert torch.allclose(responsibilities(x + offset, vectors + offset).softmax(-1), sharp.softmax(-1), atol=2e-2)


@pytest.mark.parametrize("kind", ["vector", "residual"])
def test_codebooks_learn_from_steps_of_training_only(kind):
    book = catalogue.make("codebooks", "ema", {"size": 8, "dim": 4})
    passing = catalogue.make("gradient_estimators", "straight_through", {})
    made = (
        VectorQuantizer(4, book, passing) if kind == "vector" else ResidualQuantizer(4, book, passing, depth=2)
    ).train()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    with torch.no_grad():
        made(features(dim=4), view(), None)
    assert all(torch.equal(before[name], value) for name, value in made.state_dict().items())


def test_health_and_rate_do_not_depend_on_the_order_of_rows(monkeypatch):
    """Of data sorted by class the first rows use a part of the codebook only."""
    monkeypatch.setattr("isthmus.discrete_estimator.HEALTH_ROWS", 150)
    digits = im.data.load("digits")
    ordered = digits.take(np.argsort(digits.labels))
    model = im.VQVAE(latent_dim=4, codebook_size=32, trainer=im.Trainer(epochs=5, validation=0)).fit(ordered)
    symbols = model.symbols(ordered)
    first, whole = model.codebook_health(symbols[:150]), model.codebook_health(symbols)
    assert model.codebook_.count == 150
    assert first.perplexity < 0.5 * whole.perplexity < 0.6 * model.codebook_.perplexity
    monkeypatch.setattr("isthmus.discrete_estimator.UNEXPLAINED_ROWS", 150)
    again = im.VQVAE(latent_dim=4, codebook_size=32, trainer=im.Trainer(epochs=5, validation=0)).fit(ordered)
    assert again.codebook_.unexplained == pytest.approx(model.codebook_.unexplained, rel=0.4)


def test_vectors_that_say_little_of_the_features_are_told():
    x = features(count=400, dim=8).numpy()
    quick = im.Trainer(epochs=1, validation=0)
    fine = im.VQVAE(latent_dim=8, codebook_size=32, groups=4, trainer=quick).fit(x).codebook_
    coarse = im.VQVAE(latent_dim=8, codebook_size=2, groups=1, trainer=quick).fit(x).codebook_
    residual = im.ResidualVQVAE(8, codebook_size=32, depth=4, trainer=quick).fit(x).codebook_
    assert fine.unexplained < 0.3
    assert coarse.unexplained > 0.5
    assert "variance over" in coarse.remedy
    assert residual.unexplained < 0.3
    assert im.FSQVAE(levels=(4, 4), trainer=quick).fit(x).codebook_.unexplained is None


def test_a_number_at_its_mean_is_known():
    """A condition of all zeros means "not known": a number equal to its mean was all zeros, too."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 4))
    y = x[:, 0] + 0.5
    model = im.CVAE(2, trainer=im.Trainer(epochs=3, validation=0)).fit(x, y)
    asked, unknown = (model.sample(5, condition=c, random_state=0) for c in (float(y.mean()), None))
    assert not np.array_equal(asked, unknown)
