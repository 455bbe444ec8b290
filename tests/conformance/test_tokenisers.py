"""Every tokeniser: text comes back, what it learnt is all in its spec, and what makes no sense is refused."""

import copy
import functools
import json
import random
import subprocess
import sys

import pytest
from examples import parts
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus import catalogue
from isthmus.errors import DataError, IsthmusError, MissingExtraError, ParameterError

ALL = pytest.mark.parametrize("name", parts("tokenisers"))
KNOWS_ALL = pytest.mark.parametrize("name", ["bytes", "bpe"])
FORGETS = pytest.mark.parametrize("name", ["characters", "whitespace"])

TEXTS = {
    "english": "The cat sat on the mat, and the dog sat on the cat.",
    "chinese": "你好,世界。自编码器学习表示",
    "emoji": "😀 a family 👨‍👩‍👧 and a flag 🇩🇪",
    "accents": "élan naïve Ångström, e\u0301 of two code points, Straße",
    "white_space": "  two  spaces\tand\ttabs\r\nand lines\n\n ",
    "empty": "",
    "control": "\x00 zero, \x7f delete, \ufeff mark, \u2028 line, \u3000 wide",
}
CORPUS = [*TEXTS.values(), "the cat sees the dog", "the dog sees the cat", "你好世界 again"]
HELD_OUT = ["the cat sees 世界", "a mat of cats\n", "Z", "ÿ unseen ☃ words"]
EACH_TEXT = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)

WRONG = {
    "characters": {
        "no_token": {"tokens": []},
        "twice": {"tokens": ["a", "b", "a"]},
        "two_characters": {"tokens": ["a", "bc"]},
        "empty_token": {"tokens": ["a", ""]},
        "number": {"tokens": ["a", 1]},
        "unhashable": {"tokens": ["a", ["b"], {"c": 1}]},
        "no_list": {"tokens": 5},
    },
    "whitespace": {
        "no_token": {"tokens": []},
        "twice": {"tokens": ["to", "be", "to"]},
        "white_space": {"tokens": ["to be"]},
        "empty_token": {"tokens": ["a", ""]},
        "number": {"tokens": ["a", 1]},
        "unhashable": {"tokens": ["a", ["b"], {"c": 1}]},
        "one_text": {"tokens": "words"},
        "no_list": {"tokens": None},
    },
    "bytes": {"unknown_argument": {"tokens": ["a"]}},
    "bpe": {
        "no_token": {"vocabulary": []},
        "bytes_missing": {"vocabulary": ["a", "b"], "merges": []},
        "twice": {"vocabulary": lambda known: [*known, known[-1]]},
        "empty_token": {"vocabulary": lambda known: [*known, ""]},
        "number": {"vocabulary": lambda known: [*known, 7]},
        "no_byte_character": {"vocabulary": lambda known: [*known, "a b"]},
        "one_text": {"vocabulary": lambda known: "".join(known)},
        "merge_of_unknown": {"merges": [["t", "中"]]},
        "merge_into_unknown": {"merges": [["x", "q"]]},
        "merge_of_three": {"merges": [["t", "h", "e"]]},
        "merge_as_text": {"merges": ["th"]},
        "merge_twice": {"merges": lambda pairs: [*pairs, pairs[0]]},
        "merges_no_list": {"merges": 3},
    },
}


def learnt(name, texts=CORPUS, **options):
    return catalogue.find("tokenisers", name).learn(texts, **options)


once_learnt = functools.cache(learnt)


def comes_back(name, text):
    return " ".join(text.split()) if name == "whitespace" else text


@ALL
@EACH_TEXT
def test_there_and_back(name, text):
    tokeniser = learnt(name)
    (numbers,) = tokeniser.numbers([text])
    assert all(type(number) is int and 0 <= number < tokeniser.size for number in numbers)
    assert tokeniser.text(numbers) == comes_back(name, text)


@KNOWS_ALL
@settings(deadline=None)
@given(st.text())
def test_any_text_comes_back_though_never_seen(name, text):
    tokeniser = once_learnt(name)
    (numbers,) = tokeniser.numbers([text])
    assert tokeniser.text(numbers) == text
    assert len(tokeniser.pieces(text)) == len(numbers)


@KNOWS_ALL
@settings(deadline=None)
@given(st.data())
def test_any_numbers_are_some_text(name, data):
    tokeniser = once_learnt(name)
    numbers = data.draw(st.lists(st.integers(0, tokeniser.size - 1)))
    assert isinstance(tokeniser.text(numbers), str)


@ALL
@EACH_TEXT
def test_there_is_a_piece_for_each_number(name, text):
    tokeniser = learnt(name)
    pieces, (numbers,) = tokeniser.pieces(text), tokeniser.numbers([text])
    assert len(pieces) == len(numbers)
    for piece, number in zip(pieces, numbers, strict=True):
        assert piece == tokeniser.text([number]) or (piece.startswith("0x") and tokeniser.text([number]) != "")


@ALL
def test_many_texts_are_as_one_by_one(name):
    tokeniser = learnt(name)
    assert tokeniser.numbers(CORPUS) == [tokeniser.numbers([text])[0] for text in CORPUS]
    assert tokeniser.numbers([]) == []
    assert tokeniser.text([]) == ""


@FORGETS
def test_unknown_are_those_that_learning_never_saw(name):
    tokeniser = learnt(name)
    seen = {piece for text in CORPUS for piece in tokeniser.pieces(text)}
    assert tokeniser.size == len(seen)
    for text in HELD_OUT:
        numbers = tokeniser.numbers([text])[0]
        assert [number == -1 for number in numbers] == [piece not in seen for piece in tokeniser.pieces(text)]
    assert any(-1 in numbers for numbers in tokeniser.numbers(HELD_OUT))


@FORGETS
@pytest.mark.parametrize("size", [1, 5, 20])
def test_the_most_frequent_are_kept(name, size):
    everything, some = learnt(name), learnt(name, size=size)
    assert some.size == size
    counts = dict.fromkeys(everything.tokens, 0)
    for text in CORPUS:
        for piece in everything.pieces(text):
            counts[piece] += 1
    best = sorted(counts, key=lambda token: (-counts[token], token))[:size]
    assert list(some.tokens) == (sorted(best) if name == "characters" else best)


@pytest.mark.parametrize("size", [257, 270, 10_000])
def test_bpe_keeps_to_its_size_and_always_has_all_bytes(size):
    tokeniser = learnt("bpe", size=size)
    assert 256 < tokeniser.size <= size
    assert tokeniser.size == 256 + len(tokeniser.merges)
    assert len(learnt("bpe", size=10_000).numbers(CORPUS)[0]) < len(learnt("bytes").numbers(CORPUS)[0])


@ALL
def test_learning_is_the_same_twice_and_in_any_order(name):
    mixed = CORPUS * 3
    random.Random(1).shuffle(mixed)
    first = learnt(name, CORPUS * 3)
    assert learnt(name, CORPUS * 3).spec() == first.spec()
    assert learnt(name, mixed).spec() == first.spec()


@ALL
def test_its_spec_is_all_of_it(name):
    tokeniser = learnt(name)
    spec = json.loads(json.dumps(tokeniser.spec(), allow_nan=False))
    again = catalogue.build(spec)
    assert type(again) is type(tokeniser)
    assert again.spec() == tokeniser.spec() == spec
    assert agree(tokeniser, again)


@ALL
def test_a_copy_is_the_same(name):
    tokeniser = learnt(name)
    twin = copy.deepcopy(tokeniser)
    assert twin.spec() == tokeniser.spec()
    assert agree(tokeniser, twin)


def agree(first, second):
    assert first.size == second.size
    texts = [*CORPUS, *HELD_OUT]
    assert first.numbers(texts) == second.numbers(texts)
    assert [first.pieces(text) for text in texts] == [second.pieces(text) for text in texts]
    return [first.text([number]) for number in range(first.size)] == [
        second.text([number]) for number in range(second.size)
    ]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [pytest.param(name, wrong, id=f"{name}-{case}") for name in WRONG for case, wrong in WRONG[name].items()],
)
def test_a_malformed_spec_is_refused(name, wrong):
    spec = json.loads(json.dumps(learnt(name).spec()))
    for word, value in wrong.items():
        spec["arguments"][word] = value(spec["arguments"][word]) if callable(value) else value
    with pytest.raises(IsthmusError, match=next(iter(wrong))):
        catalogue.build(spec)


def test_malformed_specs_of_every_tokeniser_are_tried():
    assert set(WRONG) == set(parts("tokenisers"))


@ALL
@pytest.mark.parametrize("texts", [[], [""], ["", ""]], ids=["no_text", "empty", "two_empty"])
def test_nothing_to_learn_from_is_refused(name, texts):
    with pytest.raises(DataError, match=f"nothing to learn from; got {len(texts)} texts"):
        learnt(name, texts)


def test_words_are_not_learnt_from_white_space():
    with pytest.raises(DataError, match="none of which holds a word"):
        learnt("whitespace", [" \n", "\t"])


@pytest.mark.parametrize("name", ["characters", "whitespace", "bpe"])
@pytest.mark.parametrize("size", [0, -3, "9", 300.5])
def test_a_size_that_makes_no_sense_is_refused(name, size):
    with pytest.raises(ParameterError, match=f"size is {size!r}; expected"):
        learnt(name, size=size)


def test_bpe_needs_room_for_all_bytes():
    with pytest.raises(ParameterError, match="size is 256; expected 257 or more"):
        learnt("bpe", size=256)


@ALL
@pytest.mark.parametrize("place", ["below", "above"])
def test_numbers_out_of_range_are_refused_and_do_not_wrap(name, place):
    tokeniser = learnt(name)
    wrong = -1 if place == "below" else tokeniser.size
    with pytest.raises(ParameterError, match=rf"\[{wrong}\]; expected 0 to {tokeniser.size - 1}"):
        tokeniser.text([0, wrong])


@KNOWS_ALL
def test_bytes_that_are_no_utf8_are_marked(name):
    tokeniser = learnt(name, ["ab"])
    (numbers,) = tokeniser.numbers(["a中b"])
    assert tokeniser.text(numbers[:2] + numbers[-1:]) == "a\ufffdb"


@KNOWS_ALL
def test_half_a_character_is_refused_in_words(name):
    with pytest.raises(DataError, match="'x\\\\ud800' holds '\\\\ud800', half a character"):
        learnt(name).numbers(["fine", "x\ud800"])


def test_bpe_does_not_learn_from_half_a_character():
    with pytest.raises(DataError, match="half a character"):
        learnt("bpe", ["fine", "x\ud800"])


def test_the_alphabet_of_bpe_is_that_of_the_library():
    tokenizers = pytest.importorskip("tokenizers")
    bpe = pytest.importorskip("isthmus.tokenisers.bpe")
    assert set(tokenizers.pre_tokenizers.ByteLevel.alphabet()) == set(bpe.ALPHABET)
    assert sorted(bpe.ALPHABET.values()) == list(range(256))


def test_bpe_imports_its_library_only_when_used():
    code = "import sys, isthmus.tokenisers.bpe; sys.exit('tokenizers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_bpe_says_how_to_get_its_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match="isthmus\\[text\\]"):
        learnt("bpe")


def test_learning_prints_nothing(capfd):
    learnt("bpe", CORPUS * 20).numbers(CORPUS)
    assert capfd.readouterr() == ("", "")
