"""Texts as data: every way in, every refusal, fingerprints, and the known sets."""

import enum
import gzip
import importlib
import json
import lzma
import os
import tempfile
from pathlib import Path

import numpy as np
import pandas
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import isthmus as im
from isthmus.cli.rows import Rows, fingerprint, tell_overlap
from isthmus.data import load, names, read, reading
from isthmus.data.checks import check_finite
from isthmus.data.file_lines import LISTED
from isthmus.errors import DataError, ParameterError, UnknownNameError

TEXTS = ["one", "牀前看月光", "a long one, with a comma", ""]
LOCAL = os.environ.get("ISTHMUS_DATA")
UNPACKED = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}


def frame(library):
    columns = {"title": TEXTS, "price": [1.0, 2.0, 3.0, 4.0], "kind": ["x", "y", "x", "y"]}
    return pandas.DataFrame(columns, index=[7, 8, 9, 10]) if library == "pandas" else polars.DataFrame(columns)


# -- in memory -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (TEXTS, "numpy"),
        (tuple(TEXTS), "numpy"),
        (np.array(TEXTS), "numpy"),
        (np.array(TEXTS, dtype=object), "numpy"),
        (np.array(TEXTS, dtype=np.dtypes.StringDType()), "numpy"),
        (list(np.array(TEXTS)), "numpy"),
        (pandas.Series(TEXTS), "pandas"),
        (pandas.Series(TEXTS, dtype=object), "pandas"),
        (pandas.Series(TEXTS, dtype="category"), "pandas"),
        (pandas.Series(TEXTS, dtype="string"), "pandas"),
        (polars.Series("title", TEXTS), "polars"),
        (polars.Series("title", TEXTS, dtype=polars.Categorical), "polars"),
    ],
    ids=lambda value: f"{type(value).__module__}.{getattr(value, 'dtype', type(value).__name__)}",
)
def test_texts_in_memory(data, container):
    examples = read(data)
    assert examples.values.dtype == object
    assert examples.values.tolist() == TEXTS
    assert {type(text) for text in examples.values} == {str}
    assert (examples.kind, examples.layout, examples.columns) == ("text", "text", None)
    assert (examples.container, examples.labels, len(examples)) == (container, None, 4)


def test_an_index_is_kept_and_follows_the_rows():
    examples = read(pandas.Series(TEXTS, index=[7, 8, 9, 10]))
    assert examples.index.tolist() == [7, 8, 9, 10]
    assert examples.take([2, 0]).index.tolist() == [9, 7]
    assert examples.take([2, 0]).values.tolist() == [TEXTS[2], TEXTS[0]]
    assert len(examples.at_most(2)) == 2
    assert read(polars.Series(TEXTS)).index is None


def test_labels_beside_texts():
    assert read(TEXTS, labels=[0, 1, 0, 1]).labels.tolist() == [0, 1, 0, 1]
    with pytest.raises(DataError, match="4 examples, but 1 labels"):
        read(TEXTS, labels=[0])


def test_no_texts_at_all_are_left_to_the_schema():
    assert len(read(np.array([], dtype=str))) == 0
    assert len(read(pandas.Series([], dtype="str"))) == 0


def test_a_string_of_another_class_is_what_it_holds():
    class Colour(str, enum.Enum):  # noqa: UP042  a StrEnum would tell itself as it is
        RED = "red"

    assert read([Colour.RED, "blue"]).values.tolist() == ["red", "blue"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (["a", None], r"^a list: 1 of 2 are no texts: row 1 is None\. .*leave out or fill"),
        (("a", 3, 2.5), r"a tuple: 2 of 3 are no texts: row 1 is 3 \(int\), row 2 is 2.5 \(float\)"),
        ([*"ab", *[None] * 7], r"row 2 is None, .*row 6 is None and 2 more"),
        (["a", float("nan")], r"row 1 is nan \(float\)"),
        (["a", ["b"]], r"row 1 is \['b'\] \(list\)"),
        (["a", b"b"], r"row 1 is b'b' \(bytes\)"),
        (np.array(["a", None], dtype=object), r"a ndarray: .*row 1 is None"),
        (np.array(["a", None], dtype=np.dtypes.StringDType(na_object=None)), "row 1 is None"),
        (pandas.Series(["a", None]), r"a pandas series: .*row 1 is nan"),
        (pandas.Series(["a", None], dtype="string"), r"row 1 is <NA>"),
        (pandas.Series([None, None], dtype="str"), r"2 of 2 are no texts"),
        (polars.Series(["a", None]), r"a polars series: .*row 1 is None"),
        (polars.Series([None, None], dtype=polars.String), r"2 of 2 are no texts"),
        (["a", "cut \ud83d"], r"row 1 holds half a character \('\\ud83d'\)"),
    ],
    ids=repr,
)
def test_what_is_no_text_is_named_by_its_place(data, message):
    with pytest.raises(DataError, match=message):
        read(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([["a", "b"], ["c", "d"]], "could not convert string to float"),
        ([b"a", b"b"], "could not convert string to float"),
        ([["a"], ["b", "c"]], "same length"),
        ([1.0, 2.0], "Reshape your data"),
        ([], "Expected 2D array"),
        (pandas.Series([1.0, 2.0]), "Reshape your data"),
        (polars.Series([1.0, 2.0]), "Reshape your data"),
        ("a text itself", "no file or folder 'a text itself'"),
        ({"a"}, "Cannot read a builtins.set.*a list of texts"),
    ],
    ids=repr,
)
def test_what_was_refused_still_is(data, message):
    with pytest.raises(DataError, match=message):
        read(data)


def test_only_one_source_accepts_each_kind_of_data(tmp_path):
    (tmp_path / "folder.txt").mkdir()
    files = ["a.txt", "a.smi.xz", "a.jsonl.gz", "a.csv", "a.npy", "a.parquet", "a.png", str(tmp_path / "folder.txt")]
    series = [pandas.Series(TEXTS), pandas.Series([1.0]), polars.Series(TEXTS), polars.Series([1.0])]
    for data in (TEXTS, [1.0], [], np.array(TEXTS), np.eye(2), *series, frame("pandas"), frame("polars"), *files):
        accepting = [source.__name__ for source in reading._sources() if source.accepts(data)]
        assert len(accepting) == 1, (data, accepting)


# -- columns -------------------------------------------------------------------------------------------


@pytest.fixture(params=["pandas", "polars", "csv", "csv.xz", "parquet"])
def table(request, tmp_path):
    """The same table, as a frame or as a file."""
    if request.param in ("pandas", "polars"):
        return frame(request.param)
    path = tmp_path / f"table.{request.param}"
    if request.param == "parquet":
        frame("pandas").to_parquet(path, index=False)
    else:
        frame("pandas").to_csv(path, index=False)
    return path


def test_a_column_of_texts(table):
    examples = read(table, text="title", labels="kind")
    assert examples.values.tolist() == TEXTS
    assert examples.labels.tolist() == ["x", "y", "x", "y"]
    assert (examples.kind, examples.layout, examples.columns) == ("text", "text", None)
    assert examples.container == ("file" if isinstance(table, Path) else type(table).__module__.partition(".")[0])
    assert read(table, text="title", labels=[1, 2, 3, 4]).labels.tolist() == [1, 2, 3, 4]
    assert read(table, text="title").labels is None


def test_the_index_of_a_frame_is_kept():
    assert read(frame("pandas"), text="title").index.tolist() == [7, 8, 9, 10]


def test_wrong_columns(table):
    with pytest.raises(UnknownNameError, match=r"no column 'titel'. Did you mean 'title'"):
        read(table, text="titel")
    with pytest.raises(UnknownNameError, match=r"no column 'titel'(.|\n)*no column 'knd'. Did you mean 'kind'"):
        read(table, text="titel", labels="knd")
    with pytest.raises(DataError, match=r"column 'price': 4 of 4 are no texts: row 0 is 1.0 \(float\).*str\(value\)"):
        read(table, text="price")
    assert read(table, text="title", labels="knd", drop=["nothing"], missing_ok=True).labels is None
    with pytest.raises(UnknownNameError, match="no column 'titel'"):
        read(table, text="titel", missing_ok=True)


def test_gaps_and_dates_in_a_column_of_texts():
    gaps = {"title": ["a", None, "c"]}
    for given_ in (pandas.DataFrame(gaps), polars.DataFrame(gaps)):
        with pytest.raises(DataError, match=r"column 'title': 1 of 3 are no texts: row 1 is (nan|None)"):
            read(given_, text="title")
    with pytest.raises(DataError, match=r"row 0 is .*2020-01-01.*\(datetime64\)"):
        read(pandas.DataFrame({"when": pandas.to_datetime(["2020-01-01"])}), text="when")


def test_columns_of_text_without_saying_so_name_the_way_out(table):
    with pytest.raises(DataError, match=r"SequenceAE takes texts(.|\n)*text='name'(.|\n)*'title'"):
        im.SequenceAE(2).fit(table)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": 3}, "text is 3; expected the name of a column"),
        ({"text": TEXTS}, "expected the name of a column.*read\\(texts\\)"),
        ({"text": "title", "labels": "title"}, "text and labels are both 'title'; expected two columns"),
        ({"text": "title", "drop": ["title"]}, r"text is 'title', which is also .*drop=\['title'\]"),
    ],
    ids=str,
)
def test_options_that_contradict_each_other(options, message):
    with pytest.raises(ParameterError, match=message):
        read(frame("pandas"), **options)


def test_columns_of_what_has_none(tmp_path):
    (tmp_path / "a.txt").write_text("a\n")
    with pytest.raises(DataError, match=r"a list has no columns, but text='title' names one: leave it out"):
        read(TEXTS, text="title")
    with pytest.raises(DataError, match=r"a.txt has no columns, but text='t' and labels='k' and drop=\['d'\] name"):
        read(tmp_path / "a.txt", text="t", labels="k", drop=["d"])
    with pytest.raises(DataError, match=r"a ndarray has no columns, but text='title' names one"):
        read(np.eye(2), text="title")
    assert len(read(tmp_path / "a.txt", text="t", labels="k", missing_ok=True)) == 1


def test_kinds():
    assert read(TEXTS, kind="text").kind == "text"
    for kind in ("table", "image", "array"):
        with pytest.raises(DataError, match=rf"4 texts, which are no {kind}: leave out kind='{kind}'.*Tfidf"):
            read(TEXTS, kind=kind)
    with pytest.raises(DataError, match=r"shape \(2, 2\) and type float64, which is no text.*text='name'"):
        read(np.eye(2), kind="text")
    with pytest.raises(ParameterError, match="Did you mean 'text'"):
        read(TEXTS, kind="txt")


def test_texts_are_not_looked_through_for_infinities():
    check_finite(read(["nan", "inf"]).values, None)


# -- text files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", UNPACKED)
@pytest.mark.parametrize("ending", [".txt", ".smi", ".TXT"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_files(tmp_path, packed, ending, mark, end):
    path = tmp_path / f"a{ending}{packed}"
    path.write_bytes(UNPACKED[packed](f"{mark}CCO{end}牀前看月光 {end}{end}  b".encode()))
    for given_ in (path, str(path)):
        examples = read(given_)
        assert examples.values.tolist() == ["CCO", "牀前看月光 ", "  b"]
        assert (examples.kind, examples.layout, examples.container) == ("text", "text", "file")
        assert [(item.name, item.reason) for item in examples.quarantined] == [("line 3", "empty")]


def test_the_last_line_may_have_an_end(tmp_path):
    (tmp_path / "a.txt").write_text("a\nb\n")
    examples = read(tmp_path / "a.txt")
    assert examples.values.tolist() == ["a", "b"]
    assert examples.quarantined == ()


def test_many_empty_lines_are_counted(tmp_path):
    (tmp_path / "a.txt").write_text("\n" * (LISTED + 20) + "a")
    lost = read(tmp_path / "a.txt").quarantined
    assert len(lost) == LISTED + 1
    assert (lost[0].name, lost[-1].name) == ("line 1", "20 more lines")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", r"a.txt holds no text: 0 sample\(s\)"),
        ("a.txt", b"\n\r\n\n", "holds no text"),
        ("a.txt.gz", b"", "holds no text"),
        ("a.txt", "a\nb\nfünf".encode("latin-1"), r"not in UTF-8: line 3 holds b'\\xfc'.*Save it as UTF-8"),
        ("a.txt", "a".encode("utf-16"), r"not in UTF-8: line 1 holds b'\\xff'"),
        ("a.txt.gz", b"no gzip", "cannot be read"),
        ("a.txt.gz", gzip.compress(b"some text", mtime=0)[:-9], "cannot be read"),
        ("a.smi.xz", b"no xz", "cannot be read"),
        ("a.smi.xz", lzma.compress(b"some text")[:-9], "cannot be read"),
    ],
)
def test_broken_text_files(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(tmp_path / name)


@pytest.mark.parametrize("name", ["a.csv.xz", "a.csv.gz"])
def test_broken_archives_of_tables(tmp_path, name):
    packed = UNPACKED[Path(name).suffix](b"a,b\n1,2\n" * 99)
    for content in (b"neither", packed[:-20], packed[:30] + bytes(9) + packed[39:]):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="cannot be read as CSV"):
            read(tmp_path / name)


LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1).filter(str.strip)  # not blank


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(LINES, min_size=1), mark=st.booleans(), packed=st.sampled_from(sorted(UNPACKED)))
def test_texts_without_line_breaks_come_back(texts, mark, packed):
    mark = mark or texts[0].startswith("\ufeff")  # else it would be taken for one
    content = "\n".join(texts).encode("utf-8-sig" if mark else "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.txt{packed}"
        path.write_bytes(UNPACKED[packed](content))
        examples = read(path)
    assert examples.values.tolist() == texts
    assert examples.quarantined == ()
    assert fingerprint(Rows(train=examples, test=examples)) == fingerprint(Rows(train=read(texts), test=read(texts)))


# -- JSON lines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", UNPACKED)
def test_json_lines(tmp_path, packed):
    rows = [{"title": text, "year": 1990 + i, "tags": [i], "who": i or "none"} for i, text in enumerate(TEXTS)]
    lines = [json.dumps(row, ensure_ascii=i % 2 == 0) for i, row in enumerate(rows)]
    path = tmp_path / f"a.jsonl{packed}"
    path.write_bytes(UNPACKED[packed](("\ufeff" + "\r\n".join([*lines[:2], "", *lines[2:]])).encode()))
    examples = read(path, text="title", labels="year")
    assert examples.values.tolist() == TEXTS
    assert examples.labels.tolist() == [1990, 1991, 1992, 1993]
    assert examples.labels.dtype.kind == "i"
    assert (examples.kind, examples.layout, examples.container) == ("text", "text", "file")
    assert [item.name for item in examples.quarantined] == ["line 3"]
    assert read(path, text="title", labels="tags").labels.tolist() == [[0], [1], [2], [3]]
    assert read(path, text="title", labels="who").labels.tolist() == ["none", 1, 2, 3]
    assert read(path, text="title").labels is None
    assert read(path, text="title", labels="nothing", missing_ok=True).labels is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"holds no text: 0 sample\(s\)"),
        (
            '{"a": "x"}\n{"a": \n[1]\n"b"\n',
            r"3 lines are not as expected:\n  - line 2 is no JSON(.|\n)*line 3 holds \[",
        ),
        ("[" * 100_000, "line 1 is no JSON"),
        ("x\n" * 12, r"12 lines(.|\n)*line 10 (.|\n)*and 2 more"),
        ('{"b": "x"}', r"no key 'a'. Known: b"),
        ('{"a": "x"}\n{"b": "x"}\n{"a": "x"}', r"keys are missing(.|\n)*line 2 has no 'a'"),
        (
            '{"a": "x"}\n\n{"a": null}\n{"a": 3}',
            r"a.jsonl, 'a': 2 of 3 are no texts: line 3 is None, line 4 is 3 \(int\)",
        ),
        (r'{"a": "\ud83d"}', r"line 1 holds half a character"),
    ],
)
def test_broken_json_lines(tmp_path, content, message):
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(DataError if "Known" not in message else UnknownNameError, match=message):
        read(tmp_path / "a.jsonl", text="a")


def test_json_lines_need_the_key_of_the_texts(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"title": "x", "year": 1}\n')
    with pytest.raises(DataError, match=r"the keys 'title', 'year': say which holds the texts, text='name'"):
        read(tmp_path / "a.jsonl")
    with pytest.raises(UnknownNameError, match=r"no key 'yaer'. Did you mean 'year'"):
        read(tmp_path / "a.jsonl", text="title", labels="yaer")


# -- what tells rows from others -----------------------------------------------------------------------


def _fingerprint(train, test):
    return fingerprint(Rows(train=read(train), test=read(test)))


def test_the_fingerprint_of_texts_is_that_of_their_letters():
    own = _fingerprint(["one", "牀前"], ["three"])
    assert own == _fingerprint(["".join(["o", "ne"]), "".join("牀前")], np.array(["three"]))
    different = [(["one牀前", ""], ["three"]), (["one", "牀"], ["前three"]), (["牀前", "one"], ["three"])]
    assert len({own, *(_fingerprint(*parts) for parts in different)}) == 4


def test_the_fingerprint_of_numbers_has_not_changed():
    X = np.arange(6.0).reshape(3, 2)
    assert _fingerprint(X, X[:1]) == "db21af4a7553deb35ccba37af4c5a57dadb48c74ab567ce46557bc000b26b6b0"


def test_texts_that_were_trained_on_are_told(capsys):
    tell_overlap(read(["a", "牀前"]), read(["".join("牀前"), "b", "a"]))
    assert "2 of the 3 rows were trained on" in capsys.readouterr().err
    tell_overlap(read(["a"]), read(["b"]))
    assert capsys.readouterr().err == ""


# -- known sets ----------------------------------------------------------------------------------------

SETS = {
    "names": (22_423, 9_610, "olivia"),
    "tang-poems": (21_444, 9_191, "秦川雄帝宅，函谷壯皇居。"),
    "zinc-smiles": (24_445, 5_000, "CCN(Cc1ccc(OC)c(OC)c1)C(=O)c1ccsc1"),
    "ag-news": (3_920, 1_680, "Unions representing workers at Turner"),
    "stsb-sentences": (10_536, 2_661, "A plane is taking off."),
    "gutenberg": (7_382, 819, "Lewis Carroll"),
}


@pytest.mark.parametrize("name", SETS)
def test_sets_of_texts(name):
    if not LOCAL:
        pytest.skip("ISTHMUS_DATA names no folder of data sets")
    held, tested, first = SETS[name]
    train, test = load(name, "train"), load(name, "test")
    assert (len(train), len(test)) == (held, tested)
    assert train.values[0].startswith(first)
    assert (train.kind, train.layout, train.origin) == ("text", "text", f"{name} (train)")
    assert all(train.values)
    assert load(name, "test").values.tolist() == test.values.tolist()
    assert len(load(name)) == held + tested
    classes = {"ag-news": {1, 2, 3, 4}, "gutenberg": {0, 1}}.get(name)
    if classes:
        assert set(train.labels.tolist()) == set(test.labels.tolist()) == classes
    else:
        assert train.labels is None


def test_sentences_are_different_ones():
    if not LOCAL:
        pytest.skip("ISTHMUS_DATA names no folder of data sets")
    whole = load("stsb-sentences").values.tolist()
    assert len(set(whole)) == len(whole)


@pytest.mark.parametrize("name", SETS)
def test_sets_of_texts_say_how_many_and_where_they_are_from(name, monkeypatch, tmp_path):
    assert any(letter.isdigit() for letter in names()[name])
    monkeypatch.delenv("ISTHMUS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if name == "names":
        file = importlib.import_module("isthmus.data.sets.names").FILE
        assert "988aa59e4d8fefa526d06f3b453ad116258398d4" in file.url
    else:
        assert "only from ISTHMUS_DATA" in names()[name]
        with pytest.raises(DataError, match="no public address"):
            load(name)


def test_names_are_the_published_file():
    if not LOCAL:
        pytest.skip("ISTHMUS_DATA names no folder of data sets")
    import hashlib

    file = importlib.import_module("isthmus.data.sets.names").FILE
    assert hashlib.sha256((Path(LOCAL) / file.path).read_bytes()).hexdigest() == file.sha256


def test_lines_of_blanks_are_left_out_as_empty_ones_are(tmp_path):
    (tmp_path / "texts.txt").write_text("one\n   \n\ntwo\n\t\n")
    found = read(str(tmp_path / "texts.txt"))
    assert found.values.tolist() == ["one", "two"]
    assert [item.name for item in found.quarantined] == ["line 2", "line 3", "line 5"]
