"""Attributes edited in codes: closed forms, digits, files, and what is refused."""

import json

import numpy as np
import pandas
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

import isthmus as im
from isthmus.errors import DataError, NotAvailableError, ParameterError, SavedModelError
from isthmus.tasks.attributes import Attribute


def attributes(examples):
    """How much ink there is on the left, how much below, and the digit."""
    pictures = examples.values.reshape(-1, 8, 8)
    return {
        "left": pictures[:, :, :4].mean((1, 2)),
        "below": pictures[:, 4:].mean((1, 2)),
        "digit": examples.labels.astype(str),
    }


@pytest.fixture(scope="module")
def digits():
    data = im.data.load("digits")
    return data.take(range(800)), data.take(range(800, 1200))


@pytest.fixture(scope="module")
def model(digits):
    return im.VAE(10, trainer=im.Trainer(epochs=40), random_state=0).fit(digits[0])


@pytest.fixture(scope="module")
def editor(model, digits):
    return im.AttributeEditor(model).fit(digits[0], attributes(digits[0]))


def test_of_one_class_attribute_the_direction_is_the_difference_of_means(model, digits):
    known, new = digits
    odd = known.labels.astype(int) % 2 == 1
    found = im.AttributeEditor(model).fit(known, {"odd": odd})
    codes = model.transform(known).astype(float)
    assert found.attributes_[0].levels == ("False", "True")
    before = model.transform(new)
    even = ["False"] * len(new)
    moved = found.moved(before, {"odd": True}, present={"odd": even}) - before
    assert np.allclose(moved, codes[odd].mean(0) - codes[~odd].mean(0), atol=1e-4)
    half = found.moved(before, {"odd": "True"}, 0.5, present={"odd": even}) - before
    assert np.allclose(2 * half, moved, atol=1e-4)


def test_correlated_attributes_are_told_apart():
    """x = code of two numbers; b is mostly a: edits of a alone must leave what b says."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal(400)
    b = 0.8 * a + 0.6 * rng.standard_normal(400)
    x = np.stack([a, b, a + b, a - b], axis=1)
    model = im.AE(2, trainer=im.Trainer(epochs=40), random_state=0).fit(x)
    both = im.AttributeEditor(model).fit(x, {"a": a, "b": b})
    moved = both.edit(x[:50], shift={"a": 1.0}) - model.reconstruct(x[:50])
    assert np.allclose(moved.mean(0), [1, 0, 1, 1], atol=0.1)
    alone = im.AttributeEditor(model).fit(x, {"a": a})
    assert (alone.edit(x[:50], shift={"a": 1.0}) - model.reconstruct(x[:50]))[:, 1].mean() > 0.6


def test_values_are_reached_and_read(editor, digits):
    _, new = digits
    wanted = float(np.quantile(attributes(new)["left"], 0.7))
    edited = editor.edit(new.values, {"left": wanted})
    after = edited.reshape(-1, 8, 8)[:, :, :4].mean((1, 2))
    assert abs(after.mean() - wanted) < 0.35 * attributes(new)["left"].std()
    assert (editor.read(new)["digit"] == new.labels.astype(str)).mean() > 0.8
    assert np.corrcoef(editor.read(new)["left"], attributes(new)["left"])[0, 1] > 0.8


def test_judges_see_what_moves_and_what_stays(editor, digits):
    found = editor.check(digits[1], attributes(digits[1]))
    by = {each.attribute: each for each in found.effects}
    assert found.rows == 200
    assert by["digit"].judge > 0.85
    assert by["digit"].moved > 0.5
    assert 0.5 < by["left"].moved < 1.5
    assert by["left"].others["digit"] < 0.3
    assert "held-out rows" in found.as_text()
    nothing = editor.check(digits[1], attributes(digits[1]), strength=0.0)
    assert all(change == 0 for each in nothing.effects for change in each.others.values())


def test_removed_attributes_are_the_same_for_all(editor, digits):
    codes = editor.model_.transform(digits[1])
    removed = editor.without(codes, ["left", "digit"])
    steps = removed - codes
    told = editor.read(digits[1])
    same = told["digit"] == "3"
    apart = steps[same] - steps[same][0]
    assert np.linalg.matrix_rank(apart, tol=1e-3) <= 1  # but for how much ink there is on the left
    assert editor.remove(digits[1].values[:5], "left").shape == (5, 64)


def test_labels_data_frames_and_the_usual_model(digits, model):
    known, _ = digits
    of_labels = im.AttributeEditor(FrozenEstimator(model)).fit(known)
    assert of_labels.attributes_[0].name == "label"
    assert len(of_labels.attributes_[0].levels) == 10
    frame = pandas.DataFrame({"ink": known.values.mean(1), "digit": known.labels.astype(str)})
    assert [each.name for each in im.AttributeEditor(model).fit(known, frame).attributes_] == ["ink", "digit"]
    single = im.AttributeEditor(model).fit(known, frame["ink"])
    assert single.attributes_[0].name == "ink"
    assert single.attributes_[0].levels == ()
    unfitted = im.AttributeEditor(im.AE(2, trainer=im.Trainer(epochs=1)))
    assert clone(unfitted).fit(known, frame).directions_.shape == (11, 2)


def test_saved_and_loaded(editor, digits, tmp_path):
    loaded = im.load(editor.save(tmp_path / "editor"))
    x = digits[1].values[:20]
    assert (loaded.edit(x, {"digit": "3", "left": 5.0}) == editor.edit(x, {"digit": "3", "left": 5.0})).all()
    described = tmp_path / "editor" / "task.json"
    content = json.loads(described.read_text())
    content["state"]["attributes"] = content["state"]["attributes"][:1]
    described.write_text(json.dumps(content))
    with pytest.raises(SavedModelError, match="directions have shape"):
        im.load(tmp_path / "editor")
    described.write_text(json.dumps({**content, "state": {"attributes": [{"nom": "x"}]}}))
    with pytest.raises(SavedModelError, match="nom"):
        im.load(tmp_path / "editor")


def test_tables_with_categories_are_edited(tmp_path):
    rng = np.random.default_rng(0)
    size = rng.standard_normal(200)
    frame = pandas.DataFrame({"kind": np.where(size > 0, "large", "small"), "size": size, "weight": 2 * size + 1})
    model = im.VAE(2, trainer=im.Trainer(epochs=60), random_state=0).fit(frame)
    editor = im.AttributeEditor(model).fit(frame, {"size": size})
    edited = editor.edit(frame.iloc[:20], shift={"size": 1.0})
    assert list(edited.columns) == ["kind", "size", "weight"]
    assert (edited["weight"] - model.reconstruct(frame.iloc[:20])["weight"]).mean() > 0.5


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ({"a": np.ones(800)}, "'a' has one value, '1.0'"),
        ({"a": np.array(["x"] * 800)}, "'a' has one value, 'x'"),
        ({"a": np.r_[np.nan, np.arange(799.0)]}, "missing in 1 of 800 rows, the first is row 0"),
        ({"a": np.array([None, "x"] * 400, dtype=object)}, "missing in 400 of 800"),
        ({"a": np.arange(3)}, "'a' has 3"),
        ({}, "no attributes"),
        ({"a": np.arange(800.0), "b": 2 * np.arange(800.0)}, "cannot be told apart"),
        (np.zeros((800, 2)), "expected names"),
        ({"a": np.arange(800).astype(str)}, "800 classes"),
    ],
)
def test_attributes_that_cannot_be_learnt(model, digits, y, message):
    with pytest.raises(DataError, match=message):
        im.AttributeEditor(model).fit(digits[0], y)


def test_edits_that_are_refused(editor, digits):
    x = digits[1].values[:5]
    for given, message in (
        ({"values": {"colour": 1}}, "no attribute 'colour'"),
        ({"values": {"digit": "11"}}, "expected one of 0, 1"),
        ({"values": {"left": "much"}}, "expected a number"),
        ({"values": {"left": np.inf}}, "finite"),
        ({"values": {"left": [1.0, 2.0]}}, "has 2 values; expected one, or 5"),
        ({"shift": {"digit": 1.0}}, "which is a class"),
        ({"values": {"left": 1.0}, "shift": {"left": 1.0}}, "both in values and in shift"),
        ({}, "nothing to change"),
        ({"values": {"left": 1.0}, "strength": np.nan}, "strength is nan"),
    ):
        with pytest.raises(ParameterError, match=message):
            editor.edit(x, **given)
    with pytest.raises(DataError, match="40 or more"):
        editor.check(digits[1].take(range(10)), {name: v[:10] for name, v in attributes(digits[1]).items()})
    with pytest.raises(ParameterError, match="lacks 'below', 'digit'"):
        editor.check(digits[1], {"left": attributes(digits[1])["left"]})


def test_what_codes_do_not_tell_is_not_edited(model, digits):
    noise = np.random.default_rng(0).standard_normal(800)
    found = im.AttributeEditor(model).fit(digits[0], {"noise": noise, "digit": digits[0].labels.astype(str)})
    with pytest.raises(ParameterError, match="tell hardly anything of 'noise'"):
        found.edit(digits[0].values[:5], {"noise": 1.0})
    assert found.edit(digits[0].values[:5], {"digit": "3"}).shape == (5, 64)


def test_models_that_cannot(digits):
    known, _ = digits
    quick = im.Trainer(epochs=1)
    with pytest.raises(NotAvailableError, match="AE, VAE and AAE do"):
        im.AttributeEditor(im.TableMAE(4, trainer=quick)).fit(known, known.labels)
    with pytest.raises(ParameterError, match="are discrete"):
        im.AttributeEditor(im.FSQVAE(trainer=quick)).fit(known)
    with pytest.raises(ParameterError, match="expected a model of Isthmus"):
        im.AttributeEditor("vae").fit(known)
    told = im.CVAE(2, trainer=quick).fit(known, known.labels)
    with pytest.raises(ParameterError, match="change what it is told"):
        im.AttributeEditor(told).fit(known)
    with pytest.raises(DataError, match="no labels either"):
        im.AttributeEditor(im.AE(2)).fit(known.values)


def test_classes_and_numbers():
    assert Attribute.learn("a", np.array([True, False])).levels == ("False", "True")
    assert Attribute.learn("a", ["3", "1"]).levels == ("1", "3")
    number = Attribute.learn("a", [1, 3])
    assert (number.mean, number.spread, number.low, number.high, number.width) == (2, 1, 1, 3, 1)
    assert number.clear(np.array([[5.0], [-5.0]])).tolist() == [[1.0], [-1.0]]
