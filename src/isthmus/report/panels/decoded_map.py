"""What the places of a map look like: a code of two numbers, decoded all over."""

import numpy as np

from isthmus.report.context import Context
from isthmus.report.figures import as_image, figure, show_picture
from isthmus.report.maps import scatter

ORDER, TITLE = 21, "The map, decoded"
TILES, INCHES = 16, 9.0  # along a side
EDGE = 1.0  # percent of the rows left outside at each side


def applies(context: Context) -> bool:
    """Where codes are two plain numbers, and x can be drawn as a picture."""
    model = context.estimator.autoencoder_
    flat = context.there_and_back and model.code_shape == (2,) and not model.bottleneck.levels
    plain = flat and context.estimator.condition_ is None
    return plain and context.pictures(context.some.values[:1]) is not None


def html(context: Context) -> str:
    """Tiles at even steps over the held-out codes, the codes on top of an empty copy beside them."""
    low, high = np.percentile(context.codes, [EDGE, 100 - EDGE], axis=0)
    across, up = (np.linspace(low[i], high[i], TILES) for i in range(2))
    codes = np.stack(np.meshgrid(across, up[::-1]), axis=-1).reshape(-1, 2)
    tiles = context.pictures(context.estimator.inverse_transform(codes))
    assert tiles is not None
    rows = tiles.reshape(TILES, TILES, *tiles.shape[1:])
    made = figure(INCHES * 1.2, INCHES * 0.62)
    left, right = made.add_subplot(1, 2, 1), made.add_subplot(1, 2, 2)
    show_picture(left, np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0))
    left.set_axis_off()
    scatter(right, context.codes, context.some.labels)
    right.set_xlim(low[0], high[0])
    right.set_ylim(low[1], high[1])
    note = "Left, what each place of the map is decoded to; right, where held-out rows are."
    return as_image(made, note) + f'<p class="note">{note}</p>'
