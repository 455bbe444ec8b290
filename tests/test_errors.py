"""Errors quote what was given, say what was expected, and tell everything at once."""

import sys
import warnings

import pytest

from isthmus import errors
from isthmus.data.neighbours import tell_scattered
from isthmus.errors import (
    DataError,
    Interrupted,
    IsthmusError,
    MissingExtraError,
    ParameterError,
    SavedModelError,
    TrainingError,
    UnknownNameError,
    check,
    did_you_mean,
    problems,
    require,
    users_level,
)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (DataError, ValueError),
        (ParameterError, ValueError),
        (UnknownNameError, ParameterError),
        (SavedModelError, ValueError),
        (TrainingError, RuntimeError),
        (MissingExtraError, ImportError),
    ],
)
def test_errors_are_ours_and_what_scikit_learn_and_python_expect(kind, builtin):
    assert issubclass(kind, IsthmusError)
    assert issubclass(kind, builtin)


def test_an_interrupt_is_not_an_error():
    assert issubclass(Interrupted, KeyboardInterrupt)
    assert not issubclass(Interrupted, Exception)


def test_every_error_says_when_it_is_raised():
    kinds = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, BaseException)]
    assert len(kinds) == 12
    assert all(kind.__doc__ for kind in kinds)


def test_problems_are_a_list_below_a_title():
    assert problems("Wrong:", []) == "Wrong:"
    assert problems("Wrong:", ["a", "b"]) == "Wrong:\n  - a\n  - b"


@pytest.mark.parametrize(
    ("wrong", "close"),
    [("gausian", "gaussian"), ("Gaussian", "gaussian"), ("top-k", "top_k"), ("zzz", None), ("", None)],
)
def test_the_closest_name_if_there_is_a_close_one(wrong, close):
    message = did_you_mean(wrong, ["top_k", "gaussian", "l1"])
    assert message.endswith("Known: gaussian, l1, top_k.")
    assert ("Did you mean" in message) == (close is not None)
    assert close is None or f"Did you mean {close!r}?" in message


def test_broken_rules_are_told_at_once():
    check("Part", (True, "a is fine"), (True, "b is fine"))
    with pytest.raises(ParameterError) as caught:
        check("Part", (False, "a is -1"), (True, "b is fine"))
    assert str(caught.value) == "Part: a is -1"
    with pytest.raises(ParameterError) as caught:
        check("Part", (False, "a is -1"), (True, "b is fine"), (False, "c is 0"))
    assert str(caught.value) == "Part: 2 parameters are wrong:\n  - a is -1\n  - c is 0"


def test_a_missing_extra_names_the_line_that_brings_it():
    with pytest.raises(MissingExtraError, match=r"'no_such_package.part' is not installed.*'isthmus\[plot\]'"):
        require("no_such_package.part", extra="plot")
    assert require("json.decoder", extra="data") is sys.modules["json.decoder"]


def test_a_package_that_is_there_but_broken_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "broken_package.py").write_text("import another_missing_one\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="another_missing_one"):
        require("broken_package", extra="plot")


def test_warnings_point_at_the_users_line():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tell_scattered(["a", "b", "a", "b"])
    assert users_level() == 1
    assert [warning.filename for warning in caught] == [__file__]
