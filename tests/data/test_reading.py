"""Everything a user may have is read, and what cannot be is refused in words."""

import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
import pandas
import polars
import pytest
import torch
from PIL import Image

import isthmus as im
from isthmus.data import read
from isthmus.errors import DataError, ParameterError, QuarantineWarning, UnknownNameError

X = np.arange(12, dtype=float).reshape(6, 2)


@pytest.mark.parametrize(
    "given",
    [
        X,
        X.tolist(),
        torch.tensor(X),
        pandas.DataFrame(X, columns=["a", "b"]),
        polars.DataFrame(X, schema=["a", "b"]),
        torch.utils.data.TensorDataset(torch.tensor(X), torch.arange(6)),
    ],
    ids=lambda given: type(given).__name__,
)
def test_tables_in_memory(given):
    examples = read(given)
    assert np.array_equal(examples.values, X)
    assert examples.kind == "table"


def test_labels_of_a_dataset_and_of_a_column():
    dataset = torch.utils.data.TensorDataset(torch.tensor(X), torch.arange(6))
    assert read(dataset).labels.tolist() == [0, 1, 2, 3, 4, 5]
    frame = pandas.DataFrame({"a": [1.0, 2.0], "kind": ["x", "y"]})
    examples = read(frame, labels="kind")
    assert examples.columns == ("a",)
    assert examples.labels.tolist() == ["x", "y"]
    with pytest.raises(UnknownNameError, match="no column 'knd'. Did you mean 'kind'"):
        read(frame, labels="knd")


@pytest.mark.parametrize("ending", ["npy", "npz", "csv", "csv.gz", "parquet"])
def test_tables_in_files(tmp_path, ending):
    path = tmp_path / f"table.{ending}"
    if ending == "npy":
        np.save(path, X)
    elif ending == "npz":
        np.savez(path, first=X, second=X + 1)
        with pytest.raises(DataError, match=r"2 arrays: first .*Say which"):
            read(path)
        with pytest.raises(UnknownNameError, match="Did you mean 'first'"):
            read(f"{path}:frst")
        path = f"{path}:first"
    elif ending == "parquet":
        pandas.DataFrame(X, columns=["a", "b"]).to_parquet(path)
    else:
        pandas.DataFrame(X, columns=["a", "b"]).to_csv(path, index=False)
    examples = read(path)
    assert np.array_equal(examples.values, X)
    if ending in ("csv", "csv.gz", "parquet"):
        assert examples.columns == ("a", "b")


def test_csv_without_header_with_other_separators_and_gaps(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("1;2\n3;\n")
    examples = read(path)
    assert examples.columns is None
    assert read(np.array([["a", "1"], ["b", "2"]])).described[1].sort == "number"
    assert np.isnan(examples.values[1, 1])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("0,1,2\n5,6,7\n8,9,10\n", ("0", "1", "2")),
        ("0,1,kind\n5,6,cat\n8,9,\n", ("0", "1", "kind")),
        (",0,1\n0,6,7\n1,9,10\n", ("", "0", "1")),
        ("id,2019,2020\n5,6,7\n8,9,10\n", ("id", "2019", "2020")),
        ("0,1\n1,0\n1,1\n", None),
        ("0.5,1,2\n5,6,7\n8,9,10\n", None),
        ("cat,4,2\ndog,6,7\ncat,9,10\n", None),
        ("NA,1,2\n5,6,7\n8,9,10\n", None),
    ],
)
def test_a_header_may_hold_numbers_where_it_cannot_be_a_row(tmp_path, text, names):
    (tmp_path / "table.csv").write_text(text)
    examples = read(tmp_path / "table.csv")
    assert examples.columns == names
    assert len(examples) == len(text.splitlines()) - (names is not None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n", "line 3: 1"),
        ("a,a\n1,2\n", "more than once: a"),
        ("", "no rows"),
        ("a,b\n", "no rows"),
    ],
)
def test_broken_csv(tmp_path, text, message):
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read(tmp_path / "table.csv")


def test_csv_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "table.csv").write_bytes("ä,b\n1,2\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read(tmp_path / "table.csv")


def test_columns_that_are_not_numbers_are_described():
    frame = pandas.DataFrame({"a": [1.0], "city": ["Rome"], "when": pandas.to_datetime(["2020-01-01"])})
    for given_ in (frame, polars.from_pandas(frame)):
        examples = read(given_)
        assert examples.kind == "mixed"
        assert [column.sort for column in examples.described] == ["number", "category", "date"]
        assert examples.values.tolist() == [[1.0, 0.0, 1577836800.0]]


def test_pickled_arrays_are_refused(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="can run code"):
        read(tmp_path / "objects.npy")


def test_idx_files(tmp_path):
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    content = struct.pack(">IIII", 2051, 2, 3, 4) + images.tobytes()
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
    for name in ("train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"):
        examples = read(tmp_path / name)
        assert np.array_equal(examples.values, images)
        assert (examples.kind, examples.layout) == ("image", "HW")
    (tmp_path / "cut-idx3-ubyte").write_bytes(content[:-3])
    with pytest.raises(DataError, match="cut short"):
        read(tmp_path / "cut-idx3-ubyte")
    (tmp_path / "other-idx3-ubyte").write_bytes(b"hello")
    with pytest.raises(DataError, match="not in the idx format"):
        read(tmp_path / "other-idx3-ubyte")


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    for i, label in enumerate(("cat", "dog", "dog")):
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (6, 4), (40 * i, 0, 0)).save(folder / label / f"{i}.png")
    (folder / "dog" / "broken.png").write_bytes(b"\x89PNG not really")
    (folder / "notes.txt").write_text("not a picture")
    return folder


def test_a_folder_of_images_with_a_broken_one(photos):
    examples = read(photos)
    assert examples.values.shape == (3, 4, 6, 3)
    assert examples.labels.tolist() == ["cat", "dog", "dog"]
    assert examples.names == ("cat/0.png", "dog/1.png", "dog/2.png")
    assert [item.name for item in examples.quarantined] == ["dog/broken.png"]


def test_a_zip_of_images(photos, tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for file in sorted(photos.rglob("*.png")):
            archive.write(file, file.relative_to(photos))
    examples = read(tmp_path / "photos.zip")
    assert examples.values.shape == (3, 4, 6, 3)
    assert len(examples.quarantined) == 1


def test_images_of_mixed_sizes_say_what_to_do(photos):
    Image.new("RGB", (8, 8)).save(photos / "large.png")
    with pytest.raises(DataError, match=r"3 of 4x6, 1 of 8x8.*size=\(4, 6\).*--size 4x6"):
        read(photos)
    assert read(photos, size=(5, 5)).values.shape == (4, 5, 5, 3)


def test_grey_images_stay_grey_unless_some_are_coloured(tmp_path):
    Image.new("L", (3, 3), 7).save(tmp_path / "a.png")
    assert read(tmp_path).values.shape == (1, 3, 3)
    Image.new("RGB", (3, 3), (1, 2, 3)).save(tmp_path / "b.png")
    assert read(tmp_path).values.shape == (2, 3, 3, 3)
    assert read(tmp_path, mode="L").values.shape == (2, 3, 3)


def test_a_decompression_bomb_is_quarantined(photos, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(DataError, match="decompression bomb"):
        read(photos)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("nowhere/table.csv", DataError, "no file or folder"),
        (3, DataError, "Cannot read a builtins.int"),
        ({"a": 1}, DataError, "Cannot read"),
        (np.array([1.0, 2.0]), DataError, "Reshape your data"),
        (np.array([["a", {}]], dtype=object), DataError, "X holds objects that are not numbers"),
        (np.array([[1j]]), DataError, "Complex data not supported"),
        ([[1, 2], [3]], DataError, "same length"),
    ],
)
def test_what_is_no_data(given, error, message):
    with pytest.raises(error, match=message):
        read(given)


def test_arrays_of_objects_are_tables_too():
    examples = read(np.array([["a", 1.5, None], ["b", 2, "2020-01-01"]], dtype=object))
    assert [column.sort for column in examples.described] == ["category", "number", "date"]
    assert examples.columns is None
    assert read(np.array([[1, 2.5]], dtype=object)).kind == "table"


def test_a_close_file_name_is_suggested(tmp_path):
    (tmp_path / "measurements.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match="Did you mean 'measurements.csv'"):
        read(tmp_path / "mesurements.csv")


def test_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match=r"holds no images that can be read .* and no recordings \(.wav\)"):
        read(tmp_path)


def test_a_text_that_is_no_path_says_how_to_give_it(tmp_path):
    for text in ("a single text", "word", "long " * 2000, "long" * 2000, "a/" + "b" * 300 + "/c"):
        with pytest.raises(DataError, match=r"no file or folder.*A single text is given in a list: \['"):
            read(text)
    with pytest.raises(DataError) as caught:
        read(str(tmp_path / "table.csv"))
    assert "single text" not in str(caught.value)


def test_a_single_picture_says_how_to_give_it():
    pictures = np.random.default_rng(0).integers(0, 255, (20, 4, 4), dtype=np.uint8)
    model = im.AE(2, trainer=im.Trainer(epochs=1, validation=0)).fit(pictures)
    with pytest.raises(DataError, match=r"expected \(4, 4\); X is a single one: pass X\[None\]"):
        model.transform(pictures[0])
    assert model.transform(pictures[0][None]).shape == (1, 2)


def test_no_texts_are_told_in_the_words_of_texts():
    for model in (im.SequenceAE(2), im.QuickThought(2)):
        with pytest.raises(DataError, match=r"X is empty: \[\]; .* takes texts: a list of strings.*1 or more"):
            model.fit([])


def test_kinds():
    assert read(np.zeros((4, 8, 8))).kind == "image"
    assert read(np.full((4, 8, 8), 3.0)).kind == "array"
    assert read(np.zeros((4, 3, 8, 8), dtype=np.uint8)).layout == "CHW"
    assert read(np.full((4, 8, 8), 3.0), kind="image").layout == "HW"
    with pytest.raises(DataError, match="no table"):
        read(np.zeros((4, 8, 8)), kind="table")
    with pytest.raises(ParameterError, match="Did you mean 'table'"):
        read(X, kind="tabel")


def test_pictures_of_16_bits_keep_their_bright_levels(tmp_path):
    levels = np.linspace(0, 65535, 64).round().astype(np.uint16).reshape(8, 8)
    Image.fromarray(levels).save(tmp_path / "a.png")
    Image.fromarray(levels).save(tmp_path / "b.tif")
    found = read(str(tmp_path)).values
    assert found.dtype == np.uint8
    assert (found == (levels / 257).round()).all()


def test_pictures_of_32_bits_are_listed_with_what_to_do(tmp_path):
    Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)).save(tmp_path / "a.tif")
    Image.fromarray(np.zeros((8, 8), dtype=np.uint8)).save(tmp_path / "b.png")
    found = read(str(tmp_path))
    assert [each.name for each in found.quarantined] == ["a.tif"]
    assert "white is not known" in found.quarantined[0].reason


def test_a_file_that_cannot_be_opened_is_listed(photos, monkeypatch):
    plain = Path.open

    def refused(self, *mode):
        if self.name == sorted(path.name for path in photos.rglob("*.png"))[0]:
            raise PermissionError("not yours")
        return plain(self, *mode)

    monkeypatch.setattr(Path, "open", refused)
    assert "not yours" in str([each.reason for each in read(str(photos)).quarantined])


def test_a_damaged_member_of_a_zip_is_listed(photos, tmp_path):
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(photos.rglob("*.png")):
            archive.write(file, file.relative_to(photos).as_posix())
    whole = len(read(str(path)))
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 6] ^= 0xFF
    path.write_bytes(bytes(content))
    damaged = read(str(path))
    assert len(damaged) == whole - 1
    assert any("CRC" in each.reason for each in damaged.quarantined)


def test_lists_of_paths_and_places_under_files_are_refused_in_words(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("a text")
    with pytest.raises(DataError, match=r"X is 2 paths, the first .*a.txt; expected the folder"):
        read([file, file])
    with pytest.raises(DataError, match="There is no file or folder"):
        read(file / "inside")


def test_models_tell_of_files_that_they_leave_out(photos):
    small = im.AE(2, trainer=im.Trainer(epochs=1))
    with pytest.warns(QuarantineWarning, match=r"1 input of .*dog/broken.png"):
        small.fit(str(photos))
    with pytest.warns(QuarantineWarning, match="rows are not the inputs in order"):
        codes = small.transform(str(photos))
    assert len(codes) == len(small.transform(read(str(photos))))  # who has read them himself has been told


def test_numbers_may_have_a_decimal_comma_where_commas_part_no_cells(tmp_path):
    path = tmp_path / "messung.csv"
    path.write_text("länge;menge;ort\n1,5;2;Bad, Ems\n-2,25;;Köln\n1,0e2;3,5;7,5\n")
    found = im.data.read(path)
    assert found.values[:, 0].tolist() == [1.5, -2.25, 100.0]
    assert found.values[[0, 2], 1].tolist() == [2.0, 3.5]
    assert found.described[2].levels == ("7,5", "Bad, Ems", "Köln")
    path.write_text("1,5;2,5\n3,5;4,5\n")  # no names
    assert im.data.read(path).values.tolist() == [[1.5, 2.5], [3.5, 4.5]]
    path.write_text("a,b\n1,5\n")
    assert im.data.read(path).values.tolist() == [[1.0, 5.0]]


def test_another_encoding_is_told_with_what_to_do(tmp_path):
    path = tmp_path / "gb.csv"
    path.write_bytes("长度,重量\n1,2\n".encode("gb18030"))
    with pytest.raises(DataError, match=r"in UTF-8: (.|\n)*iconv -f"):
        im.data.read(path)
