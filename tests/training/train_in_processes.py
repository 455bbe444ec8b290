"""Run by test_processes: trains in as many processes as it is told and saves the weights.

python train_in_processes.py FILE PROCESSES
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from small_model import curved_rows, small_ae

from isthmus import catalogue
from isthmus.training.trainer import Trainer


def main() -> None:
    torch.set_num_threads(1)
    model = small_ae()
    model.likelihood = catalogue.make("likelihoods", "gaussian", {"variance": "fixed"})
    trainer = Trainer(
        epochs=4,
        batch_size=32,
        validation=0.2,
        device="cpu",
        processes=int(sys.argv[2]),
        compile=False,
        precision="fp32",
    )
    history = trainer.fit(model, curved_rows())
    if torch.distributed.is_initialized() and torch.distributed.get_rank() != 0:
        return
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, Path(sys.argv[1]), metadata={"held_out": repr(history.curve("held_out", "loss"))})


if __name__ == "__main__":
    main()
