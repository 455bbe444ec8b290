"""Run by test_processes: processes train a model with codebooks, or a critic and players; each saves its end.

python train_states_in_processes.py FILE CODEBOOK REVIVE PROCESSES
python train_states_in_processes.py FILE critic - PROCESSES
python train_states_in_processes.py FILE rounded - PROCESSES
python train_states_in_processes.py FILE stumbling - PROCESSES
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from small_model import curved_rows
from torch import Tensor

from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.residual_quantizer import ResidualQuantizer
from isthmus.records import Trace
from isthmus.stations import Term
from isthmus.terms.adversarial import Adversarial
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.random_stream import RandomStream
from isthmus.training.trainer import Trainer


def vae_gan(dim: int) -> Autoencoder:
    """Two players and a critic."""
    with RandomStream(0):
        return Autoencoder(
            encoder=catalogue.make("encoders", "mlp", {"in_shape": (dim,), "out_dim": 4, "hidden": (8,)}),
            bottleneck=catalogue.make("bottlenecks", "gaussian", {"latent_dim": 2}),
            decoder=catalogue.make("decoders", "mlp", {"latent_dim": 2, "out_shape": (dim,), "hidden": (8,)}),
            likelihood=catalogue.make("likelihoods", "gaussian", {"variance": "fixed"}),
            prior=catalogue.make("priors", "standard_normal", {}),
            terms=[Reconstruction(), CodeCost("kl"), Adversarial("examples")],
            critics={
                "examples": catalogue.make("critics", "dense", {"in_shape": (dim,), "hidden": (8,), "repeats": 2})
            },
            players={
                "decoder": {"parts": ("decoder", "likelihood"), "terms": ("reconstruction", "examples")},
                "encoder": {"parts": ("encoder", "bottleneck"), "terms": ("reconstruction", "kl")},
            },
        )


def quantised(dim: int) -> Autoencoder:
    """Residual codebooks."""
    revive = {"revive": float(sys.argv[3])} if sys.argv[2] == "ema" else {}
    with RandomStream(0):
        book = catalogue.make("codebooks", sys.argv[2], {"size": 16, "dim": 2, **revive})
        passing = catalogue.make("gradient_estimators", "straight_through", {})
        return Autoencoder(
            encoder=catalogue.make("encoders", "mlp", {"in_shape": (dim,), "out_dim": 2, "hidden": (8,)}),
            bottleneck=ResidualQuantizer(2, book, passing, depth=2),
            decoder=catalogue.make("decoders", "mlp", {"latent_dim": 2, "out_shape": (dim,), "hidden": (8,)}),
            likelihood=catalogue.make("likelihoods", "gaussian", {"variance": "fixed"}),
            terms=[Reconstruction(), CodeCost("commitment", 0.25), *([CodeCost("codebook")] if book.learned else [])],
        )


def rounded(dim: int) -> Autoencoder:
    """Numbers that are rounded, by a moving mean and spread."""
    with RandomStream(0):
        return Autoencoder(
            encoder=catalogue.make("encoders", "mlp", {"in_shape": (dim,), "out_dim": 2, "hidden": (8,)}),
            bottleneck=catalogue.make("bottlenecks", "fsq", {"levels": (5, 5)}),
            decoder=catalogue.make("decoders", "mlp", {"latent_dim": 2, "out_shape": (dim,), "hidden": (8,)}),
            likelihood=catalogue.make("likelihoods", "gaussian", {"variance": "fixed"}),
            terms=[Reconstruction()],
        )


class OnceInfinite(Term):
    """Costs that are not finite in one step of one process, and have no gradient."""

    name, weight = "once", 0.0

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
        self.calls += self.training
        bad = self.training and rank == 0 and self.calls == 3
        return torch.full((len(trace.batch),), torch.inf if bad else 0.0)


def stumbling(dim: int) -> Autoencoder:
    """One process meets a cost that is not finite."""
    with RandomStream(0):
        return Autoencoder(
            encoder=catalogue.make("encoders", "mlp", {"in_shape": (dim,), "out_dim": 2, "hidden": (8,)}),
            bottleneck=catalogue.make("bottlenecks", "identity", {"latent_dim": 2}),
            decoder=catalogue.make("decoders", "mlp", {"latent_dim": 2, "out_shape": (dim,), "hidden": (8,)}),
            likelihood=catalogue.make("likelihoods", "gaussian", {"variance": "fixed"}),
            terms=[Reconstruction(), OnceInfinite()],
        )


KINDS = {
    "stumbling": (stumbling, lambda model: next(model.encoder.parameters())),
    "critic": (vae_gan, lambda model: next(model.critics.parameters())),
    "rounded": (rounded, lambda model: model.bottleneck.standardise.mean),
}


def main() -> None:
    torch.set_num_threads(1)
    rows = curved_rows()
    make, state = KINDS.get(sys.argv[2], (quantised, lambda model: model.bottleneck.codebooks[0].vectors()))
    model = make(rows.x.shape[1])
    began = state(model).detach().clone()
    trainer = Trainer(
        epochs=6,
        batch_size=32,
        validation=0.2,
        device="cpu",
        processes=int(sys.argv[4]),
        compile=False,
        precision="fp32",
    )
    trainer.fit(model, rows)
    rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
    weights = {name: value.detach().contiguous().clone() for name, value in model.state_dict().items()}
    save_file({**weights, "began": began.detach()}, Path(f"{sys.argv[1]}.{rank}"))


if __name__ == "__main__":
    main()
