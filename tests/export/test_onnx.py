"""Exported pipelines: of every kind of data, without PyTorch, and when things go wrong."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

import isthmus as im
from isthmus.cli import main
from isthmus.errors import DataError, NotAvailableError, ParameterError, SavedModelError
from isthmus.export import ExportError, folder, run, to_onnx
from isthmus.export.ends import MixedEnds
from isthmus.export.recurrence import OnnxGRU
from isthmus.export.tokens import tokens_of
from isthmus.tokenisers.bpe import BPE
from isthmus.tokenisers.bytes import Bytes
from isthmus.tokenisers.characters import Characters
from isthmus.tokenisers.whitespace import Whitespace

RNG = np.random.default_rng(0)
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None  # importing it fails
import numpy as np, pandas as pd
from isthmus.export import run
pipeline = run.load(sys.argv[1])
given = pd.read_parquet(sys.argv[2]) if sys.argv[2].endswith("parquet") else np.load(sys.argv[2])
told = {"condition": 1} if sys.argv[4:] else {}
codes = pipeline.encode(given, **told)
back, again = pipeline.decode(codes, **told), pipeline.reconstruct(given, **told)
np.save(sys.argv[3], codes)
for name, made in (("back", back), ("again", again)):
    pd.DataFrame(np.asarray(made).reshape(len(made), -1)).astype(str).to_csv(sys.argv[3] + name, index=False)
"""


def quick(epochs=3):
    return im.Trainer(epochs=epochs, validation=0, compile=False)


def mixed(count=60):
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "size": rng.normal(size=count),
            "skewed": np.where(rng.random(count) < 0.2, np.nan, np.exp(2 * rng.normal(size=count))),
            "colour": rng.choice(["red", "green", "blue"], count),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 100, count), "D"),
            "true": rng.random(count) > 0.5,
        }
    )


def without_torch(exported, rows, tmp_path, *told):
    """What a Python that cannot import torch makes of rows: codes, and tables of words."""
    given = tmp_path / ("rows.parquet" if isinstance(rows, pd.DataFrame) else "rows.npy")
    rows.to_parquet(given) if isinstance(rows, pd.DataFrame) else np.save(given, rows)
    command = [sys.executable, "-c", WITHOUT_TORCH, str(exported), str(given), str(tmp_path / "codes.npy"), *told]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    read = [pd.read_csv(f"{tmp_path}/codes.npy{name}", dtype=str) for name in ("back", "again")]
    return np.load(tmp_path / "codes.npy"), *read


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rows = RNG.normal(size=(40, 4)) * [1, 10, 100, 1000] + 5
    model = im.AE(2, network={"hidden": (8,)}, trainer=quick()).fit(rows)
    place = tmp_path_factory.mktemp("table")
    model.save(place / "model")
    return model, rows, to_onnx(model, place / "graphs", rows)


@pytest.mark.slow
def test_a_mixed_table_with_dates_and_gaps_without_torch(tmp_path):
    rows = mixed()
    model = im.VAE(2, network={"hidden": (8,)}, trainer=quick()).fit(rows)
    exported = to_onnx(model, tmp_path / "graphs", rows)
    assert set(exported.description.graphs) == {"encode", "decode", "reconstruct"}
    codes, back, again = without_torch(exported.folder, rows, tmp_path)
    assert np.allclose(codes, model.transform(rows), atol=1e-5)
    for made, wanted in ((back, model.inverse_transform(codes)), (again, model.reconstruct(rows))):
        assert made["2"].tolist() == wanted["colour"].tolist()
        assert pd.to_datetime(made["3"]).tolist() == wanted["day"].tolist()
        assert np.allclose(made["1"].astype(float), wanted["skewed"], rtol=1e-4)


@pytest.mark.slow
def test_a_conditional_model_of_numbers_without_torch(tmp_path):
    rows = RNG.normal(size=(40, 4))
    y = (rows[:, 0] > 0).astype(int)
    model = im.CVAE(2, network={"hidden": (8,)}, trainer=quick(), condition_dropout=0).fit(rows, y)
    exported = to_onnx(model, tmp_path / "graphs", rows, y)
    codes, back, _ = without_torch(exported.folder, rows, tmp_path, "told")
    assert np.allclose(codes, model.transform(rows, condition=1), atol=1e-5)
    assert np.allclose(back.astype(float), model.inverse_transform(codes, condition=1), atol=1e-5)
    with pytest.raises(ParameterError, match="cannot answer without a condition"):
        run.load(exported.folder).encode(rows)
    with pytest.raises(DataError, match="Unknown in the condition: 7"):
        run.load(exported.folder).encode(rows, condition=7)


def test_pictures_are_bytes_in_and_the_users_units_out(tmp_path):
    rows = RNG.integers(0, 256, size=(30, 6, 8, 3), dtype=np.uint8)
    model = im.AE(2, network={"name": "mlp", "hidden": (8,)}, trainer=quick()).fit(rows)
    exported = to_onnx(model, tmp_path / "graphs", rows, graphs=["encode", "reconstruct"])
    assert exported.description.graphs["encode"].inputs[0].dtype == "uint8"
    pipeline = run.load(exported.folder)
    assert pipeline.reconstruct(rows).shape == (30, 6, 8, 3)
    assert np.allclose(pipeline.reconstruct(rows), model.reconstruct(rows), atol=1e-3)
    with pytest.raises(DataError, match="float64"):
        pipeline.encode(rows.astype(float))
    with pytest.raises(NotAvailableError, match=r"No decode was exported of this AE. Graphs: encode, reconstruct"):
        pipeline.decode(np.zeros((1, 2)))


@pytest.mark.slow
def test_counts_come_back_at_their_own_library_size(tmp_path):
    rows = np.random.default_rng(0).poisson(3, size=(40, 6))
    model = im.VAE(2, network={"hidden": (8,)}, likelihood="negative_binomial", trainer=quick()).fit(rows)
    pipeline = run.load(to_onnx(model, tmp_path / "graphs", rows).folder)
    assert np.allclose(pipeline.reconstruct(rows).sum(1), rows.sum(1), rtol=1e-4)


@pytest.mark.slow
def test_texts_are_written_again_without_torch(tmp_path):
    texts = ["anna", "hanna", "hannah", "susanna", "johanna", "bo"] * 20
    model = im.SequenceVAE(4, network={"width": 16}, tokeniser="characters", trainer=quick(40)).fit(texts)
    pipeline = run.load(to_onnx(model, tmp_path / "graphs", texts).folder)
    assert pipeline.reconstruct(texts).tolist() == model.reconstruct(texts).tolist()
    codes = pipeline.encode(texts[:6])
    assert pipeline.decode(codes).tolist() == model.inverse_transform(codes).tolist()
    with pytest.raises(DataError, match="1 of 1 texts are empty"):
        pipeline.encode([" "])


def test_the_users_end_refuses_what_the_model_refuses(table):
    model, rows, exported = table
    pipeline = run.load(exported.folder)
    for wrong in (rows[:, :3], np.where(rows > 5, np.nan, rows), rows[:0]):
        with pytest.raises(DataError) as ours:
            model.transform(wrong)
        with pytest.raises(DataError) as theirs:
            pipeline.encode(wrong)
        assert str(ours.value) == str(theirs.value)
    with pytest.raises(ParameterError, match=r"expected numbers, \[n, 2\]"):
        pipeline.decode(np.zeros((3, 5)))
    with pytest.raises(ParameterError, match="takes no condition"):
        pipeline.encode(rows, condition=1)
    with pytest.raises(NotAvailableError, match="not made of symbols"):
        pipeline.symbols(rows)


def test_a_data_frame_comes_back_as_one(table):
    _, rows, exported = table
    frame = pd.DataFrame(rows, columns=list("abcd"), index=range(10, 50))
    made = run.load(exported.folder).reconstruct(frame)
    assert list(made.columns) == list("abcd")
    assert made.index.tolist() == list(range(10, 50))


def test_the_folder_says_what_is_in_it(table):
    _, _, exported = table
    told = (exported.folder / "README.md").read_text()
    assert "`x` float64 [n, 4]" in told
    assert "`codes` float32 [n, 2]" in told
    assert sorted(file.name for file in exported.folder.iterdir()) == [
        "README.md", "decode.onnx", "encode.onnx", "pipeline.json", "reconstruct.onnx"
    ]  # fmt: skip
    assert "reconstruct" in exported.as_text()


def test_a_graph_that_is_not_there_is_named_and_the_others_are_written(table, tmp_path):
    model, rows, _ = table
    mae = im.MAE(4, network={"hidden": (8,)}, trainer=quick(1)).fit(rows)
    with pytest.raises(ExportError, match="(?s)encode written to .*decode: MAE has no such graph"):
        to_onnx(mae, tmp_path / "graphs", rows, graphs=["encode", "decode"])
    assert run.load(tmp_path / "graphs").encode(rows).shape == (40, 4)
    with pytest.raises(ParameterError, match="No graph is called 'encoder'"):
        to_onnx(model, tmp_path / "other", rows, graphs=["encoder"])
    with pytest.raises(ParameterError, match="needs rows"):
        to_onnx(model, tmp_path / "other")


class _LargestSoFar(torch.nn.Module):
    def told(self, x):
        return x.cummax(1).values


def test_an_operation_that_onnx_lacks_is_named_and_the_others_are_written(table, tmp_path, monkeypatch):
    model, rows, _ = table
    graphs = folder.graphs_of(model)
    graphs["decode"].ends = _LargestSoFar()
    monkeypatch.setattr(folder, "graphs_of", lambda estimator: graphs)
    with pytest.raises(ExportError, match=r"(?s)encode written to .*decode: ONNX cannot express aten.cummax"):
        to_onnx(model, tmp_path / "graphs", rows, graphs=["encode", "decode"])
    assert set(run.load(tmp_path / "graphs").description.graphs) == {"encode"}


def test_a_graph_that_says_something_else_is_refused(table, tmp_path, monkeypatch):
    model, rows, _ = table
    graphs = folder.graphs_of(model)
    graphs["encode"].ends.shift = graphs["encode"].ends.shift + 0.01
    monkeypatch.setattr(folder, "graphs_of", lambda estimator: graphs)
    with pytest.raises(ExportError, match="encode: onnxruntime gives numbers that differ"):
        to_onnx(model, tmp_path / "graphs", rows, graphs=["encode"])
    assert not (tmp_path / "graphs").exists()


def test_what_is_not_ours_is_left_alone(table, tmp_path):
    model, rows, _ = table
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(ExportError, match="left alone"):
        to_onnx(model, tmp_path, rows)
    assert (tmp_path / "letters.txt").read_text() == "dear"


def test_folders_that_were_changed_are_refused(table, tmp_path):
    import shutil

    _, _, exported = table
    for name, spoil, words in (
        ("encode.onnx", lambda file: file.write_bytes(b"no graph"), "encode.onnx was changed"),
        ("decode.onnx", lambda file: file.unlink(), "decode.onnx is missing"),
        ("pipeline.json", lambda file: file.write_text("{"), "cannot be read as JSON"),
        ("pipeline.json", lambda file: file.write_text('{"isthmus_export": 99}'), "reads up to 1"),
        ("pipeline.json", lambda file: file.write_text('{"model": 3}'), "does not describe"),
    ):
        copy = tmp_path / "copy"
        shutil.copytree(exported.folder, copy)
        spoil(copy / name)
        with pytest.raises(SavedModelError, match=words):
            run.load(copy)
        shutil.rmtree(copy)


def test_the_command(table, tmp_path, capsys):
    model, rows, exported = table
    np.save(tmp_path / "rows.npy", rows)
    given = [
        "export",
        str(exported.folder.parent / "model"),
        str(tmp_path / "rows.npy"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*given, "--graph", "encode"]) == 0
    assert "encode" in capsys.readouterr().out
    assert np.allclose(run.load(tmp_path / "out").encode(rows), model.transform(rows), atol=1e-5)
    assert main(given) == 1
    assert "--force" in capsys.readouterr().err


@pytest.mark.parametrize("depth", [1, 2])
def test_units_in_a_graph_are_those_of_torch(depth, tmp_path):
    import onnxruntime

    units = torch.nn.GRU(3, 5, depth, batch_first=True)
    with folder.quiet():
        captured = torch.export.export(OnnxGRU(units), (torch.zeros(4, 6, 3),), strict=False)
        program = torch.onnx.export(captured, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    x = torch.randn(4, 6, 3, generator=torch.Generator().manual_seed(0))
    wanted = [each.detach().numpy() for each in units(x)]
    for mine, theirs in zip(session.run(None, {session.get_inputs()[0].name: x.numpy()}), wanted, strict=True):
        assert np.allclose(mine, theirs, atol=1e-6)


@pytest.mark.parametrize("kind", [Characters, Whitespace, Bytes, BPE])
def test_tokens_without_torch_are_those_of_the_tokeniser(kind):
    texts = ["the low lower lowest", "the 低 slow", "x"]
    tokeniser = kind.learn(texts)
    mine = tokens_of(json.loads(json.dumps(tokeniser.spec())))
    for text in [*texts, "slowest?"]:
        numbers = tokeniser.numbers([text])[0]
        assert mine.numbers(text) == numbers
        known = [number for number in numbers if number >= 0]
        assert mine.text(known) == tokeniser.text(known)


def test_the_ends_of_a_mixed_table_are_those_of_its_schema():
    from isthmus.data.reading import read
    from isthmus.data.schemas.mixed import MixedSchema

    rows = read(mixed(200))
    schema = MixedSchema.learn(rows)
    ends = MixedEnds(schema)
    shown, stored = ends.shown(torch.from_numpy(schema.known(rows))), schema.store(rows)
    assert torch.allclose(shown.x, schema.to_model(stored), atol=1e-6)
    assert torch.equal(shown.valid, schema.valid(stored))
    noisy = schema.to_model(stored) + 0.1 * torch.randn(stored.shape[0], *schema.shape)
    assert np.allclose(ends.told(noisy).numpy(), schema.from_model(noisy), rtol=1e-9)
