"""The schema goes there and back without loss, says what is wrong, and survives JSON."""

import json

import numpy as np
import pandas
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from isthmus.data import Condition, NumericSchema, read
from isthmus.errors import DataError, ParameterError, SavedModelError

FINITE = st.floats(-1e4, 1e4, width=32)


def varied(values):
    """Some column varies."""
    return (values.max(0) > values.min(0)).any()


@given(arrays.arrays(np.float64, st.tuples(st.integers(2, 8), st.integers(1, 5)), elements=FINITE).filter(varied))
@settings(max_examples=60, deadline=None)
def test_tables_there_and_back(values):
    for scaling in ("auto", "standard", "centre", "none"):
        examples = read(values)
        schema = NumericSchema.learn(examples, scaling=scaling)
        again = schema.from_model(schema.to_model(schema.store(examples)))
        assert np.allclose(again, values, atol=1e-3 + 1e-5 * np.abs(values).max())


@given(
    layout=st.sampled_from(["HW", "HWC", "CHW"]),
    size=st.tuples(st.integers(5, 7), st.integers(5, 7)),
    seed=st.integers(0, 9),
)
@settings(max_examples=30, deadline=None)
def test_pictures_there_and_back(layout, size, seed):
    shape = {"HW": size, "HWC": (*size, 3), "CHW": (3, *size)}[layout]
    values = np.random.default_rng(seed).integers(0, 256, (4, *shape), dtype=np.uint8)
    examples = read(values)
    assert examples.layout == layout
    schema = NumericSchema.learn(examples)
    stored = schema.store(examples)
    assert stored.dtype == torch.uint8
    x = schema.to_model(stored)
    assert x.shape == (4, 1 if layout == "HW" else 3, *size)
    assert 0 <= x.min() <= x.max() <= 1
    assert np.array_equal(schema.from_model(x).round().astype(np.uint8), values)


@given(arrays.arrays(np.float64, (6, 3), elements=FINITE).filter(varied))
@settings(max_examples=30, deadline=None)
def test_json_there_and_back(values):
    schema = NumericSchema.learn(read(values))
    assert NumericSchema.of_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_broken_json_tells_everything():
    good = NumericSchema.learn(read(np.eye(3))).to_json()
    bad = {**good, "shape": "wide", "kind": 3, "new": 1}
    del bad["scaling"]
    with pytest.raises(SavedModelError) as caught:
        NumericSchema.of_json(bad)
    for word in ("scaling is missing", "new is not known", "shape is 'wide'", "kind is 3"):
        assert word in str(caught.value)
    with pytest.raises(SavedModelError, match="shift has 2 numbers for 3 values"):
        NumericSchema.of_json({**good, "shift": [0.0, 1.0]})
    with pytest.raises(SavedModelError, match="make no sense"):
        NumericSchema.of_json({**good, "scale": [0.0]})


def test_log_volume_is_the_change_of_units():
    values = np.random.default_rng(0).normal(size=(2000, 2)) * [3.0, 100.0]
    schema = NumericSchema.learn(read(values), scaling="standard")
    x = schema.to_model(schema.store(read(values)))
    in_model = torch.distributions.Normal(0, 1).log_prob(x.double()).sum(1).mean().item()
    sd = values.std(0)
    wanted = -0.5 * (((values - values.mean(0)) / sd) ** 2 + np.log(2 * np.pi * sd**2)).sum(1).mean()
    assert in_model + schema.log_volume == pytest.approx(wanted, abs=1e-4)


def test_automatic_scaling():
    rng = np.random.default_rng(0)
    assert NumericSchema.learn(read(rng.normal(size=(50, 4)))).scaling == "centre"
    with_a_date = np.column_stack([rng.normal(size=(50, 24)), 20240101 + 5000 * rng.random(50)])  # one of many columns
    assert NumericSchema.learn(read(with_a_date)).scaling == "standard"
    assert NumericSchema.learn(read(rng.normal(size=(50, 4)) * [1, 1, 1, 1e3])).scaling == "standard"
    assert NumericSchema.learn(read(rng.integers(0, 2, (50, 4)))).scaling == "none"
    assert NumericSchema.learn(read(rng.uniform(size=(5, 8, 8)))).scaling == "none"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((0, 3)), r"0 sample\(s\)"),
        (np.zeros((3, 0)), r"0 feature\(s\)"),
        (np.zeros((1, 3)), r"1 sample\(s\)"),
        (np.zeros((5, 3)), "All 3 values are the same"),
        (np.array([[1.0, np.nan], [2.0, 3.0]]), "1 NaN, at row 0, position 1"),
        (np.array([[1.0, np.inf], [np.nan, 3.0]]), "1 NaN and 1 infinity"),
    ],
)
def test_what_cannot_be_learnt_from(values, message):
    with pytest.raises(DataError, match=message):
        NumericSchema.learn(read(values))


def test_gaps_are_placed_by_column_name():
    frame = pandas.DataFrame({"age": [1.0, np.nan], "size": [2.0, 3.0]})
    with pytest.raises(DataError, match="row 1, column 'age'"):
        NumericSchema.learn(read(frame))


def test_constant_columns_are_named_and_kept():
    frame = pandas.DataFrame({"a": [1.0, 2.0, 3.0], "same": [7.0, 7.0, 7.0]})
    schema = NumericSchema.learn(read(frame), scaling="standard")
    assert schema.constant_columns == ("same",)
    assert "same" in schema.describe()["constant columns"]
    assert np.allclose(schema.from_model(schema.store(read(frame)))[:, 1], 7.0)


def learnt():
    return NumericSchema.learn(read(pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]})))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((2, 3)), "X has 3 features, but VAE is expecting 2 features"),
        (pandas.DataFrame({"b": [1.0], "a": [1.0]}), "same order"),
        (pandas.DataFrame({"a": [1.0], "c": [1.0]}), r"unseen at fit time:\n- c\n(.|\n)*now missing:\n- b"),
        (np.array([[1.0, np.nan]]), "1 NaN, at row 0, column 'b'"),
    ],
)
def test_later_data_must_be_alike(given, message):
    with pytest.raises(DataError, match=message):
        learnt().check(read(given), owner="VAE")


def test_later_pictures_must_be_alike():
    schema = NumericSchema.learn(read(np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8)))
    with pytest.raises(DataError) as caught:
        schema.check(read(np.zeros((2, 9, 9))))
    assert "(9, 9); expected (8, 8)" in str(caught.value)
    assert "fitted on uint8" in str(caught.value)


def test_likelihoods_that_want_a_range():
    with pytest.raises(DataError, match="choose likelihood='gaussian'"):
        NumericSchema.learn(read(np.array([[0.0, 3.0], [1.0, 2.0]])), scaling="unit")
    with pytest.raises(DataError, match="whole numbers"):
        NumericSchema.learn(read(np.array([[0.5, 3.0], [1.0, 2.0]])), scaling="levels")
    schema = NumericSchema.learn(read(np.array([[0.0, 3.0], [1.0, 2.0]])), scaling="levels")
    assert schema.levels == 4
    with pytest.raises(DataError, match="the likelihood takes 0 to 3"):
        schema.check(read(np.array([[0.0, 9.0]])))
    with pytest.raises(ParameterError, match="Did you mean 'standard'"):
        NumericSchema.learn(read(np.eye(3)), scaling="standart")


def test_frames_come_back_as_frames():
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]}, index=["x", "y"])
    examples = read(frame)
    schema = NumericSchema.learn(examples)
    back = schema.give_back(schema.from_model(schema.store(examples)), examples)
    assert list(back.columns) == ["a", "b"]
    assert list(back.index) == ["x", "y"]


def test_conditions():
    classes = Condition.learn(["b", "a", "b"])
    assert classes.encode(["a", "b"]).tolist() == [[1, 0], [0, 1]]
    with pytest.raises(DataError, match="Unknown in the condition: 'c'"):
        classes.encode(["c"])
    numbers = Condition.learn(np.array([0.5, 1.5, 2.5]))
    assert np.allclose(numbers.encode([1.5]), [[0, 1]])  # at the mean, and known: what is not is all zeros
    assert Condition.learn([1, 2.0]).encode([2]).tolist() == [[0, 1]]
    for condition in (classes, numbers):
        assert Condition.from_json(json.loads(json.dumps(condition.to_json()))) == condition
    with pytest.raises(SavedModelError):
        Condition.from_json({"classes": []})
    with pytest.raises(DataError, match="inconsistent numbers of samples"):
        Condition.learn([1, 2], count=3)


@pytest.mark.parametrize("scaling", ["auto", "none", "unit", "standard", "centre"])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64", "bool"])
@pytest.mark.parametrize("shape", [(7,), (14, 15), (14, 15, 3), (3, 14, 15)], ids=str)
def test_what_is_stored_is_what_is_scaled(scaling, dtype, shape):
    for high in (1, 200):
        values = np.random.default_rng(0).uniform(0, high + 1, size=(20, *shape)).clip(0, high)
        examples = read(values > high / 2 if dtype == "bool" else values.astype(dtype))
        try:
            schema = NumericSchema.learn(examples, scaling=scaling)
        except DataError as error:
            assert scaling == "unit", error  # takes no values beyond [0, 1] but those of uint8
            continue
        stored = schema.to_model(schema.store(examples)).numpy()
        np.testing.assert_allclose(stored, schema.scaled(examples.values), rtol=1e-6, atol=1e-6)
        back = schema.from_model(torch.from_numpy(stored))
        np.testing.assert_allclose(back, examples.values, rtol=1e-4, atol=1e-4 * high)


def test_numbers_that_float32_cannot_hold_are_refused():
    values = np.random.default_rng(0).normal(size=(20, 3))
    schema = NumericSchema.learn(read(values), scaling="standard")
    values[4, 1] = 1e300
    with pytest.raises(DataError, match=r"1 numbers beyond 1e\+30, at row 4, position 1"):
        NumericSchema.learn(read(values), scaling="standard")
    with pytest.raises(DataError, match="beyond"):
        schema.check(read(values))
    small = NumericSchema.learn(read(1e-20 * np.random.default_rng(0).normal(size=(20, 3))), scaling="standard")
    values[4, 1] = 1e20
    small.check(read(values))
    with pytest.raises(DataError, match="Row 4 is .* times the spread"):
        small.store(read(values))


def test_gaps_are_told_before_ranges():
    schema = NumericSchema.learn(read(np.random.default_rng(0).uniform(size=(20, 3))), scaling="unit")
    with pytest.raises(DataError, match="1 NaN, at row 0"):
        schema.check(read(np.array([[np.nan, 0.2, 0.3]])))


def test_levels_must_be_whole_and_known():
    schema = NumericSchema.learn(read(np.random.default_rng(0).integers(0, 5, size=(20, 3))), scaling="levels")
    with pytest.raises(DataError, match="not whole"):
        schema.check(read(np.array([[0.5, 1.0, 2.0]])))
    with pytest.raises(DataError, match="go from 0 to 9"):
        schema.check(read(np.array([[0, 1, 9]])))


def test_rows_of_whole_numbers_are_numbers_not_classes():
    condition = Condition.learn(np.eye(3, dtype=int)[[0, 1, 2, 0]])
    assert condition.classes is None
    assert condition.width == 4  # the last says that they are known
    told = condition.encode(np.eye(3, dtype=int))
    assert len({tuple(row) for row in told.tolist()}) == 3


def test_half_precision_is_read_without_a_warning():
    values = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float16)
    NumericSchema.learn(read(values))
    values[3, 1] = np.inf
    with pytest.raises(DataError, match="1 infinity, at row 3"):
        NumericSchema.learn(read(values))


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_missing_labels_are_no_class(missing):
    with pytest.raises(DataError, match="1 NaN or missing"):
        Condition.learn(np.array(["a", missing, "b"], dtype=object))
