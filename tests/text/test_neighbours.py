"""Sentences that are learnt from by those that stand next to them."""

import math

import numpy as np
import pandas
import pytest
import torch

import isthmus as im
from isthmus import catalogue
from isthmus.cli import main
from isthmus.cli.rows import saved_rows
from isthmus.data.neighbours import ScatteredGroupsWarning, neighbours
from isthmus.errors import DataError, IsthmusError, NotAvailableError, ParameterError
from isthmus.records import Batch, Code, Trace, View
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident
from isthmus.training.splits import held_out_parts

ANIMALS = {"cat": "miaows", "dog": "barks", "cow": "moos", "sheep": "bleats", "lion": "roars", "frog": "croaks"}
SAID = [sentence for animal, noise in ANIMALS.items() for sentence in (f"i see a {animal}", f"it {noise} now")]
STORY, DOCUMENTS = SAID * 8, np.repeat(np.arange(48), 2)
NAMES = ["quick_thought", "skip_thought"]
EACH = pytest.mark.parametrize("name", NAMES)


def make(name, epochs=1, **given):
    trainer = im.Trainer(epochs=epochs, batch_size=24, learning_rate=1e-2, validation=0, compile=False)
    known = {"latent_dim": 16, "tokeniser": "whitespace", "network": {"width": 32, "depth": 1}, "trainer": trainer}
    return catalogue.find("models", name)(**{**known, **given})


@pytest.fixture(scope="module")
def quick():
    """Among six different answers each is one to be found."""
    return make("quick_thought", epochs=40, encoder_rate=1.0, group=12).fit(STORY, groups=DOCUMENTS)


@pytest.fixture(scope="module")
def skip():
    return make("skip_thought", epochs=40, encoder_rate=1.0).fit(STORY, groups=DOCUMENTS)


def test_pairs_do_not_cross_from_one_document_to_another():
    found = neighbours(np.array(list("abcde"), dtype=object), ["x", "x", "x", "y", "y"], owner="Isthmus")
    pairs = list(zip(found.texts, found.direction, found.others, strict=True))
    assert pairs[0::2] == [("a", "next", "b"), ("b", "next", "c"), ("d", "next", "e")]
    assert pairs[1::2] == [("b", "previous", "a"), ("c", "previous", "b"), ("e", "previous", "d")]
    assert len(neighbours(np.array(list("abcde"), dtype=object), None, owner="Isthmus")) == 8


def test_held_out_pairs_are_a_run_of_the_text():
    """Drawn at random, nearly every held-out pair would be trained on the other way round."""
    parts = held_out_parts(40, folds=4, share=None, seed=0, in_order=True)
    assert torch.equal(torch.cat(parts), torch.arange(40))
    assert held_out_parts(40, folds=1, share=0.25, seed=0, in_order=True)[0].tolist() == list(range(10))
    rows = Resident(torch.zeros(4, 2), in_order=True)
    assert rows.rows(torch.tensor([1, 2])).in_order
    assert rows.to(torch.device("cpu")).in_order


def test_other_neighbours_of_the_same_sentence_are_no_rivals():
    """Rows 0 and 1 are of one sentence, rows 2 and 3 have one neighbour: by hand."""
    with RandomStream(0):
        reader = catalogue.make("encoders", "mlp", {"in_shape": (3,), "out_dim": 4, "hidden": (5,)})
        term = catalogue.make("terms", "neighbours", {"reader": reader, "group": 8})
        x, wanted, z = torch.randn(5, 3), torch.randn(5, 3), torch.randn(5, 4)
    x[1], wanted[3] = x[0], wanted[2]
    batch = Batch(x=x, target=wanted)
    scores = z @ term.read(batch).T / 2
    barred = {(0, 1), (1, 0), (2, 3), (3, 2)}
    costs = []
    for row in range(5):
        rivals = [scores[row, other] for other in range(5) if (row, other) not in barred]
        costs.append(torch.stack(rivals).logsumexp(0) - scores[row, row] - math.log(len(rivals)))
    found = term(Trace(batch=batch, view=View(x=x), features=z, code=Code(z=z)), {})
    assert found.item() == pytest.approx(torch.stack(costs).mean().item(), abs=1e-5)


def test_labels_of_the_data_say_where_documents_end():
    story = im.data.read(STORY[:40], labels=DOCUMENTS[:40])
    one, other = make("quick_thought").fit(story), make("quick_thought").fit(STORY[:40], groups=DOCUMENTS[:40])
    assert (one.transform(STORY[:5]) == other.transform(STORY[:5])).all()


@EACH
def test_too_few_sentences_are_refused_and_counted(name):
    with pytest.raises(DataError, match=r"(?s)two consecutive sentences or more:.*X has 1 sentence$"):
        make(name).fit(["alone"])
    with pytest.raises(DataError, match=r"(?s)X has 3 sentences.*groups has 3 documents, none with two in a row"):
        make(name).fit(["one", "two", "three"], groups=[1, 2, 3])
    with pytest.raises(DataError, match=r"groups has shape \(2,\); expected \(3,\)"):
        make(name).fit(["one", "two", "three"], groups=[1, 2])


@EACH
def test_rows_in_errors_are_those_of_the_sentences(name):
    with pytest.raises(DataError, match=r"1 of 12 texts are empty: row 7\."):
        make(name).fit([*SAID[:7], " ", *SAID[8:]])
    with pytest.raises(DataError, match=r"(?s)1 of 12 texts are longer.*: row 9 \(12 tokens\)\. Cut them"):
        make(name, max_length=4).fit([*SAID[:9], "so " * 12, *SAID[10:]])


@EACH
def test_sentences_are_counted_once(name):
    model = make(name).fit(STORY, groups=DOCUMENTS)
    assert model.schema_.count == len(STORY)
    assert model.schema_.tokens == sum(len(sentence.split()) for sentence in STORY)


@EACH
def test_groups_that_are_missing_are_told_by_row(name):
    for missing in (None, float("nan"), pandas.NA, pandas.NaT):
        groups = pandas.Series(["a", missing, "b", "b", missing], dtype=object)
        with pytest.raises(DataError, match="groups is missing for rows 1, 4 of 5; expected the document of each"):
            make(name).fit(SAID[:5], groups=groups)
    with pytest.raises(DataError, match="groups is missing for row 1 of 3"):
        make(name).fit(SAID[:3], groups=["a", float("nan"), "a"])


@EACH
def test_documents_that_are_torn_apart_are_told(name):
    with pytest.warns(ScatteredGroupsWarning, match=r"(?s)3 documents, in 5 pieces, so that 2 of 9 pairs.*Sort the"):
        make(name).fit(SAID, groups=list("aaabbbbaabcc"))


@EACH
def test_lists_of_documents_are_to_be_flattened(name):
    documents = [SAID[:4], SAID[4:5], SAID[5:]]
    for given in (documents, [SAID[:6], SAID[6:]], np.array([SAID[:6], SAID[6:]])):
        with pytest.raises(DataError, match=r"lists of sentences.*one list.*groups=\[i for i, d in enumerate\(X\)"):
            make(name).fit(given)


@EACH
def test_numbers_are_no_sentences(name):
    with pytest.raises(IsthmusError, match="text"):
        make(name).fit(np.zeros((5, 3)))


@EACH
def test_codes_do_not_depend_on_companions(name):
    model = make(name).fit(STORY, groups=DOCUMENTS)
    codes = model.transform(SAID)
    assert codes.shape == (12, 16)
    assert np.allclose(codes[3:5], model.transform(SAID[3:5]), atol=1e-5)
    assert len(np.unique(codes.round(4), axis=0)) == 12


@EACH
def test_it_is_kept_and_loaded(name, tmp_path):
    model = make(name).fit(STORY)
    loaded = im.load(model.save(tmp_path / name))
    assert (im.load(tmp_path / name, part="encoder").transform(SAID) == model.transform(SAID)).all()
    assert (loaded.transform(SAID) == model.transform(SAID)).all()
    if name == "quick_thought":
        assert (loaded.neighbour_scores(SAID, SAID) == model.neighbour_scores(SAID, SAID)).all()
    else:
        assert loaded.predict(SAID).tolist() == model.predict(SAID).tolist()


@EACH
def test_the_same_seed_gives_the_same_model(name):
    first, second = (make(name, random_state=4).fit(STORY).transform(SAID) for _ in range(2))
    assert (first == second).all()


@EACH
def test_no_sentence_leads_back_from_a_code_and_that_is_said(name):
    with pytest.raises(AttributeError) as caught:
        make(name).inverse_transform  # noqa: B018
    assert isinstance(caught.value.__cause__, NotAvailableError)


def test_quick_thought_finds_neighbours_both_ways(quick):
    asked, answers = SAID[::2], SAID[1::2]
    assert (quick.neighbour_scores(asked, answers).argmax(1) == np.arange(6)).all()
    assert (quick.neighbour_scores(answers, asked).argmax(1) == np.arange(6)).all()


def test_quick_thoughts_cost_is_the_information_it_finds(quick):
    """Of twelve that are compared each stands four times or so: at most log 12 nats, and some are found."""
    assert -np.log(12) <= quick.history_.epochs[-1]["training"]["neighbours"] < -0.8


def test_skip_thought_writes_what_comes_next_and_what_came_before(skip):
    assert skip.predict(SAID[::2]).tolist() == SAID[1::2]
    assert skip.predict(SAID[1::2], direction="previous").tolist() == SAID[::2]
    assert skip.predict(SAID[:2], beams=2)[0] == SAID[1]


def test_skip_thought_scores_neighbours_in_their_direction(skip):
    asked, answers = SAID[::2], SAID[1::2]
    right = skip.score_samples(asked, answers)
    assert (right > skip.score_samples(asked, answers[1:] + answers[:1])).all()
    assert (right > skip.score_samples(asked, answers, direction="previous")).all()
    assert (right < 0).all()


def test_a_sentence_has_one_code_in_both_directions(skip):
    assert np.array_equal(skip.transform(SAID, condition="next"), skip.transform(SAID, condition="previous"))


def test_wrong_arguments_are_named(skip):
    with pytest.raises(ParameterError, match="direction is 'after'; expected 'next' or 'previous'"):
        skip.predict(SAID, direction="after")
    with pytest.raises(DataError, match="X has 12 texts, y has 2: expected pairs"):
        skip.score_samples(SAID, SAID[:2])
    with pytest.raises(ParameterError, match="y is None"):
        skip.score_samples(SAID)
    for name in NAMES:
        with pytest.raises(ParameterError, match="encoder_rate is -1; expected a positive number"):
            make(name, encoder_rate=-1).fit(STORY)


@EACH
def test_the_command_line_holds_out_the_last_sentences(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "story.txt").write_text("\n".join(STORY), encoding="utf8")
    quick = ["trainer.epochs=1", "trainer.validation=0", "network.width=16", "tokeniser=characters"]
    told = [word for each in quick for word in ("--set", each)]
    assert main(["fit", name, "story.txt", *told, "--latent-dim", "4", "--out", "m", "--quiet"]) == 0
    assert "held-out rows" in capsys.readouterr().out
    assert "could not be made" not in (tmp_path / "m" / "report.html").read_text()
    rows = saved_rows(tmp_path / "m")
    assert [*rows.train.values, *rows.test.values] == STORY
    assert main(["encode", "m", "story.txt", "--out", "codes.csv"]) == 0


def test_the_command_line_predicts_in_both_directions(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.txt").write_text("\n".join(SAID), encoding="utf8")
    model = make("skip_thought", epochs=5, encoder_rate=1.0).fit(STORY)
    model.save("skip")
    make("quick_thought").fit(STORY).save("quick")
    for direction, options in (("next", []), ("next", ["next"]), ("previous", ["previous"])):
        told = [word for each in options for word in ("--direction", each)]
        assert main(["predict", "skip", "new.txt", "--out", "out.txt", "--force", *told]) == 0
        assert (tmp_path / "out.txt").read_text().splitlines() == model.predict(SAID, direction=direction).tolist()
    for command, message in (
        (["skip", "--direction", "before"], "--direction is 'before'; expected next or previous"),
        (["quick"], "QuickThought, which predicts nothing; Classifier and SemiSupervisedVAE tell classes, Seq2Seq and"),
    ):
        assert main(["predict", command[0], "new.txt", "--out", "no.txt", *command[1:]]) == 1
        assert message in capsys.readouterr().err


def test_groups_may_be_numpys_own_numbers():
    found = neighbours(np.array(list("abcd")), list(np.array([1, 1, 2, 2])), owner="Isthmus")
    assert found.texts.tolist() == ["a", "b", "c", "d"]
    with pytest.raises(DataError, match="missing for row 1 "):
        neighbours(np.array(list("abcd")), list(np.array([1, np.nan, 2, 2])), owner="Isthmus")
