"""pythae's training loop, which pauses after each turn."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from typing import Any

import numpy as np
import torch

from benchmarks.fashion import as_numbers
from benchmarks.speed.turns import Pausing


def pythae_trained(
    model: Any, pictures: np.ndarray, *, epochs: int, batch_size: int, learning_rate: float, log: Pausing
) -> None:
    """With its trainer's own settings otherwise; only the epochs are told apart."""
    from pythae.data.datasets import BaseDataset
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.training_callbacks import TrainingCallback

    logging.disable(logging.INFO)  # it tells every epoch

    class Logging(TrainingCallback):
        def on_epoch_end(self, *_: object, **__: object) -> None:
            log.log()

    log.log()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        trainer = BaseTrainer(
            model=model,
            train_dataset=BaseDataset(as_numbers(pictures)[:, None], torch.ones(len(pictures))),
            training_config=BaseTrainerConfig(
                output_dir=folder,
                num_epochs=epochs,
                per_device_train_batch_size=batch_size,
                learning_rate=learning_rate,
                no_cuda=True,
                keep_best_on_train=True,
            ),
            callbacks=[Logging()],
        )
        trainer.train()


def pythae_loss(model: Any, pictures: np.ndarray) -> float:
    """Its loss of one pass, nats a picture."""
    with torch.no_grad():
        losses = [model.eval()({"data": x[:, None]}).loss * len(x) for x in as_numbers(pictures).split(1000)]
    return float(torch.stack(losses).sum()) / len(pictures)
