"""Convolutions over time, and a recurrent unit that reads their answers in order."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.records import View
from isthmus.stations import Encoder

REACH = 3  # frames that a convolution sees


class ConvRecurrent(Encoder):
    """What is heard at each place of time, and what has been heard so far: ``local_dim`` features, then the context's.

    Three convolutions over time see a few frames each, and the second moves on by ``stride`` frames at a time; the
    unit's memory after each place is the context. Frames that are not real count as zeros, which no place can tell
    from the silence after the end.

    Source: van den Oord et al. 2018, Representation learning with contrastive predictive coding, section 2.2.

    >>> import torch
    >>> encoder = ConvRecurrent(in_shape=(20, 3), out_dim=6, local_dim=2, width=8)
    >>> encoder(View(x=torch.zeros(5, 11, 3))).shape  # 2 local features and 4 of the context, every other frame
    torch.Size([5, 6, 6])
    """

    compiles = False  # the lengths of sequences change from step to step

    def __init__(
        self,
        in_shape: Sequence[int],
        out_dim: int,
        local_dim: int | None = None,
        width: int = 128,
        stride: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        local_dim = max(1, out_dim // 2) if local_dim is None else local_dim
        check(
            "ConvRecurrent",
            (len(in_shape) >= 2, f"in_shape is {tuple(in_shape)}; expected frames and what is in each"),
            (
                1 <= local_dim < out_dim,
                f"local_dim is {local_dim!r}; expected 1 to {out_dim - 1}, of out_dim {out_dim}",
            ),
            (width >= 1, f"width is {width!r}; expected 1 or more"),
            (stride >= 1, f"stride is {stride!r}; expected 1 or more frames"),
            (0 <= dropout < 1, f"dropout is {dropout!r}; expected a probability below 1"),
        )
        frames, *features = in_shape
        self.out_dim, self.local_dim, self.stride = out_dim, local_dim, stride
        self.grid = (-(-frames // stride),)
        features_dim = torch.Size(features).numel()
        self.first = nn.Conv1d(features_dim, width, REACH, padding=REACH // 2)
        self.second = nn.Conv1d(width, width, REACH, stride, padding=REACH // 2)
        self.third = nn.Conv1d(width, local_dim, REACH, padding=REACH // 2)
        self.unit = nn.GRU(local_dim, out_dim - local_dim, batch_first=True)
        self.activation, self.dropout = nn.SiLU(), nn.Dropout(dropout)

    def forward(self, view: View) -> Tensor:
        """``[batch, places, out_dim]`` of frames ``[batch, time, ...]``; past a sequence's end it means nothing."""
        x = view.x.flatten(2).transpose(1, 2)  # [batch, features, time]
        frames, places = _real(view), self.valid(view)
        h = _kept(self.activation(self.first(_kept(x, frames))), frames)
        h = _kept(self.activation(self.second(h)), places)
        local = _kept(self.third(self.dropout(h)), places).transpose(1, 2)  # [batch, places, local_dim]
        context, _ = self.unit(local)
        return torch.cat([local, context], dim=2)

    @property
    def ragged(self) -> bool:
        """Each sequence has as many places as it is long."""
        return True

    def valid(self, view: View) -> Tensor | None:
        """Places that begin at a real frame, ``[batch, places]``."""
        frames = _real(view)
        return None if frames is None else frames[:, :: self.stride]


def _real(view: View) -> Tensor | None:
    """Real frames, ``[batch, time]``."""
    return None if view.valid is None else view.valid.flatten(2).any(2)


def _kept(x: Tensor, real: Tensor | None) -> Tensor:
    """``x [batch, features, time]`` with zeros where nothing is real."""
    return x if real is None else x.where(real[:, None], 0.0)
