"""Run by test_resume in a process of its own: trains, checkpointing at every step; may be told to die.

python train_and_save.py FOLDER [--die-at STEP] [--resume] [--average]
"""

import argparse
import os
import signal
from pathlib import Path

import torch
from safetensors.torch import save_file
from small_model import curved_rows, small_vae

from isthmus.training import run
from isthmus.training.trainer import Trainer

PLAIN_STEP = run.Run._take_step


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--die-at", type=int)
    arguments.add_argument("--resume", action="store_true")
    arguments.add_argument("--validation", default="auto")
    given = arguments.parse_args()
    torch.set_num_threads(1)

    taken = []  # by all runs: those that look for when to stop, and the last one

    def step_and_die(self, order):
        PLAIN_STEP(self, order)
        taken.append(self.steps)
        if given.die_at is not None and len(taken) == given.die_at + 1:
            os.kill(os.getpid(), signal.SIGKILL)

    run.Run._take_step = step_and_die
    model = small_vae(warmup=20)
    trainer = Trainer(
        epochs=12,
        batch_size=32,
        validation="auto" if given.validation == "auto" else float(given.validation),
        average=0.9,
        checkpoint=given.folder / "checkpoint.safetensors",
        checkpoint_every=0.0,
    )
    history = trainer.fit(model, curved_rows(), may_blend=True, resume=given.resume)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, given.folder / "model.safetensors")
    (given.folder / "history.txt").write_text(repr((history.epochs, history.choice)))
    (given.folder / "steps.txt").write_text(str(len(taken)))


if __name__ == "__main__":
    main()
