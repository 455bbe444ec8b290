"""Tables as people have them: columns of all sorts, gaps, and what is wrong with them, said by row and column."""

import datetime
import json

import numpy as np
import pandas
import polars
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import isthmus as im
from isthmus.data.columns import coded
from isthmus.data.reading import read
from isthmus.data.schema import schema_from_json
from isthmus.data.schemas.mixed import MixedSchema, UnseenCategoryWarning
from isthmus.data.yeo_johnson import inverse_yeo_johnson, yeo_johnson
from isthmus.errors import DataError, ParameterError, SavedModelError

ROWS = 60


def table(seed=0, rows=ROWS):
    """One column of each sort, gaps in most; the size tells the colour."""
    rng = np.random.default_rng(seed)
    size = rng.normal(5, 2, rows)
    frame = pandas.DataFrame(
        {
            "size": np.round(size, 1),
            "count": rng.integers(0, 9, rows),
            "cost": np.exp(rng.normal(0, 2, rows)),
            "colour": np.where(size > 5, "red", "blue"),
            "grade": pandas.Categorical(
                rng.choice(["low", "mid", "high"], rows), categories=["low", "mid", "high"], ordered=True
            ),
            "sold": rng.random(rows) < 0.5,
            "when": pandas.Timestamp("2020-01-01") + pandas.to_timedelta(rng.integers(0, 90, rows), unit="D"),
        }
    )
    frame.loc[::7, "size"] = np.nan
    frame.loc[3::11, "colour"] = None
    frame.loc[5::13, "grade"] = None
    frame.loc[2::17, "when"] = pandas.NaT
    return frame


def quick(**given):
    return im.Trainer(**{"epochs": 2, "validation": 0, "compile": False, **given})


@pytest.fixture(scope="module")
def vae():
    return im.VAE(latent_dim=2, trainer=quick()).fit(table())


def test_each_column_is_what_it_is():
    schema = MixedSchema.learn(read(table()))
    found = {part.name: (part.sort, part.coding) for part in schema.parts}
    assert found == {
        "size": ("number", "number"),
        "count": ("number", "number"),
        "cost": ("number", "number"),
        "colour": ("category", "one_hot"),
        "grade": ("ordinal", "thermometer"),
        "sold": ("boolean", "bit"),
        "when": ("date", "number"),
    }
    cost = schema.parts[2]
    assert cost.power is not None  # is skewed
    assert abs((schema.store(read(table()))[:, 2] ** 3).mean()) < 1


@pytest.mark.parametrize("bins", [False, True])
def test_there_and_back_nothing_is_lost_but_gaps_are_filled(bins):
    frame = table()
    schema = MixedSchema.learn(read(frame), bins=bins)
    stored = schema.store(read(frame))
    x, valid = schema.to_model(stored), schema.valid(stored)
    assert x.shape == valid.shape == (ROWS, *schema.shape)
    assert not x[~valid].any()
    back = schema.give_back(schema.from_model(x), read(frame))
    assert list(back.columns) == list(frame.columns)
    for name in frame:
        known = frame[name].notna().to_numpy()
        if frame[name].dtype.kind == "f":
            assert np.allclose(back[name][known], frame[name][known], rtol=1e-5), name
        elif name == "when":
            assert (back[name][known] - frame[name][known]).abs().max() < pandas.Timedelta("1s")
        else:
            assert (back[name][known] == frame[name][known]).all(), name
        assert back[name].notna().all()
    assert back.dtypes.astype(str).to_dict() == frame.dtypes.astype(str).to_dict()


def test_a_schema_survives_json_and_refuses_nonsense():
    schema = MixedSchema.learn(read(table()), bins=True)
    told = json.loads(json.dumps(schema.to_json(), allow_nan=False))
    assert schema_from_json(told) == schema
    told["parts"][0]["scale"] = -1
    with pytest.raises(SavedModelError, match="column 'size' makes no sense"):
        schema_from_json(told)
    del told["parts"][1]["coding"]
    with pytest.raises(SavedModelError, match=r"parts\.1\.coding"):
        schema_from_json(told)


@settings(max_examples=50, deadline=None)
@given(st.floats(-3, 3), st.lists(st.floats(-50, 50), min_size=1, max_size=5))
def test_the_power_transform_is_inverted(power, values):
    given_values = np.array(values)
    back = inverse_yeo_johnson(yeo_johnson(given_values, power), power)
    finite = np.abs(yeo_johnson(given_values, power)) < 0.3  # beyond, what it gives no longer tells values apart
    assert np.allclose(back[finite], given_values[finite], atol=1e-6)


def test_the_density_is_in_the_users_units():
    """A column in other units has the density of those; what is missing has none."""
    frame = table()[["size", "cost", "colour"]]
    schema = MixedSchema.learn(read(frame))
    volumes = schema.log_volumes(read(frame))
    h, cost = 1e-6, frame["cost"].to_numpy()
    scaled = schema.parts[1].scaled
    slope = np.log((scaled(cost * (1 + h)) - scaled(cost)) / (h * cost))
    size = np.where(frame["size"].isna(), 0, -np.log(schema.parts[0].scale))
    assert np.allclose(volumes, slope + size, atol=1e-4)


def test_a_vae_takes_gives_and_draws_such_tables(vae, tmp_path):
    frame = table()
    drawn = vae.sample(50, random_state=0)
    assert drawn.dtypes.astype(str).to_dict() == frame.dtypes.astype(str).to_dict()
    assert set(drawn["colour"]) <= {"red", "blue"}
    assert drawn["count"].between(frame["count"].min(), frame["count"].max()).all()
    assert drawn["when"].between(frame["when"].min(), frame["when"].max()).all()
    assert (drawn["size"] == drawn["size"].round(1)).all()
    assert vae.transform(frame).shape == (ROWS, 2)
    assert np.isfinite(vae.score_samples(frame)).all()
    assert np.isfinite(vae.log_prob(frame, samples=3)).all()
    loaded = im.load(vae.save(tmp_path / "model"))
    assert np.array_equal(loaded.transform(frame), vae.transform(frame))
    assert loaded.sample(5, random_state=1).equals(vae.sample(5, random_state=1))
    assert vae.interpolate(frame.iloc[:1], frame.iloc[1:2], 4).shape == (4, 7)


@pytest.mark.parametrize("model", [im.AE, im.VAE, im.TrimmedAE, im.DAE, im.SAE, im.TableMAE])
def test_every_model_learns_from_what_is_there(model):
    """The loss does not count gaps: whatever would have been there."""
    frame = table()
    fitted = model(trainer=quick()).fit(frame)
    assert np.isfinite(fitted.score_samples(frame)).all()
    assert np.isfinite(fitted.transform(frame)).all()


@pytest.mark.parametrize("model", [im.VAE, im.AE, im.TableMAE])
def test_imputing_fills_gaps_and_nothing_else(model):
    frame = table()
    fitted = model(trainer=quick()).fit(frame)
    filled = fitted.impute(frame)
    assert filled.notna().all(axis=None)
    assert filled.index.equals(frame.index)
    for each in (filled, *fitted.impute(frame, draws=2, random_state=3)):
        for name in frame:
            known = frame[name].notna()
            assert (each[name][known] == frame[name][known]).all(), name
        assert set(each["grade"]) <= {"low", "mid", "high"}
    first, second = fitted.impute(frame, draws=2, random_state=3)
    again = fitted.impute(frame, draws=2, random_state=3)
    assert first.equals(again[0])
    assert second.equals(again[1])
    assert not first.equals(second)


def test_gaps_in_numbers_alone_and_in_arrays():
    x = np.random.default_rng(0).normal(size=(40, 3))
    x[::5, 1] = np.nan
    model = im.VAE(latent_dim=2, trainer=quick()).fit(x)
    assert np.array_equal(model.impute(x)[1], x[1])
    whole = im.VAE(latent_dim=2, trainer=quick()).fit(np.nan_to_num(x))
    with pytest.raises(DataError, match="a model that was fitted on a table with gaps takes NaN"):
        whole.transform(x)
    with pytest.raises(ParameterError, match="fitted on table data without gaps"):
        whole.impute(np.nan_to_num(x))


def test_polars_and_files_are_tables_too(tmp_path):
    frame = table().drop(columns="grade")
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    of_file = im.VAE(latent_dim=2, trainer=quick()).fit(path)
    drawn = of_file.sample(3, random_state=0)
    assert drawn.shape == (3, 6)
    assert drawn[0, 3] in ("red", "blue")
    assert datetime.date.fromisoformat(drawn[0, 5])
    assert np.allclose(of_file.transform(frame), of_file.transform(path), atol=1e-5)
    in_polars = polars.from_pandas(frame)
    given_back = im.VAE(latent_dim=2, trainer=quick()).fit(in_polars).impute(in_polars)
    assert given_back.schema["colour"] == polars.String
    assert given_back.schema["count"] == polars.Int64
    assert given_back.null_count().sum_horizontal().item() == 0
    frame.to_parquet(tmp_path / "table.parquet")
    assert read(tmp_path / "table.parquet").kind == "mixed"


def test_many_levels_are_kept_where_they_are_frequent():
    names = [f"name {i}" for i in range(50)] + ["often"] * 20 + ["usual"] * 10
    frame = pandas.DataFrame({"name": names, "value": np.arange(80.0)})
    schema = MixedSchema.learn(read(frame))
    part = schema.parts[0]
    assert part.levels == ("often", "usual")
    assert len(part.rare) == 50
    drawn = schema.drawn_from_model(torch.tensor([[0.0, 0.0, 1.0, 0.0]] * 200), seed=0)
    assert not np.array_equal(drawn, schema.drawn_from_model(torch.tensor([[0.0, 0.0, 1.0, 0.0]] * 200), seed=1))
    assert len(np.unique(schema.from_model(torch.tensor([[0.0, 0.0, 1.0, 0.0]] * 9))[:, 0])) == 1
    words = {part.words[int(number)] for number in drawn[:, 0]}
    assert words <= set(names[:50])
    assert len(words) > 30


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_training_is_the_same_compiled():
    frame = table(rows=200)
    plain, compiled = (im.VAE(2, trainer=quick(compile=each)).fit(frame) for each in (False, True))
    assert np.allclose(plain.transform(frame), compiled.transform(frame), atol=1e-3)


# -- what is wrong, in words ---------------------------------------------------------------------------


def with_row(row, column, value):
    frame = table(rows=200).astype({"size": object})
    frame.loc[row, column] = value
    return frame


def test_text_among_numbers_is_told_by_its_row(tmp_path):
    frame = with_row(117, "size", "about five")
    with pytest.raises(DataError, match=r"'size' holds numbers, but for 1 of 200 values: row 117 is 'about five'"):
        im.AE(2).fit(frame)
    frame.to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(DataError, match="row 117 is 'about five'"):
        read(tmp_path / "table.csv")


def test_dates_that_are_none_are_told_by_their_row():
    dates = pandas.Series([f"2020-01-{day:02d}" for day in range(1, 31)] + ["2020-02-31"])
    with pytest.raises(DataError, match=r"'when' holds dates, but for 1 of 31 values: row 30 is '2020-02-31'"):
        im.AE(2).fit(pandas.DataFrame({"when": dates, "x": np.arange(31.0)}))


def test_unseen_categories_are_counted_and_taken_as_missing(vae):
    frame = table()
    frame.loc[[1, 4], "colour"] = "green"
    with pytest.warns(UnseenCategoryWarning, match=r"column 'colour': 2 rows with 'green'"):
        codes = vae.transform(frame)
    frame.loc[[1, 4], "colour"] = None
    assert np.array_equal(codes, vae.transform(frame))


def test_columns_missing_extra_or_in_another_order_are_told(vae):
    frame = table()
    with pytest.raises(DataError, match=r"now missing:\n- cost"):
        vae.transform(frame.drop(columns="cost"))
    with pytest.raises(DataError, match=r"unseen at fit time:\n- more"):
        vae.transform(frame.assign(more=1.0))
    with pytest.raises(DataError, match="same order"):
        vae.transform(frame[frame.columns[::-1]])
    with pytest.raises(DataError, match=r"must have different names; more than once: size"):
        vae.transform(pandas.concat([frame, frame[["size"]]], axis=1))


def test_rows_and_columns_without_any_value_are_told():
    frame = table()
    frame["empty"] = None
    frame = frame.astype(object)
    frame.loc[9] = None
    with pytest.raises(DataError) as refused:
        im.AE(2).fit(frame)
    assert "column 'empty' has no value in any row" in str(refused.value)
    assert "1 row without any value: 9" in str(refused.value)


def test_all_that_is_wrong_with_later_rows_is_told_at_once(vae):
    frame = table().astype({"size": object, "when": object})
    frame["size"] = "big"
    frame["when"] = "soon"
    with pytest.raises(DataError) as refused:
        vae.transform(frame)
    assert "Column 'size' holds numbers" in str(refused.value)
    assert "Column 'when' holds dates" in str(refused.value)


def test_infinity_is_no_gap():
    x = np.ones((5, 2))
    x[0, 0], x[3, 1] = np.nan, np.inf
    with pytest.raises(DataError, match="infinity, or numbers beyond 1e\\+30: 1, at row 3, column 1"):
        im.AE(2).fit(x)


def test_a_likelihood_for_numbers_is_refused_and_one_for_columns_where_there_are_none():
    with pytest.raises(ParameterError, match="likelihood is 'laplace'; a table with gaps"):
        im.AE(2, likelihood="laplace").fit(table())
    with pytest.raises(DataError, match="'mixed_columns' is for tables"):
        im.AE(2, likelihood="mixed_columns").fit(np.random.default_rng(0).uniform(size=(20, 3, 8, 8)))


def test_a_table_of_numbers_may_have_a_likelihood_for_each_column():
    x = np.random.default_rng(0).normal(size=(20, 3)) * [1, 10, 100]
    model = im.AE(2, likelihood="mixed_columns", trainer=quick()).fit(x)
    assert isinstance(model.schema_, MixedSchema)
    assert model.reconstruct(x).shape == (20, 3)


def test_a_masked_model_of_pictures_takes_no_columns():
    with pytest.raises(DataError, match="TableMAE"):
        im.MAE(2).fit(table())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=4), st.integers(-5, 5), st.booleans()), min_size=1, max_size=12))
def test_any_column_is_read_or_refused_in_words(values):
    items = np.empty(len(values), dtype=object)
    items[:] = values
    try:
        found = coded("c", items)
    except DataError as error:
        assert "Column 'c'" in str(error)
        return
    assert len(found.values) == len(values)
    if found.column.levels:
        known = found.values[~np.isnan(found.values)].astype(int)
        assert [found.column.levels[i] for i in known] == [str(v) for v in values if not _gap(v)]


def _gap(value):
    return value is None or (isinstance(value, str) and value.strip() in im.data.columns.GAPS)


def test_classes_are_told_of_such_tables():
    frame = table(rows=200)
    classifier = im.Classifier(trainer=quick(epochs=20)).fit(frame.drop(columns="colour"), frame["sold"].astype(int))
    assert classifier.score(frame.drop(columns="colour"), frame["sold"].astype(int)) > 0.8
