"""CIFAR-10 as JPEG, 75 % of the patches hidden: pictures a second of a masked autoencoder, against Hugging Face's.

`MAE` against `ViTMAEForPreTraining` of transformers in a plain loop with AdamW: the same patches (4 pixels), width 192
in 6 blocks for what is visible, width 96 in 2 blocks for all. Theirs has a token of the class besides, ours a layer
between the two networks. Pictures are resident for both; theirs are numbers before the first step. No step is compiled.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import isthmus as im
from benchmarks.result import Result
from benchmarks.speed.machine import processor
from benchmarks.speed.turns import Pausing, Turns, ratios, warm_in_turn
from isthmus.data import load

PICTURES, TESTED = 1280, 500
BATCH, RATE, DECAY, WARM_UP, GOAL, ALIKE = 128, 1e-3, 0.05, 1, 1.0, 0.03
WORSE = 1.05  # times their error, at the most
PATCH, SIDE, RATIO = 4, 32, 0.75
WIDTH, DEPTH, HEADS = 192, 6, 3
DECODER_WIDTH, DECODER_DEPTH, DECODER_HEADS = 96, 2, 3
Trained = tuple[int, float]  # how many parameters, and the squared error of hidden pixels


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="masked_step",
        target=f"{GOAL:g} times the pictures per second of transformers' ViTMAEForPreTraining in float32, batch "
        f"{BATCH}, with as many parameters (within {ALIKE:.0%}) and an error at most "
        f"{WORSE:g} times theirs",
        columns=[
            "who",
            "pictures/s",
            "Isthmus in float32 is faster by",
            "lowest",
            "highest",
            "parameters",
            "squared error of hidden pixels, test pictures",
        ],
        note=processor(),
    )
    turns = WARM_UP + len(rounds)
    contenders = {
        "Isthmus, float32": Turns(ours, "fp32", turns),
        "Isthmus, bf16 products": Turns(ours, "bf16", turns),  # the default from 5000 rows on
        "transformers": Turns(plain_loop, turns),
    }
    found = warm_in_turn(contenders, len(rounds), warm_up=WARM_UP)
    trained: dict[str, Trained] = {}
    for name, times in found.items():
        trained[name] = contenders[name].result
        faster = ratios(times, found["Isthmus, float32"])
        result.add(name, PICTURES / statistics.median(times), *faster, *trained[name])
    alike = abs(trained["Isthmus, float32"][0] / trained["transformers"][0] - 1) <= ALIKE
    as_good = trained["Isthmus, float32"][1] <= WORSE * trained["transformers"][1]
    result.met = alike and as_good and ratios(found["transformers"], found["Isthmus, float32"])[0] >= GOAL
    return result


def ours(precision: Literal["bf16", "fp32"], turns: int, pause: Callable[[], None]) -> Trained:
    pictures, test = both_parts()
    trainer = im.Trainer(
        epochs=turns,
        batch_size=BATCH,
        learning_rate=RATE,
        schedule="constant",
        weight_decay=DECAY,
        validation=0,
        compile=False,
        precision=precision,
        log=Pausing(pause),
    )
    decoder = {"width": DECODER_WIDTH, "depth": DECODER_DEPTH, "heads": DECODER_HEADS}
    network = {"name": "vit", "width": WIDTH, "depth": DEPTH, "heads": HEADS, "decoder": decoder}
    model = im.MAE(WIDTH, ratio=RATIO, patch=PATCH, network=network, trainer=trainer, random_state=0)
    model.fit(pictures)
    rebuilt = model.reconstruct(test, hidden=hidden_pixels())
    return parameters(model.autoencoder_), error(rebuilt, test)


def plain_loop(turns: int, pause: Callable[[], None]) -> Trained:
    """As in most tutorials, but without a loader: the pictures are there, and gathered by index."""
    from transformers import ViTMAEForPreTraining

    pictures, test = both_parts()
    torch.manual_seed(0)
    model = ViTMAEForPreTraining(their_sizes()).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    x = channels_first(pictures)
    mean, spread = x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), keepdim=True)
    x = (x - mean) / spread
    log = Pausing(pause)
    log.log()
    for _ in range(turns):
        for index in torch.randperm(len(x)).split(BATCH):
            optimiser.zero_grad()
            loss = model(pixel_values=x[index]).loss
            loss.backward()
            optimiser.step()
        log.log()
    with torch.no_grad():
        asked = hidden_patches().flatten().float().expand(TESTED, -1)  # the patches with the lowest numbers are seen
        out = model.eval()(pixel_values=(channels_first(test) - mean) / spread, noise=asked)
        rebuilt = model.unpatchify(out.logits) * spread + mean
    return parameters(model), error(255 * rebuilt.movedim(1, -1).numpy(), test)


def their_sizes() -> Any:
    from transformers import ViTMAEConfig

    return ViTMAEConfig(
        image_size=SIDE,
        patch_size=PATCH,
        num_channels=3,
        hidden_size=WIDTH,
        num_hidden_layers=DEPTH,
        num_attention_heads=HEADS,
        intermediate_size=4 * WIDTH,
        decoder_hidden_size=DECODER_WIDTH,
        decoder_num_hidden_layers=DECODER_DEPTH,
        decoder_num_attention_heads=DECODER_HEADS,
        decoder_intermediate_size=4 * DECODER_WIDTH,
        mask_ratio=RATIO,
    )


def both_parts() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """``[PICTURES, 32, 32, 3]`` and ``[TESTED, 32, 32, 3]``: for training, for tests."""
    return load("cifar10-jpeg", "train").values[:PICTURES], load("cifar10-jpeg", "test").values[:TESTED]


def channels_first(pictures: NDArray[np.uint8]) -> Tensor:
    """In [0, 1]."""
    return torch.from_numpy(pictures).movedim(-1, 1).float() / 255


def hidden_patches() -> Tensor:
    """The same for both: ``[8, 8]``."""
    count = (SIDE // PATCH) ** 2
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    return (order < RATIO * count).unflatten(0, (SIDE // PATCH, -1))


def hidden_pixels() -> NDArray[np.bool_]:
    """``[32, 32]``."""
    return hidden_patches().repeat_interleave(PATCH, 0).repeat_interleave(PATCH, 1).numpy()


def error(rebuilt: NDArray[Any], test: NDArray[np.uint8]) -> float:
    """The mean over hidden pixels, in [0, 1]."""
    hidden = hidden_pixels()
    return float(np.square((rebuilt[:, hidden] - test[:, hidden].astype(np.float64)) / 255).mean())


def parameters(model: torch.nn.Module) -> int:
    """That are learnt."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
