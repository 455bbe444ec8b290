"""The losses of small untrained models, put together from stations, as they were when somebody last looked.

Data and weights come from fixed seeds, so any change of a part's arithmetic shows, far below what training hides.
To accept new numbers: python tests/golden/test_golden_compositions.py
"""

import json
from pathlib import Path

import pytest
import torch

from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.records import Batch
from isthmus.training.random_stream import RandomStream

FILE = Path(__file__).with_name("compositions.json")
PICTURE, LATENT = (1, 6, 6), 3
DENSE = {"hidden": (7,), "activation": "tanh", "linear_path": "trained"}
CONV = {"channels": (4,), "linear_path": "none"}
RECONSTRUCTION = ("reconstruction", {})
KL = ("code_cost", {"name": "kl"})

# encoder, bottleneck, decoder, likelihood; terms; corruption
COMPOSITIONS = {
    "ae": (("mlp", DENSE), ("identity", {"noise": 0.1}), ("mlp", DENSE), ("gaussian", {}), (RECONSTRUCTION,), None),
    "dae": (
        ("mlp", DENSE),
        ("identity", {}),
        ("mlp", DENSE),
        ("laplace", {"spread": "fixed"}),
        (RECONSTRUCTION,),
        ("masking", {}),
    ),
    "tied": (
        ("mlp", DENSE | {"linear_path": "none"}),
        ("identity", {}),
        ("tied_mlp", {"hidden": (7,), "activation": "tanh"}),
        ("gaussian", {"variance": "fixed", "scale": 0.5}),
        (RECONSTRUCTION,),
        ("gaussian_noise", {"scale": 0.2}),
    ),
    "vae": (("mlp", DENSE), ("gaussian", {}), ("mlp", DENSE), ("bernoulli", {}), (RECONSTRUCTION, KL), None),
    "conv_vae": (
        ("conv", CONV),
        ("gaussian", {"free_bits": 0.01}),
        ("conv", CONV),
        ("gaussian", {"variance": "per_value"}),
        (RECONSTRUCTION, KL),
        None,
    ),
    "beta_vae": (
        ("mlp", DENSE),
        ("gaussian", {"bound": 2.0}),
        ("mlp", DENSE),
        ("categorical", {"levels": 2}),
        (RECONSTRUCTION, ("code_cost", {"name": "kl", "weight": 4.0})),
        ("salt_and_pepper", {}),
    ),
    "sparse_l1": (
        ("dictionary", {}),
        ("l1", {}),
        ("dictionary", {}),
        ("gaussian", {"variance": "relative"}),
        (RECONSTRUCTION, ("code_cost", {"name": "l1", "weight": 0.1})),
        None,
    ),
    "sparse_top_k": (
        ("dictionary", {}),
        ("top_k", {"k": 1, "patience": 1}),
        ("dictionary", {}),
        ("gaussian", {"variance": "learned"}),
        (RECONSTRUCTION, ("code_cost", {"name": "dead"})),
        None,
    ),
    "sparse_threshold": (
        ("dictionary", {}),
        ("threshold", {}),
        ("dictionary", {}),
        ("gaussian", {}),
        (RECONSTRUCTION, ("code_cost", {"name": "l0"})),
        None,
    ),
    "sparse_kl": (
        ("dictionary", {}),
        ("kl_sparse", {}),
        ("dictionary", {}),
        ("gaussian", {}),
        (RECONSTRUCTION, ("code_cost", {"name": "kl_sparse"})),
        None,
    ),
    "recurrent_vae": (
        ("recurrent", {"levels": 2, "width": 5, "depth": 2}),
        ("gaussian", {}),
        ("recurrent", {"width": 5, "symbol_dropout": 0.3, "depth": 2}),
        ("categorical", {"levels": 2, "ordered": False}),
        (RECONSTRUCTION, KL),
        None,
    ),
    "transformer_ae": (
        ("transformer", {"levels": 2, "width": 8, "depth": 2, "heads": 2, "dropout": 0.1}),
        ("identity", {}),
        ("transformer", {"width": 8, "depth": 2, "heads": 2}),
        ("categorical", {"levels": 2, "ordered": False}),
        (RECONSTRUCTION,),
        None,
    ),
    "transformer_places": (
        ("transformer", {"levels": 2, "width": 8, "depth": 1, "heads": 2, "flatten": False}),
        ("identity", {}),
        ("transformer", {"width": 8, "depth": 1, "heads": 2}),
        ("categorical", {"levels": 2}),
        (RECONSTRUCTION,),
        None,
    ),
}


def build(name):
    """The composition with its weights, all of them random."""
    encoder, bottleneck, decoder, likelihood, terms, corruption = COMPOSITIONS[name]
    made = catalogue.make("bottlenecks", bottleneck[0], {"latent_dim": LATENT, **bottleneck[1]})
    head = catalogue.make("likelihoods", *likelihood)
    sizes = {"latent_dim": LATENT, "out_shape": PICTURE, "outputs": head.outputs}
    model = Autoencoder(
        encoder=catalogue.make("encoders", encoder[0], {"in_shape": PICTURE, "out_dim": made.in_dim, **encoder[1]}),
        bottleneck=made,
        decoder=catalogue.make("decoders", decoder[0], {**sizes, **decoder[1]}),
        likelihood=head,
        terms=[catalogue.make("terms", *term) for term in terms],
        prior=catalogue.make("priors", "standard_normal", {}),
        corruption=corruption and catalogue.make("corruptions", *corruption),
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.2 * torch.randn(parameter.shape))
    return model


def losses(name):
    """Each term of the third training pass and the total with its weights, nats per example."""
    with RandomStream(0):
        model, x = build(name).train(), torch.rand(12, *PICTURE).round()
        for _ in range(2):  # running means and counts have moved
            model(Batch(x=x))
        loss = model.loss(model(Batch(x=x)))
    return {**{key: value.mean().item() for key, value in loss.terms.items()}, "total": loss.total.item()}


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_losses_are_what_they_were(name):
    known = json.loads(FILE.read_text(encoding="utf8"))
    assert losses(name) == pytest.approx(known[name], rel=1e-5, abs=1e-5)


if __name__ == "__main__":
    found = {name: losses(name) for name in COMPOSITIONS}
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf8")
