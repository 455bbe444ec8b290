"""A code of which few numbers differ from 0 is decoded from those alone: the same values, the same gradients."""

from dataclasses import replace

import pytest
import torch

from isthmus import catalogue
from isthmus.bottlenecks.top_k import TopK
from isthmus.decoders import dictionary
from isthmus.records import View


def decoded(features, decoder, condition, *, few):
    features = features.clone().requires_grad_()
    view = View(x=features, condition=condition)
    code = TopK(latent_dim=features.shape[1], k=4)(features, view, None)
    assert code.active.shape == (len(features), 4)
    assert int((code.z != 0).sum()) == int((code.z.gather(1, code.active) != 0).sum()) > 0
    output = decoder(code if few else replace(code, active=None), view)
    decoder.zero_grad()
    output.square().sum().backward()
    return output, features.grad, decoder.weight.grad.clone()


@pytest.mark.parametrize("conditions", [0, 3])
def test_values_and_gradients_are_those_of_the_whole_product(conditions, monkeypatch):
    torch.manual_seed(0)
    decoder = catalogue.make(
        "decoders", "dictionary", {"latent_dim": 128, "out_shape": (5,), "condition_dim": conditions}
    )
    decoder.spread.fill_(0.7)
    features, condition = torch.randn(9, 128), torch.rand(9, conditions) if conditions else None
    called = []
    plain = dictionary.F.embedding_bag
    monkeypatch.setattr(dictionary.F, "embedding_bag", lambda *a, **k: called.append(1) or plain(*a, **k))
    few = decoded(features, decoder, condition, few=True)
    assert called
    for found, wanted in zip(few, decoded(features, decoder, condition, few=False), strict=True):
        assert torch.allclose(found, wanted, atol=1e-5)


def test_small_codes_are_multiplied_whole(monkeypatch):
    decoder = catalogue.make("decoders", "dictionary", {"latent_dim": 127, "out_shape": (5,)})
    monkeypatch.setattr(dictionary.F, "embedding_bag", None)
    decoded(torch.randn(9, 127), decoder, None, few=True)
