"""Every encoder: shapes, independence of companions, gradients, masks, JSON."""

import pytest
import torch
from examples import LATENT, SHAPE, make, parts, pictures, view
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.errors import UnknownNameError
from isthmus.records import View

ALL = pytest.mark.parametrize("name", parts("encoders"))


@ALL
def test_features_are_channels_last(name):
    encoder = make("encoders", name).eval()
    found = encoder(view())
    assert found.shape[0] == len(pictures())
    assert found.shape[-1] == encoder.out_dim == LATENT
    assert found.dtype == torch.float32


@ALL
def test_an_example_does_not_depend_on_its_companions(name):
    encoder = make("encoders", name).eval()
    encoder.initialise(view(20))
    whole = encoder(view())
    alone = torch.cat([encoder(View(x=x[None])) for x in view().x])
    assert torch.allclose(whole, alone, atol=1e-5)


@ALL
def test_initialise_keeps_the_shapes_of_all_tensors(name):
    encoder = make("encoders", name)
    before = {key: value.shape for key, value in encoder.state_dict().items()}
    with torch.no_grad():
        encoder.initialise(view(20))
    after = encoder.state_dict()
    assert {key: value.shape for key, value in after.items()} == before
    assert all(bool(value.isfinite().all()) for value in after.values())


@ALL
@pytest.mark.parametrize("count", [1, 2])
def test_initialise_bears_few_and_constant_rows(name, count):
    encoder = make("encoders", name)
    with torch.no_grad():
        encoder.initialise(View(x=torch.full((count, *SHAPE), 0.5)))
    assert bool(encoder.eval()(view()).isfinite().all())


@ALL
def test_every_trainable_weight_gets_a_gradient(name):
    encoder = make("encoders", name)
    encoder(view(16)).square().sum().backward()
    for key, parameter in encoder.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, key
            assert bool(parameter.grad.isfinite().all()), key
            assert bool((parameter.grad != 0).any()), key


@ALL
def test_eval_changes_no_state_and_is_deterministic(name):
    encoder = make("encoders", name).eval()
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    first, second = encoder(view()), encoder(view())
    assert torch.equal(first, second)
    assert all(torch.equal(before[key], value) for key, value in encoder.state_dict().items())


@ALL
def test_conditions_are_heard(name):
    if "condition_dim" not in catalogue.parameters("encoders", name):
        pytest.skip("takes no condition")
    if name == "module":
        pytest.skip("the user's module decides")
    encoder = make("encoders", name, condition_dim=3).eval()
    one, other = view(condition_dim=3), view(condition_dim=3, seed=5)
    assert not torch.allclose(encoder(one), encoder(View(x=one.x, condition=other.condition)))


@ALL
def test_it_survives_json(name):
    part, copy = rebuilt("encoders", name)
    assert torch.equal(part(view()), copy(view()))


def test_all_wrong_arguments_are_told_at_once():
    with pytest.raises(UnknownNameError, match=r"hiden(.|\n)*activatoin(.|\n)*out_dim"):
        catalogue.make("encoders", "mlp", {"in_shape": (3,), "hiden": (2,), "activatoin": "relu"})
