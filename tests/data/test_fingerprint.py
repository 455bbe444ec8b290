"""Rows that are told apart, and rows that are the same."""

from dataclasses import replace

import numpy as np
import pandas

import isthmus as im
from isthmus.data.fingerprint import labels_fingerprint, shared_rows


def test_categories_are_the_same_whatever_their_numbers():
    table = pandas.DataFrame({"size": [1.0, 2.0, None, 4.0], "colour": ["blue", "green", "red", "red"]})
    rows, test = im.data.read(table.iloc[:3]), im.data.read(table.iloc[2:])
    assert rows.values[2, 1] != test.values[0, 1]
    assert shared_rows(rows, test) == 1
    assert shared_rows(test, rows) == 1


def test_texts():
    rows = im.data.read(["one", "two", "three"])
    assert shared_rows(rows, im.data.read(["two", "four", "two"])) == 2


def test_labels_are_told_apart_by_their_values():
    every = (["a", "b"], ["b", "a"], [0, 1], [1, 0], [[0, 1], [1, 0]])
    rows = im.data.read(np.eye(2))
    parts = [rows, *(replace(rows, labels=np.array(labels)) for labels in every)]
    assert len({labels_fingerprint(part) for part in parts}) == 6
    objects = replace(rows, labels=np.array(["a", "b"], dtype=object))
    assert labels_fingerprint(objects) == labels_fingerprint(parts[1])
