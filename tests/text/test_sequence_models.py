"""Models of texts: they learn them by heart, write, score, survive saving, and say in words what they cannot take."""

import inspect
import json
import warnings

import numpy as np
import pandas
import polars
import pytest
import torch
from sklearn.base import clone

import isthmus as im
from isthmus import catalogue
from isthmus.data import read
from isthmus.data.schema import schema_from_json
from isthmus.data.schemas.text import END, MASK, SHOWN, UNKNOWN, TextSchema, UnknownTokenWarning
from isthmus.errors import DataError, IsthmusError, ParameterError, SavedModelError, UnknownNameError

WORDS = ["anna", "hannah", "otto", "emma", "lena", "lea", "leo", "mia", "maya", "noah", "elias", "emil", "ida", "ben"]
WORDS += ["paul", "finn", "jonas", "luca", "max", "tim", "tom", "nina", "lina", "sara", "sofia", "clara", "jana"]
WORDS += ["julia", "marie", "anton", "felix", "oskar", "hugo", "karl", "fritz", "greta", "frida", "ella", "mila"]
LETTERS = sorted(set("".join(WORDS)))
NETWORKS = {
    "recurrent": {"name": "recurrent", "width": 48},
    "transformer": {"name": "transformer", "width": 48, "depth": 1, "heads": 4},
}
RATES = {"recurrent": 1e-2, "transformer": 3e-3}
MODELS = ["sequence_ae", "sequence_vae"]
EACH = pytest.mark.parametrize("name", MODELS)


def trainer(**changed):
    return im.Trainer(**{"epochs": 2, "batch_size": 20, "validation": 0, "compile": False, **changed})


def make(name, **changed):
    return catalogue.find("models", name)(**{"latent_dim": 3, "network": {"width": 8}, "trainer": trainer(), **changed})


@pytest.fixture(scope="module", params=NETWORKS)
def by_heart(request):
    """An autoencoder that knows all words."""
    rate = RATES[request.param]
    own = trainer(epochs=200, learning_rate=rate)
    return im.SequenceAE(16, network=NETWORKS[request.param], trainer=own).fit(WORDS)


@pytest.fixture(scope="module")
def vae():
    own = trainer(epochs=60, learning_rate=1e-2)
    return im.SequenceVAE(4, network={"width": 32}, trainer=own).fit(WORDS)


# -- there and back ------------------------------------------------------------------------------------


def test_texts_are_learnt_by_heart(by_heart):
    assert by_heart.reconstruct(WORDS).tolist() == WORDS
    assert by_heart.reconstruct(WORDS, beams=4).tolist() == WORDS
    codes = by_heart.transform(WORDS)
    assert codes.shape == (len(WORDS), 16)
    assert codes.dtype == np.float32
    texts = by_heart.inverse_transform(codes)
    assert texts.dtype == object
    assert texts.tolist() == WORDS
    assert by_heart.score_samples(WORDS).mean() > -1.5  # nats in a word


def test_the_code_tells_texts_apart(by_heart):
    codes = by_heart.transform(WORDS)
    assert len(np.unique(codes.round(3), axis=0)) == len(WORDS)
    wrong = by_heart.inverse_transform(np.roll(codes, 1, axis=0)).tolist()
    assert wrong == [WORDS[-1], *WORDS[:-1]]


def test_codes_do_not_depend_on_order_and_companions(by_heart):
    codes = by_heart.transform(WORDS)
    assert np.allclose(by_heart.transform(WORDS[::-1])[::-1], codes, atol=1e-5)
    assert np.allclose(np.concatenate([by_heart.transform([word]) for word in WORDS]), codes, atol=1e-5)
    scores = by_heart.score_samples(WORDS)
    assert np.allclose([by_heart.score_samples([word])[0] for word in WORDS], scores, atol=1e-4)


def test_both_ends_of_a_strip_are_the_two_texts(by_heart):
    strip = by_heart.interpolate("anna", "otto", 5)
    assert strip.shape == (5,)
    assert (strip[0], strip[-1]) == ("anna", "otto")
    strips = by_heart.interpolate(["anna", "mia"], ["otto", "tim"], 4)
    assert strips.shape == (2, 4)
    assert strips[:, 0].tolist() == ["anna", "mia"]
    assert strips[:, -1].tolist() == ["otto", "tim"]
    with pytest.raises(ParameterError, match="a has 2 examples, b has 1"):
        by_heart.interpolate(["anna", "mia"], "otto")


def test_more_texts_than_are_written_at_a_time(by_heart):
    many = (WORDS * 8)[:300]
    assert by_heart.reconstruct(many).tolist() == many


def test_tokens(by_heart):
    assert by_heart.tokens(["anna", "max"]) == [list("anna"), list("max")]


@pytest.mark.parametrize("tokeniser", ["bytes", "whitespace", {"name": "bpe", "size": 270}], ids=str)
def test_every_tokeniser_there_and_back(tokeniser):
    texts = [f"{first} {second}" for first, second in zip(WORDS[:12], WORDS[12:24], strict=True)]
    model = im.SequenceAE(
        24, tokeniser=tokeniser, network={"width": 64}, trainer=trainer(epochs=250, learning_rate=1e-2)
    )
    assert model.fit(texts).reconstruct(texts).tolist() == texts


def test_series_come_back_as_series(by_heart):
    series = pandas.Series(WORDS[:3], index=["x", "y", "z"])
    found = by_heart.reconstruct(series)
    assert isinstance(found, pandas.Series)
    assert found.tolist() == WORDS[:3]
    assert found.index.tolist() == ["x", "y", "z"]
    other = by_heart.reconstruct(polars.Series(WORDS[:3]))
    assert isinstance(other, polars.Series)
    assert other.to_list() == WORDS[:3]
    assert isinstance(by_heart.reconstruct(WORDS[:3]), np.ndarray)
    assert (by_heart.transform(series) == by_heart.transform(WORDS[:3])).all()


@EACH
def test_files_of_lines(name, tmp_path):
    (tmp_path / "words.txt").write_text("\n".join(WORDS))
    from_file, from_list = make(name).fit(tmp_path / "words.txt"), make(name).fit(WORDS)
    assert (from_file.transform(tmp_path / "words.txt") == from_list.transform(WORDS)).all()


# -- scikit-learn --------------------------------------------------------------------------------------


@EACH
def test_the_same_seed_gives_the_same_model(name):
    first, second, other = (make(name, random_state=seed).fit(WORDS) for seed in (3, 3, 4))
    assert (first.transform(WORDS) == second.transform(WORDS)).all()
    assert (first.score_samples(WORDS) == second.score_samples(WORDS)).all()
    assert first.reconstruct(WORDS).tolist() == second.reconstruct(WORDS).tolist()
    assert not np.allclose(first.transform(WORDS), other.transform(WORDS))


@EACH
def test_fitting_again_forgets(name):
    model = make(name).fit(["xyz", "zyx", "yy"] * 5)
    assert (model.fit(WORDS).transform(WORDS) == make(name).fit(WORDS).transform(WORDS)).all()


@EACH
def test_clones_and_parameters(name):
    model = make(name, max_length=9, tokeniser={"name": "characters", "size": 20})
    copy = clone(model)
    known = catalogue.parameters("models", name)
    assert set(known) <= set(copy.get_params())
    assert (copy.max_length, copy.tokeniser, copy.trainer.epochs) == (9, {"name": "characters", "size": 20}, 2)
    copy.set_params(latent_dim=5, trainer__epochs=1)
    assert copy.fit_transform(WORDS[:5]).shape == (5, 5)
    assert len(copy.get_feature_names_out()) == 5
    assert not hasattr(model, "autoencoder_")


@EACH
def test_it_does_not_touch_what_it_is_given(name):
    given, network = list(WORDS), {"width": 8, "decoder": {"depth": 2}}
    make(name, network=network).fit(given)
    assert given == WORDS
    assert network == {"width": 8, "decoder": {"depth": 2}}


OTHER = {
    "latent_dim": 4,
    "free_bits": 0.0,
    "warmup": 40,
    "symbol_dropout": 0.9,
    "tokeniser": "bytes",
    "max_length": 11,
    "network": {"name": "transformer", "width": 8, "depth": 1},
    "trainer": trainer(epochs=3),
    "random_state": 5,
}


CONTEXT = {
    "max_length": {"network": {"name": "transformer", "width": 8, "depth": 1}},  # whose start draws a place for each
    "warmup": {"free_bits": 0.0},
}


@pytest.mark.parametrize(("name", "word"), [(n, word) for n in MODELS for word in catalogue.parameters("models", n)])
def test_every_parameter_changes_the_result(name, word):
    context = CONTEXT.get(word, {})
    usual, other = make(name, **context).fit(WORDS), make(name, **{**context, word: OTHER[word]}).fit(WORDS)
    codes = usual.transform(WORDS), other.transform(WORDS)
    assert codes[0].shape != codes[1].shape or not np.allclose(*codes, rtol=1e-6)


@EACH
def test_its_parameters_are_documented(name):
    documented = inspect.getdoc(catalogue.find("models", name))
    assert all(word in documented for word in catalogue.parameters("models", name))


# -- scores --------------------------------------------------------------------------------------------


def test_scores_and_likelihoods(vae):
    bound, exact = vae.score_samples(WORDS), vae.log_prob(WORDS, samples=300)
    assert np.isfinite(bound).all()
    assert np.isfinite(exact).all()
    assert bool((exact < 0).all())
    assert exact.mean() >= bound.mean() - 0.05
    assert bool((exact >= bound - 1.0).all())
    assert vae.score(WORDS) == pytest.approx(bound.mean(), abs=0.1)  # other draws of the codes
    few = vae.log_prob(WORDS, samples=2)
    assert few.mean() < exact.mean() + 0.2
    odd = vae.score_samples(["xzk", "kkkk", "tzxf"])
    assert odd.mean() < bound.mean() - 5  # what was never seen is unlikely


def test_probabilities_of_texts_do_not_exceed_one(vae):
    """All texts of one or two letters, and the end behind them."""
    some = [*LETTERS, *(a + b for a in LETTERS for b in LETTERS)]
    assert np.exp(vae.log_prob(some, samples=50).astype(float)).sum() < 1.0


def test_a_model_without_a_random_code_has_no_log_prob():
    with pytest.raises(ParameterError, match="needs a random code"):
        make("sequence_ae").fit(WORDS).log_prob(WORDS)


# -- new texts -----------------------------------------------------------------------------------------


def test_new_texts(vae):
    found = vae.sample(50, random_state=0)
    assert found.shape == (50,)
    assert found.dtype == object
    assert all(set(text) <= set(LETTERS) and len(text) <= 7 for text in found)
    assert found.tolist() == vae.sample(50, random_state=0).tolist()
    assert found.tolist() != vae.sample(50, random_state=1).tolist()
    assert len(set(found)) > 20
    assert vae.sample().shape == (1,)
    assert vae.sample(300, random_state=0).shape == (300,)  # more than are written at a time


def test_how_new_texts_are_written(vae):
    narrow = {tuple(vae.sample(40, random_state=0, temperature=0.3))}
    ways = [{}, {"top_k": 2}, {"top_p": 0.5}, {"temperature": 0}, {"temperature": 0, "beams": 4}]
    found = narrow | {tuple(vae.sample(40, random_state=0, **way)) for way in ways}
    assert len(found) == 6
    one = vae.sample(40, random_state=0, top_k=1)
    assert one.tolist() == vae.sample(40, random_state=0, temperature=0).tolist()
    codes = vae.transform(WORDS)
    drawn = [vae.inverse_transform(codes, temperature=1.0, random_state=seed).tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert vae.inverse_transform(codes).tolist() == vae.reconstruct(WORDS).tolist()
    assert vae.inverse_transform(codes, beams=3).tolist() == vae.reconstruct(WORDS, beams=3).tolist()


def test_hot_texts_hold_no_symbols_that_are_no_tokens(vae):
    """Written at random, all letters come; an unknown or a mask would make texts shorter than they are."""
    found = vae.sample(400, random_state=0, temperature=100.0)
    assert set("".join(found)) == set(LETTERS)
    assert np.mean([len(text) >= 6 for text in found]) > 0.6  # an end is 1 of 21 symbols


@pytest.mark.parametrize("network", NETWORKS)
def test_symbols_that_are_no_tokens_are_never_written(network):
    """However likely the unknown and the mask are; they would say nothing."""
    model = make("sequence_vae", network={**NETWORKS[network], "width": 8}).fit(WORDS)
    bias = next(value for key, value in model.autoencoder_.decoder.named_parameters() if key.endswith("head.bias"))
    with torch.no_grad():
        bias[[UNKNOWN, MASK]] += 100.0
        bias[END] -= 100.0
    for way in ({}, {"temperature": 0}, {"temperature": 0, "beams": 3}):
        assert {len(text) for text in model.sample(9, random_state=0, **way)} == {17}  # as long as there is room


def test_new_texts_can_be_read_again(vae):
    """None has more tokens than a text may have."""
    found = [text for text in vae.sample(200, random_state=0, temperature=3.0) if text]
    assert vae.transform(found).shape == (len(found), 4)


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ({"temperature": -1}, "temperature is -1"),
        ({"top_k": 0}, "top_k is 0"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"beams": 0}, "beams is 0"),
        ({"beams": 3}, "take temperature=0 with them"),
        ({"temperature": 0, "top_k": 3}, "take a temperature above 0"),
        ({"temperature": 0, "top_p": 0.3}, "take a temperature above 0"),
        ({"n": 0}, "n is 0"),
        ({"n": 2.5}, "n is 2.5"),
        ({"random_state": -1}, "random_state is -1"),
        ({"condition": 1}, "takes no condition"),
    ],
    ids=str,
)
def test_wrong_ways_of_writing(vae, way, message):
    with pytest.raises(ParameterError, match=message):
        vae.sample(**{"n": 2, **way})


def test_codes_that_are_none(vae):
    with pytest.raises(ParameterError, match=r"shape \(1, 2\); expected \[n, 4\]"):
        vae.inverse_transform([[1.0, 2.0]])
    with pytest.raises(ParameterError, match="NaN"):
        vae.inverse_transform([[1.0, 2.0, np.nan, 0.0]])


def test_an_autoencoder_has_no_prior():
    with pytest.raises(ParameterError, match="no prior"):
        make("sequence_ae").fit(WORDS).sample(2)


# -- on disk -------------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("network", NETWORKS)
def test_saved_and_loaded_it_is_the_same(name, network, tmp_path):
    model = make(name, network={**NETWORKS[network], "width": 8}, tokeniser={"name": "bpe", "size": 270}).fit(WORDS)
    loaded = im.load(model.save(tmp_path / "model"))
    assert type(loaded) is type(model)
    codes = model.transform(WORDS)
    assert (loaded.transform(WORDS) == codes).all()
    assert (loaded.score_samples(WORDS) == model.score_samples(WORDS)).all()
    assert loaded.reconstruct(WORDS).tolist() == model.reconstruct(WORDS).tolist()
    assert loaded.schema_.to_json() == model.schema_.to_json()
    assert loaded.tokens(WORDS) == model.tokens(WORDS)
    assert (loaded.tokeniser, loaded.max_length) == (model.tokeniser, model.max_length)
    encoder, decoder = (im.load(tmp_path / "model", part=part) for part in ("encoder", "decoder"))
    assert (encoder.transform(WORDS) == codes).all()
    assert decoder.inverse_transform(codes).tolist() == model.inverse_transform(codes).tolist()
    with pytest.raises(IsthmusError, match="without its encoder"):
        decoder.transform(WORDS)
    if name == "sequence_vae":
        new = model.sample(9, random_state=0).tolist()
        assert loaded.sample(9, random_state=0).tolist() == decoder.sample(9, random_state=0).tolist() == new
    again = im.load(loaded.save(tmp_path / "again"))
    assert (again.transform(WORDS) == codes).all()


@EACH
def test_an_encoder_alone_says_that_it_cannot_write(name, tmp_path):
    encoder = im.load(make(name).fit(WORDS).save(tmp_path / "model"), part="encoder")
    with pytest.raises(IsthmusError, match="no decoder"):
        encoder.score_samples(WORDS)
    with pytest.raises(IsthmusError, match="no decoder"):
        encoder.reconstruct(WORDS)


def test_the_learnt_vocabulary_is_saved_in_plain_words(tmp_path):
    make("sequence_ae").fit(WORDS).save(tmp_path / "model")
    told = json.loads((tmp_path / "model" / "model.json").read_text())["data_schema"]
    assert told["kind"] == "text"
    assert told["tokeniser"]["arguments"]["tokens"] == LETTERS


# -- what it is not for --------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["anna"], "There is 1 text, a minimum of 2"),
        (["anna", " ", "otto", ""], r"2 of 4 texts are empty: row 1, 3\. Leave them out"),
        (["anna", None], "1 of 2 are no texts: row 1 is None"),
        (["anna", 3], r"row 1 is 3 \(int\)"),
        ([[1.0, 2.0], [3.0, 4.0]], r"X is a table, \(2, 2\); Sequence.* takes texts"),
        (np.zeros((3, 8, 8), dtype=np.uint8), "X is pictures, .* takes texts"),
        ("no such file", "There is no file or folder"),
    ],
    ids=str,
)
def test_what_cannot_be_learnt_from(name, given, message):
    with pytest.raises(DataError, match=message):
        make(name).fit(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a" * 20, "anna"], r"1 of 2 texts are longer than the model takes, 17 tokens: row 0 \(20 tokens\)"),
        (["anna", ""], "1 of 2 texts are empty: row 1"),
        ([""] * 9, r"9 of 9 texts are empty: row 0, 1, 2, 3, 4 and 4 more"),
        ([[1.0, 2.0]], "fitted on texts"),
        ("anna", "There is no file or folder 'anna'"),
        (["anna", None], "row 1 is None"),
    ],
    ids=str,
)
def test_later_texts_must_be_alike(vae, given, message):
    for job in (vae.transform, vae.reconstruct, vae.score_samples, vae.log_prob, vae.tokens):
        with pytest.raises(DataError, match=message):
            job(given)


@pytest.mark.parametrize("name", ["ae", "vae"])
def test_models_of_numbers_say_who_takes_texts(name):
    with pytest.raises(DataError, match=r"X holds 39 texts, such as 'anna'; V?AE takes numbers. SequenceAE and Seq"):
        catalogue.find("models", name)(2).fit(WORDS)


@pytest.mark.parametrize("name", ["ae", "vae"])
def test_fitted_models_of_numbers_refuse_texts(name):
    model = catalogue.find("models", name)(2, trainer=trainer(epochs=1)).fit(
        np.random.default_rng(0).normal(size=(9, 3))
    )
    with pytest.raises(DataError, match="text"):
        model.transform(WORDS)


def test_the_longest_text():
    model = make("sequence_ae", max_length=9).fit(WORDS)
    assert model.schema_.shape == (10,)
    assert model.transform(["a" * 9]).shape == (1, 3)
    with pytest.raises(DataError, match="9 tokens: row 0 .10 tokens"):
        model.transform(["a" * 10])
    with pytest.raises(DataError, match=r"texts are longer than max_length, 5 tokens(.|\n)*fit with max_length=6"):
        make("sequence_ae", max_length=5).fit(WORDS)
    assert make("sequence_ae", max_length=6).fit(WORDS).schema_.shape == (7,)
    auto = make("sequence_ae").fit(WORDS)
    assert auto.schema_.shape == (18,)  # half as many again as the longest has, 8 more, and the end
    assert max(map(len, auto.inverse_transform(np.random.default_rng(0).normal(size=(50, 3)) * 9))) <= 17


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"max_length": 0}, ParameterError, "max_length is 0"),
        ({"max_length": "long"}, ParameterError, "max_length is 'long'; expected a whole number or 'auto'"),
        ({"latent_dim": 0}, ParameterError, "latent_dim is 0"),
        ({"symbol_dropout": 1.5}, ParameterError, "1.5; expected a probability"),
        ({"tokeniser": "charcters"}, UnknownNameError, "Did you mean 'characters'"),
        ({"tokeniser": {"name": "characters", "sise": 3}}, UnknownNameError, "Did you mean 'size'"),
        ({"tokeniser": {"size": 3}}, ParameterError, "no 'name'"),
        ({"tokeniser": {"name": "characters", "size": 0}}, ParameterError, "size is 0"),
        ({"network": "mlp"}, ParameterError, "does not write texts; expected 'recurrent', 'transformer'"),
        ({"network": {"name": "recurrent", "end": 3}}, UnknownNameError, "no parameter 'end'"),
        ({"network": {"name": "recurrent", "levels": 3}}, UnknownNameError, "no parameter 'levels'"),
        ({"network": {"widht": 3}}, UnknownNameError, "Did you mean 'width'"),
        ({"network": {"name": "transformer", "width": 9, "heads": 2}}, ParameterError, "multiple of heads"),
    ],
    ids=str,
)
@EACH
def test_wrong_parameters(name, changed, error, message):
    with pytest.raises(error, match=message):
        make(name, **changed).fit(WORDS)


@pytest.mark.parametrize("tokeniser", [5, None, ["characters"]], ids=str)
def test_what_is_no_tokeniser_is_refused_in_words(tokeniser):
    with pytest.raises(ParameterError, match="tokeniser"):
        make("sequence_ae", tokeniser=tokeniser).fit(WORDS)


@pytest.mark.parametrize("wrong", [{"temperature": "hot"}, {"top_k": 1.5}, {"temperature": 0, "beams": 2.5}], ids=str)
def test_ways_of_writing_of_another_type_are_refused_in_words(vae, wrong):
    with pytest.raises(ParameterError, match=list(wrong)[-1]):
        vae.sample(2, **wrong)


@pytest.mark.parametrize("setting", [{"mix": 0.5}, {"noise": 0.5}], ids=str)
def test_blending_and_noise_are_refused_for_texts(setting):
    with pytest.raises(ParameterError, match=next(iter(setting))):
        make("sequence_ae", trainer=trainer(**setting)).fit(WORDS)


# -- tokens that are not known -------------------------------------------------------------------------


def test_unknown_letters_are_counted_and_told(vae):
    with pytest.warns(UnknownTokenWarning) as caught:
        codes = vae.transform(["Anna", "ÖÖ", "mia"])
    assert len(caught) == 1
    message = str(caught[0].message)
    assert "3 of 9 tokens (33.3%) are not in the vocabulary of fit and are taken as unknown" in message
    assert "'Ö' (2), 'A' (1)" in message
    assert np.isfinite(codes).all()


def test_many_unknown_letters_are_cut_short(vae):
    with pytest.warns(UnknownTokenWarning, match=r"8 of 8 tokens \(100.0%\).* and 3 more$"):
        vae.transform(["ABCD", "EFGH"])
    assert SHOWN == 5


def test_known_letters_warn_of_nothing(vae):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vae.transform(WORDS)
        vae.schema_.tell_unknown(["anna"], [[0, 1, 1, 0]])


def test_pieces_stand_beside_their_numbers():
    schema = TextSchema.learn(read(["to be or not", "to see"]), tokeniser="whitespace")
    with pytest.warns(UnknownTokenWarning, match=r"2 of 5 tokens \(40.0%\).*: 'is' \(2\)$"):
        schema.tell_unknown(["to is be", "is to"], schema.tokeniser.numbers(["to is be", "is to"]))
    with pytest.warns(UnknownTokenWarning, match="'is'"):
        schema.check(read(["is"]))


def test_rare_letters_are_unknown_where_the_vocabulary_is_small():
    model = make("sequence_ae", tokeniser={"name": "characters", "size": 5}).fit(WORDS)
    assert model.schema_.levels == 8
    with pytest.warns(UnknownTokenWarning):
        assert np.isfinite(model.score_samples(WORDS)).all()
    with pytest.warns(UnknownTokenWarning):
        known = set("".join(model.reconstruct(WORDS)))
    assert known <= set(model.schema_.tokeniser.tokens)


def test_unknown_letters_are_one_symbol(vae):
    with pytest.warns(UnknownTokenWarning):
        codes = vae.transform(["annÄ", "annÖ"])
    assert np.allclose(codes[0], codes[1], atol=1e-6)
    assert not np.allclose(codes[0], vae.transform(["anna"])[0], atol=1e-3)


# -- the schema ----------------------------------------------------------------------------------------


def schema():
    return TextSchema.learn(read(["abba", "ab", "cab"]))


def test_texts_as_symbols_and_back():
    own = schema()
    stored = own.store(read(["ba", "abba"]))
    assert stored.tolist() == [[4, 3, 0, -1, -1], [3, 4, 4, 3, 0]]
    assert (own.levels, own.shape, own.count, own.tokens, own.log_volume) == (6, (15,), 3, 9, 0.0)
    assert own.from_model(own.to_model(stored).clamp_min(0)).tolist() == ["ba", "abba"]
    assert own.from_model(torch.tensor([[1, 3, 2, 4, 0], [0, 3, 3, 3, 3], [3, 3, 3, 3, 3]])).tolist() == [
        "ab",
        "",
        "aaaaa",
    ]
    assert own.of_count(7).count == 7
    assert set(own.describe()) == {"kind", "texts in fit", "tokens", "room for"}
    assert own.describe()["room for"] == "14 tokens"


def test_a_text_beside_a_model_is_its_share_of_tokens():
    assert schema().flat(read(["abba", "caz"])).round(3).tolist() == [[0.5, 0.5, 0.0], [0.5, 0.0, 0.5]]


@pytest.mark.parametrize("tokeniser", ["characters", "bytes", "whitespace", "bpe"])
def test_json_there_and_back(tokeniser):
    own = TextSchema.learn(read(["a b", "b c ß"]), tokeniser=tokeniser, max_length=12)
    told = json.loads(json.dumps(own.to_json()))
    back = schema_from_json(told)
    assert isinstance(back, TextSchema)
    assert back.to_json() == own.to_json() == told
    assert torch.equal(back.store(read(["b a"])), own.store(read(["b a"])))


def test_broken_json_tells_everything():
    good = schema().to_json()
    bad = {**good, "longest": 1, "count": -3, "tokens": True, "new": 1}
    with pytest.raises(SavedModelError) as caught:
        schema_from_json(bad)
    for word in ("longest is 1", "count is -3", "tokens is True", "new is not known"):
        assert word in str(caught.value)
    with pytest.raises(SavedModelError) as caught:
        schema_from_json({"kind": "text"})
    for word in ("longest", "count", "tokens", "tokeniser"):
        assert f"{word} is missing" in str(caught.value)
    with pytest.raises(SavedModelError, match="kind 'smell'; known: array, counts, image, mixed, series, table, text"):
        schema_from_json({**good, "kind": "smell"})
    with pytest.raises(SavedModelError, match="longest is 'wide'"):
        schema_from_json({**good, "longest": "wide"})
    with pytest.raises(SavedModelError, match="tokeniser: expected the spec of a tokeniser"):
        schema_from_json({**good, "tokeniser": {"component": "priors/standard_normal", "arguments": {}}})


BROKEN = {
    "number": 5,
    "twice": {"component": "tokenisers/characters", "arguments": {"tokens": ["a", "a"]}},
    "nothing": {"component": "tokenisers/characters", "arguments": {}},
    "unknown": {"component": "tokenisers/nope", "arguments": {}},
    "half": {"component": "tokenisers/bpe", "arguments": {"vocabulary": ["a"], "merges": []}},
}
TOKENISERS = pytest.mark.parametrize("tokeniser", BROKEN.values(), ids=BROKEN)


@TOKENISERS
def test_broken_tokenisers_are_refused(tokeniser):
    with pytest.raises(SavedModelError):
        schema_from_json({**schema().to_json(), "tokeniser": tokeniser})


@TOKENISERS
def test_broken_tokenisers_are_told_with_all_else_that_is_wrong(tokeniser):
    with pytest.raises(SavedModelError, match="longest is 1(.|\\n)*tokeniser"):
        schema_from_json({**schema().to_json(), "longest": 1, "tokeniser": tokeniser})


@TOKENISERS
def test_a_saved_model_with_a_broken_tokeniser_is_refused(tokeniser, tmp_path):
    make("sequence_ae").fit(WORDS).save(tmp_path / "model")
    file = tmp_path / "model" / "model.json"
    told = json.loads(file.read_text())
    told["data_schema"]["tokeniser"] = tokeniser
    file.write_text(json.dumps(told))
    with pytest.raises(SavedModelError, match="data_schema"):
        im.load(tmp_path / "model")


@pytest.mark.parametrize("kind", [["text"], {}, None, 3], ids=str)
def test_kinds_that_are_no_words_are_refused(kind):
    with pytest.raises(SavedModelError, match="known: array, counts, image, mixed, series, table, text"):
        schema_from_json({**schema().to_json(), "kind": kind})
