"""Rows of pictures as one picture."""

import numpy as np
import pytest

import isthmus as im
from isthmus.errors import DataError


def test_each_picture_stands_in_its_place_within_a_frame():
    rows = [np.zeros((2, 3, 4)), np.full((1, 3, 4), 16.0)]
    sheet = np.asarray(im.data.contact_sheet(rows, white=16, enlarge=1))
    assert sheet.shape == (2 * 5, 2 * 6)
    assert (sheet[1:4, 1:5] == 0).all()
    assert (sheet[1:4, 7:11] == 0).all()
    assert (sheet[6:9, 1:5] == 255).all()
    assert (sheet[6:9, 7:11] == sheet[0, 0]).all()  # no picture there


def test_colours_are_kept_and_values_beyond_white_clipped():
    red = np.zeros((1, 2, 2, 3))
    red[..., 0] = 9.0
    sheet = np.asarray(im.data.contact_sheet([red], enlarge=1))
    assert sheet[1, 1].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    "rows", [[np.zeros((2, 8, 8)), np.zeros((2, 4, 4))], [np.zeros((2, 64))], [np.zeros((1, 8, 8, 2))], []]
)
def test_what_is_no_sheet_of_pictures_is_refused(rows):
    with pytest.raises(DataError, match="expected one for all"):
        im.data.contact_sheet(rows)
