"""Models that learn from texts of which part is hidden, missing or out of order, and from one text to another."""

import numpy as np
import pandas
import pytest
import torch

import isthmus as im
from isthmus import catalogue
from isthmus.data.schemas.text import END, MASK, UnknownTokenWarning
from isthmus.errors import DataError, IsthmusError, NotAvailableError, ParameterError
from isthmus.records import Batch
from isthmus.training.random_stream import RandomStream

WHO = ["the cat", "the dog", "a bird", "a fish", "my horse"]
DOES = ["eats hay", "drinks milk", "likes rain", "sees stars", "sings songs", "reads books"]
TEXTS = [f"{who} {does}" for who in WHO for does in DOES]
NAMES = ["masked_lm", "denoising_sequence_ae", "tsdae"]
EACH = pytest.mark.parametrize("name", NAMES)
SMALL = {"width": 32, "depth": 1}


def make(name, epochs=1, **given):
    trainer = im.Trainer(epochs=epochs, batch_size=15, learning_rate=1e-2, validation=0, compile=False)
    known = {"latent_dim": 16, "tokeniser": "whitespace", "network": SMALL, "trainer": trainer}
    return catalogue.find("models", name)(**{**known, **given})


@pytest.fixture(scope="module")
def masked():
    return make("masked_lm", epochs=150, share=0.25).fit(TEXTS)


@pytest.fixture(scope="module")
def mending():
    return make("denoising_sequence_ae", epochs=150, corruption={"name": "token_permutation", "reach": 3}).fit(TEXTS)


@EACH
def test_texts_become_features_whatever_their_companions(name):
    model = make(name).fit(TEXTS)
    codes = model.transform(TEXTS)
    assert codes.shape == (30, 16)
    assert np.allclose(codes[3:5], model.transform(TEXTS[3:5]), atol=1e-5)
    assert np.allclose(codes[7], model.transform([TEXTS[7]])[0], atol=1e-5)
    assert len(np.unique(codes.round(4), axis=0)) == 30


@EACH
def test_it_is_kept_and_loaded(name, tmp_path):
    model = make(name).fit(TEXTS)
    loaded = im.load(model.save(tmp_path / name))
    assert (loaded.transform(TEXTS) == model.transform(TEXTS)).all()
    assert loaded.get_params()["tokeniser"] == "whitespace"


@EACH
def test_the_same_seed_gives_the_same_model(name):
    first, second = (make(name, random_state=4).fit(TEXTS).transform(TEXTS) for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("name", ["masked_lm", "denoising_sequence_ae", "seq2seq"])
def test_features_do_not_lead_back_and_that_is_said(name):
    model = make(name)
    for job in ("inverse_transform", "sample", "interpolate"):
        with pytest.raises(AttributeError) as caught:
            getattr(model, job)
        assert isinstance(caught.value.__cause__, NotAvailableError)
        assert "makes features" in str(caught.value.__cause__)


# -- hidden tokens -------------------------------------------------------------------------------------


def test_gaps_are_filled_with_what_goes_there(masked):
    filled = masked.fill([f"the [MASK] {does}" for does in DOES])
    assert {text.split()[1] for text in filled} <= {"cat", "dog"}
    assert masked.fill(["the cat drinks [MASK]", "a [MASK] reads books"])[0] == "the cat drinks milk"
    both = masked.fill(["my [MASK] sings [MASK]"])[0]
    assert both == "my horse sings songs"


GAPS = {  # written with gaps, and what was there
    "whitespace": ("the cat [MASK] hay", "eats"),
    "characters": ("the cat eat[MASK] hay", "s"),
    "bytes": ("the cat eat[MASK] hay", "s"),
    "bpe": ("the cat [MASK] hay", "eats"),
}


@pytest.mark.parametrize("tokeniser", GAPS)
def test_gaps_are_filled_whatever_the_tokens_are(tokeniser):
    learnt = {"name": "bpe", "size": 400} if tokeniser == "bpe" else tokeniser
    model = make("masked_lm", epochs=100, share=0.25, tokeniser=learnt).fit(TEXTS)
    text, gone = GAPS[tokeniser]
    assert model.fill([text]) == [text.replace("[MASK]", gone)]
    assert model.fill([text, text]) == 2 * model.fill([text])


def test_a_single_text_is_no_list_of_texts(masked):
    with pytest.raises(ParameterError, match="expected a list of texts"):
        masked.fill("the [MASK] eats hay")


def test_a_text_without_a_gap_is_refused(masked):
    with pytest.raises(DataError, match=r"1 of 2 texts have no gap '\[MASK\]': row 1"):
        masked.fill(["the [MASK] eats hay", "the cat eats hay"])
    with pytest.raises(DataError, match="has 17 tokens; the model takes 14"):
        masked.fill(["the cat eats hay " * 4 + "[MASK]"])


def test_only_hidden_tokens_are_judged(masked):
    model = masked.autoencoder_
    batch = Batch(x=masked.schema_.store(masked._examples(TEXTS[:4])).long())
    with RandomStream(0), torch.no_grad():
        trace = model(batch)
    hidden = trace.view.judged
    assert hidden.any(1).all()
    assert not (hidden & (batch.x == END)).any()
    by_hand = trace.output.log_softmax(1).gather(1, batch.x[:, None])[:, 0].where(hidden, 0.0).sum(1)
    assert torch.allclose(trace.log_likelihood, by_hand, atol=1e-4)
    assert (trace.view.x[hidden] == MASK).any()


@pytest.mark.parametrize(("given", "told"), [({"share": 1.0}, "share is 1.0"), ({"span": 0.0}, "span is 0.0")])
def test_wrong_shares_are_refused(given, told):
    with pytest.raises(ParameterError, match=told):
        make("masked_lm", **given).fit(TEXTS)


def test_spans_of_tokens_can_be_hidden_and_told_by_recurrent_units():
    model = make("masked_lm", share=0.5, span=2.0, network={"name": "recurrent", "width": 12}).fit(TEXTS)
    filled = model.fill(["the cat eats [MASK]", "a [MASK] likes [MASK]"])
    assert [text.split()[0] for text in filled] == ["the", "a"]
    assert [len(text.split()) for text in filled] == [4, 4]


# -- mending -------------------------------------------------------------------------------------------


def test_what_is_out_of_order_comes_back_in_order(mending):
    assert mending.reconstruct(TEXTS).tolist() == TEXTS
    spoilt = ["cat the eats hay", "fish a likes rain", "my horse songs sings"]
    assert mending.reconstruct(spoilt).tolist() == ["the cat eats hay", "a fish likes rain", "my horse sings songs"]
    assert mending.reconstruct(spoilt, beams=3).tolist()[0] == "the cat eats hay"


LIGHT = {"token_deletion": {"share": 0.2}, "infilling": {"share": 0.2}}


@pytest.mark.parametrize("name", ["token_deletion", "infilling", "token_permutation"])
def test_every_corruption_serves(name):
    """Whole texts, which is what a spoilt one may have been, come back as they are."""
    model = make("denoising_sequence_ae", epochs=100, corruption={"name": name, **LIGHT.get(name, {})}).fit(TEXTS)
    assert (model.reconstruct(TEXTS) == np.asarray(TEXTS, dtype=object)).mean() > 0.8


@pytest.mark.parametrize("name", ["denoising_sequence_ae", "tsdae"])
@pytest.mark.parametrize(
    ("corruption", "told"),
    [
        ({"name": "token_masking", "levels": 40}, "MaskedLM learns from hidden tokens alone"),
        ("gaussian_noise", "expected 'token_deletion'"),
    ],
)
def test_corruptions_of_something_else_are_refused(name, corruption, told):
    with pytest.raises(ParameterError, match=told):
        make(name, corruption=corruption).fit(TEXTS)


def test_numbers_take_no_corruption_of_texts():
    with pytest.raises(ParameterError, match="is for texts"):
        im.DAE(2, corruption="token_deletion").fit(np.random.default_rng(0).normal(size=(20, 4)))


@pytest.mark.parametrize(
    ("name", "network"),
    [
        ("denoising_sequence_ae", "recurrent"),
        ("denoising_sequence_ae", "conv"),
        ("seq2seq", {"name": "recurrent"}),
        ("sequence_ae", "mlp"),
        ("sequence_vae", "token_head"),
    ],
)
def test_networks_that_cannot_write_so_are_refused(name, network):
    with pytest.raises(IsthmusError, match=r"expected ('recurrent', )?'transformer'"):
        make(name, network=network).fit(TEXTS, TEXTS)


def test_a_corruption_that_is_not_there_is_named():
    with pytest.raises(IsthmusError, match="Did you mean 'infilling'"):
        make("denoising_sequence_ae", corruption="infiling").fit(TEXTS)


# -- sentences as vectors ------------------------------------------------------------------------------


def test_sentences_that_share_words_are_near():
    model = make("tsdae", epochs=60).fit(TEXTS)
    codes = model.transform(TEXTS)
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    alike = codes @ codes.T
    same = np.array([[a.split()[-1] == b.split()[-1] for b in TEXTS] for a in TEXTS])
    shared, none = same & ~np.eye(30, dtype=bool), ~same
    assert alike[shared].mean() > alike[none].mean() + 0.1


# -- from one text to another --------------------------------------------------------------------------


def upper(texts):
    return [text.upper() for text in texts]


def test_a_translation_is_learnt_by_heart_and_kept(tmp_path):
    model = make("seq2seq", epochs=120).fit(TEXTS, upper(TEXTS))
    assert model.predict(TEXTS).tolist() == upper(TEXTS)
    assert model.predict(TEXTS[:3], beams=4).tolist() == upper(TEXTS[:3])
    right, wrong = model.score_samples(TEXTS, upper(TEXTS)), model.score_samples(TEXTS, upper(TEXTS[::-1]))
    assert (right > wrong).mean() > 0.9
    assert model.score(TEXTS, upper(TEXTS)) == pytest.approx(right.mean(), rel=1e-5)
    loaded = im.load(model.save(tmp_path / "s"))
    assert loaded.predict(TEXTS).tolist() == upper(TEXTS)
    assert loaded.score(TEXTS, upper(TEXTS)) == pytest.approx(right.mean(), rel=1e-5)


def test_both_texts_have_vocabularies_and_lengths_of_their_own():
    pairs = ["one two three", "four five"], ["x", "y z"]
    model = make("seq2seq").fit(*pairs)
    assert model.schema_.levels - 3 == 5
    assert model.target_.levels - 3 == 3
    assert model.autoencoder_.decoder.positions == 12  # half as many again as 2, 8 more, and the end


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (None, "requires y to be passed"),
        (TEXTS[:5], "X has 30 texts, y has 5"),
        (np.ones((30, 2)), "Seq2Seq writes texts"),
        (list(range(30)), r"y is \[0, 1, 2.*a string for each of X"),
        ([*TEXTS[:-1], " "], "1 of 30 texts are empty: row 29"),
    ],
)
def test_wrong_targets_are_refused(y, told):
    with pytest.raises((DataError, ParameterError), match=told):
        make("seq2seq").fit(TEXTS, y)


def test_scores_of_pairs_need_both():
    with pytest.raises(ParameterError, match="wants the texts y"):
        make("seq2seq").fit(TEXTS, TEXTS).score_samples(TEXTS)


# -- fine-tuning ---------------------------------------------------------------------------------------


def test_a_classifier_goes_on_from_an_encoder_of_texts(masked, tmp_path):
    y = [text.split()[-1] for text in TEXTS]
    trainer = im.Trainer(epochs=30, batch_size=10, validation=0, compile=False)
    classifier = im.Classifier(masked, trainer=trainer).fit(TEXTS, y)
    assert classifier.score(TEXTS, y) == 1.0
    loaded = im.load(classifier.save(tmp_path / "c"))
    assert (loaded.predict(TEXTS) == classifier.predict(TEXTS)).all()
    padded = classifier.predict_proba([TEXTS[0]])
    assert np.allclose(padded, classifier.predict_proba(TEXTS)[:1], atol=1e-5)


def test_a_classifier_without_one_takes_no_texts():
    with pytest.raises(DataError, match="Classifier without a pretrained model takes numbers"):
        im.Classifier().fit(TEXTS, [len(text) for text in TEXTS])


def test_candidates_are_the_tokens_by_their_probability(masked):
    text = TEXTS[0].split()
    gapped = " ".join(["[MASK]", *text[1:-1], "[MASK]"])
    (gaps,) = masked.candidates([gapped], k=len(masked.schema_.tokeniser.tokens))
    assert len(gaps) == 2
    for found in gaps:
        shares = [each.probability for each in found]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(1, abs=1e-4)
    filled = masked.fill([gapped])[0].split()
    assert [gaps[0][0].token, gaps[1][0].token] == [filled[0], filled[-1]]


def test_candidates_of_no_gap_or_too_many_are_refused(masked):
    with pytest.raises(DataError, match="have no gap"):
        masked.candidates([TEXTS[0]])
    with pytest.raises(ParameterError, match="k is 1000"):
        masked.candidates(["[MASK]"], k=1000)


def test_the_rest_of_a_text_stays_as_it_is_and_what_is_not_known_is_told(masked):
    with pytest.warns(UnknownTokenWarning, match="2 of 4 tokens.*'ZEBRA'"):
        (filled,) = masked.fill(["the  [MASK] ZEBRA \u732b drinks"])
    assert filled.startswith("the  ")
    assert filled.endswith(" ZEBRA \u732b drinks")
    assert "[MASK]" not in filled


def test_gaps_side_by_side_are_written_together():
    characters = make("masked_lm", tokeniser="characters").fit(TEXTS)
    with pytest.warns(UnknownTokenWarning):
        (filled,) = characters.fill(["the[MASK][MASK]Q"])
    assert len(filled) == 6
    assert (filled[:3], filled[-1]) == ("the", "Q")


@pytest.mark.parametrize("wrong", [None, 3, float("nan")])
@pytest.mark.parametrize("job", ["fill", "candidates"])
def test_gaps_in_what_is_no_text_are_refused(masked, job, wrong):
    with pytest.raises(DataError, match=f"texts: 1 of 2 are no texts: row 1 is {wrong!r}"):
        getattr(masked, job)(["the [MASK]", wrong])


def test_a_column_of_texts_is_asked_for_as_a_row_of_them(masked):
    for job in (make("masked_lm").fit, masked.transform):
        with pytest.raises(DataError, match=r"X has the shape \(2, 1\); MaskedLM takes texts: .*a row of strings"):
            job(np.array([["the cat"], ["the dog"]]))


def test_gaps_of_a_series_are_filled_in_its_order(masked):
    texts = ["the cat [MASK] hay", "[MASK] fish likes rain"]
    shuffled = pandas.Series(texts, index=[1, 0])
    assert masked.fill(shuffled) == masked.fill(texts)


def test_blanks_around_a_gap_stay_whatever_the_tokens_are():
    bytes_in_pairs = make("masked_lm", tokeniser="bpe").fit(TEXTS)
    (filled,) = bytes_in_pairs.fill(["  the  [MASK] eats  "])
    assert filled.startswith("  the ")
    assert filled.endswith(" eats  ")


def test_lines_that_one_side_of_a_pair_lacks_are_refused(tmp_path):
    """Left out one by one the others would no longer go together."""
    (tmp_path / "y.txt").write_text("\n".join([*TEXTS[:10], "", *TEXTS[10:]]))
    with pytest.raises(DataError, match=r"y leaves out line 11: empty.*would no longer go together"):
        make("seq2seq").fit(TEXTS, str(tmp_path / "y.txt"))
