"""Features without a decoder: what the whole tells of its parts."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from isthmus.architecture import Setting, make_part, named
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.critics.code import Code as CodeCritic
from isthmus.errors import DataError, check
from isthmus.estimator import Estimator
from isthmus.layers.mutual_information import BOUNDS, Bound
from isthmus.priors.standard_normal import StandardNormal
from isthmus.records import View
from isthmus.search_ranges import PURPOSE, Integers, Numbers, Range
from isthmus.stations import Encoder, Term
from isthmus.terms.adversarial import Adversarial
from isthmus.terms.info_max import InfoMax
from isthmus.training.trainer import Trainer

CHANNELS = (32, 64, 128)
FEWEST_PLACES = 7 * 7  # so that each sees a part of the picture only: what sees the whole of it can name it


class DeepInfoMax(Estimator):
    """Deep InfoMax: a code of the whole picture that tells as much as it can of each place of it; nothing is rebuilt.

    To which picture of a batch does this place belong? The code answers by what the parts of a picture have in common,
    not by how each pixel looks. Places must see parts only: what sees the whole picture, such as a patch of a vision
    transformer, can name it, and a code of names tells nothing of what is shown.

    Source: Hjelm et al. 2019, Learning deep representations by mutual information estimation and maximization, ICLR.

    Parameters
    ----------
    latent_dim : numbers in the code.
    local_weight : of the information between the code and each place.
    global_weight : of that between the code and all places together.
    prior_weight : of a critic that makes codes follow a standard normal distribution; 0: no such critic, and training
        can tell when to stop.
    bound : ``"info_nce"``, ``"jensen_shannon"`` or ``"donsker_varadhan"``.
    level : depth of the encoder whose places are told, from the data on; places at 0 see the least of the picture.
        ``"auto"``: the deepest with 7 x 7 places or more, or 0.
    group : rows that are compared with each other.
    network : an encoder of pictures, ``"auto"`` (convolutions, normalised by batches), or a mapping:
        ``{"name": "conv", "channels": (32, 64)}``.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100].reshape(-1, 8, 8) / 16
    >>> model = im.DeepInfoMax(8, network={"channels": (8, 16)}, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape
    (100, 8)
    """

    decodes: ClassVar[bool] = False
    blends: ClassVar[bool] = False
    pictures_only: ClassVar[bool] = True
    likelihood = "gaussian"  # nothing is rebuilt: it says how to scale

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(16, 256, log=True, told_by=PURPOSE),
        "local_weight": Numbers(0.1, 10.0, log=True, told_by=PURPOSE),
        "global_weight": Numbers(0.0, 1.0, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 64,
        *,
        local_weight: float = 1.0,
        global_weight: float = 0.0,
        prior_weight: float = 0.0,
        bound: Bound = "info_nce",
        level: int | Literal["auto"] = "auto",
        group: int = 128,
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.bound, self.level, self.group = latent_dim, bound, level, group
        self.local_weight, self.global_weight, self.prior_weight = local_weight, global_weight, prior_weight
        self.network, self.trainer, self.random_state = network, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> maps -> z``; the information between z and the maps' places, a critic of z."""
        self._check(setting)
        shape = setting.schema.shape
        known = {"in_shape": shape, "out_dim": self.latent_dim, "linear_path": "none", "blocks": 0, "norm": "batch"}
        encoder = make_part("encoders", named(self.network, "conv"), {**known, "channels": fitting(shape)})
        maps = _maps(encoder, shape)
        level = self._level(maps, encoder)
        compared: dict[str, Any] = {
            "latent_dim": self.latent_dim,
            "features_dim": maps[level].shape[1],
            "level": level,
            "bound": self.bound,
            "group": self.group,
        }
        terms: list[Term] = []
        if self.local_weight:
            terms.append(InfoMax("local", **compared, weight=self.local_weight))
        if self.global_weight:
            places = maps[level][0, 0].numel()
            terms.append(InfoMax("global", **compared, places=places, weight=self.global_weight))
        if self.prior_weight:
            terms.append(Adversarial("codes", self.prior_weight))
        return Autoencoder(
            encoder=encoder,
            bottleneck=Identity(self.latent_dim),
            prior=StandardNormal() if self.prior_weight else None,
            terms=terms,
            critics={"codes": CodeCritic(self.latent_dim)} if self.prior_weight else None,
        )

    def _check(self, setting: Setting) -> None:
        """Refuse what makes no sense, all mistakes at once."""
        trainer = self._trainer(setting.rows)
        kept_aside = trainer.validation != 0 and not self.prior_weight  # with a critic nothing tells when to stop
        kind, shape = setting.schema.kind, setting.schema.shape
        if kind != "image":
            raise DataError(f"DeepInfoMax takes pictures, [n, height, width]; X is a {kind} of {shape} in each row")
        if setting.rows < 2 + kept_aside:
            raise DataError(
                f"X holds {setting.rows} pictures; DeepInfoMax compares each with others in every step, and keeps some "
                "aside to find when to stop: expected 3 or more, or trainer=Trainer(validation=0)"
            )
        weights = {"local": self.local_weight, "global": self.global_weight, "prior": self.prior_weight}
        learnt = self.local_weight != 0 or self.global_weight != 0
        check(
            "DeepInfoMax",
            *((value >= 0, f"{name}_weight is {value!r}; expected 0 or more") for name, value in weights.items()),
            (learnt, "local_weight and global_weight are 0; expected one above, or nothing is learnt"),
            (self.bound in BOUNDS, f"bound is {self.bound!r}; expected one of {', '.join(BOUNDS)}"),
            (self.group >= 2, f"group is {self.group!r}; expected 2 or more rows to compare"),
            (
                trainer.batch_size != 1,
                "trainer.batch_size is 1; expected 2 or more pictures, which are compared with each other, or 'auto'",
            ),
        )

    def _level(self, maps: list[Tensor], encoder: Encoder) -> int:
        """The depth whose places are told; refuses networks without places, or without one code of the whole."""
        places = [math.prod(each.shape[2:]) for each in maps]
        deepest = max((i for i, count in enumerate(places) if count >= FEWEST_PLACES), default=0)
        level = deepest if self.level == "auto" else int(self.level)
        known = 0 <= level < len(maps)
        check(
            "DeepInfoMax",
            (known, f"level is {self.level!r}; the network's depths are 0 to {len(maps) - 1}, or 'auto'"),
            (
                not known or places[level] > 1,
                f"network is {self.network!r:.100}, with 1 place at level {level}; try conv",
            ),
            (not encoder.grid, f"network keeps the grid {encoder.grid}; expected one code of the whole (flatten=True)"),
        )
        return level


@torch.no_grad()
def _maps(encoder: Encoder, shape: tuple[int, ...]) -> list[Tensor]:
    """What the encoder makes of an empty picture, depth by depth: ``[1, channels, height, width]``."""
    maps = encoder.eval().maps(View(x=torch.zeros(1, *shape)))
    encoder.train()
    return maps


def fitting(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Widths for as many halvings as pictures bear, three at the most.

    >>> fitting((1, 8, 8)), fitting((3, 4, 4))
    ((32, 64, 128), (32, 64))
    """
    return CHANNELS[: max(1, (min(shape[1:]) - 1).bit_length())]
