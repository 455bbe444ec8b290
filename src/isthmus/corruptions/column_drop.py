"""Hide columns of a table."""

from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.records import Batch, View
from isthmus.stations import Corruption


class ColumnDrop(Corruption):
    """Each row hides a number of its known columns, any from 1 to all of them, and only these are judged.

    ``widths``: so many places of x has each column. So the model learns every column from any others: the steps of
    writing a row column by column, in any order.

    Source: Uria et al. 2014, A deep and tractable density estimator, section 3; Hoogeboom et al. 2022, Autoregressive
    diffusion models, algorithm 2.

    >>> view = ColumnDrop(widths=(1, 3))(Batch(x=torch.ones(5, 4)))
    >>> bool((view.hidden[:, 1] == view.hidden[:, 3]).all()), bool(view.hidden.any(1).all())
    (True, True)
    """

    partial = True
    of_columns = True
    column: Tensor

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        check(
            "ColumnDrop",
            (len(widths) >= 1, "widths is empty; expected one for each column"),
            *((width >= 1, f"a width is {width!r}; expected 1 or more") for width in widths),
        )
        self.count = len(widths)
        column = torch.arange(self.count).repeat_interleave(torch.tensor(list(widths)))
        self.register_buffer("column", column, persistent=False)  # of each place of x

    def forward(self, batch: Batch) -> View:
        """Hide columns; ``hidden`` and ``judged`` say which places of x."""
        drawn = torch.rand(len(batch), self.count + 1, device=batch.x.device)
        order, share = drawn[:, :-1], drawn[:, -1:]
        known = torch.ones_like(order, dtype=torch.bool) if batch.valid is None else self.by_column(batch.valid)
        rank = order.masked_fill(~known, 2.0).argsort(1).argsort(1)  # gaps come last, and are hidden anyway
        kept = (share * known.sum(1, keepdim=True)).floor()
        return self.view(batch, rank >= kept)

    def view(self, batch: Batch, columns: Tensor) -> View:
        """The view in which ``columns [batch, columns]`` are hidden."""
        hidden = columns[:, self.column]
        return View(
            x=batch.x.masked_fill(hidden, 0.0),
            valid=batch.valid,
            hidden=hidden,
            judged=hidden,
            condition=batch.condition,
        )

    def by_column(self, places: Tensor) -> Tensor:
        """The first place of each column, ``[batch, columns]`` of ``[batch, places]``."""
        first = torch.searchsorted(self.column, torch.arange(self.count, device=self.column.device))
        return places[:, first]
