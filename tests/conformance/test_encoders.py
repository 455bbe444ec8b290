"""Every encoder: shapes, independence of companions, gradients, masks, JSON."""

import pytest
import torch
from examples import BATCH, LATENT, arguments, cases, make, seen_by, streamed
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.records import View

ALL = pytest.mark.parametrize(("name", "changed"), cases("encoders"))


@ALL
def test_features_are_channels_last(name, changed):
    encoder = make("encoders", name, **changed).eval()
    found = encoder(seen_by(name))
    assert found.shape[0] == BATCH
    assert found.shape[-1] == encoder.out_dim == (0 if name == "nothing" else LATENT)
    assert found.dtype == torch.float32


@ALL
def test_an_example_does_not_depend_on_its_companions(name, changed):
    encoder = make("encoders", name, **changed).eval()
    encoder.initialise(seen_by(name, 20))
    whole = encoder(seen_by(name))
    alone = torch.cat([encoder(View(x=x[None])) for x in seen_by(name).x])
    assert torch.allclose(whole, alone, atol=1e-5)


@ALL
def test_it_tells_inputs_apart(name, changed):
    if name == "nothing":
        pytest.skip("has no features")
    encoder = make("encoders", name, **changed).eval()
    one, other = encoder(seen_by(name)), encoder(seen_by(name, seed=5))
    assert bool(((one - other).abs() > 1e-4).flatten(1).any(1).all())
    used = getattr(encoder, "mask", torch.ones(())) != 0  # codes of several widths
    assert bool(((encoder(seen_by(name, 16)).std(0) > 1e-5) == used).all())


@ALL
def test_initialise_keeps_the_shapes_of_all_tensors(name, changed):
    encoder = make("encoders", name, **changed)
    before = {key: value.shape for key, value in encoder.state_dict().items()}
    with torch.no_grad():
        encoder.initialise(seen_by(name, 20))
    after = encoder.state_dict()
    assert {key: value.shape for key, value in after.items()} == before
    assert all(bool(value.isfinite().all()) for value in after.values())


@ALL
@pytest.mark.parametrize("count", [1, 2])
def test_initialise_bears_few_and_constant_rows(name, changed, count):
    encoder = make("encoders", name, **changed)
    with torch.no_grad():
        encoder.initialise(View(x=torch.full_like(seen_by(name, count).x, 0.5)))
    assert bool(encoder.eval()(seen_by(name)).isfinite().all())


@ALL
def test_every_trainable_weight_gets_a_gradient(name, changed):
    encoder = make("encoders", name, **changed)
    if not list(encoder.parameters()):
        pytest.skip("has no weights")
    encoder(seen_by(name, 16)).square().sum().backward()
    for key, parameter in encoder.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, key
            assert bool(parameter.grad.isfinite().all()), key
            assert bool((parameter.grad != 0).any()), key


@ALL
def test_randomness_comes_from_the_current_stream(name, changed):
    """Weights, the start and a pass in training, all with one seed, are the same twice."""

    def act():
        encoder = catalogue.make("encoders", name, {**arguments("encoders", name), **changed}).train()
        encoder.initialise(seen_by(name, 20))
        return encoder(seen_by(name, 20))

    found = streamed(act, 1, 1, 2)
    assert torch.equal(found[0], found[1])


@ALL
def test_starting_leaves_the_sample_and_the_mode_alone(name, changed):
    given = seen_by(name, 20)
    x = given.x.clone()
    encoder = make("encoders", name, **changed).eval()
    encoder.initialise(given)
    assert torch.equal(given.x, x)
    assert not any(module.training for module in encoder.modules())


@ALL
def test_eval_changes_no_state_and_is_deterministic(name, changed):
    encoder = make("encoders", name, **changed).eval()
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    first, second = encoder(seen_by(name)), encoder(seen_by(name))
    assert torch.equal(first, second)
    assert all(torch.equal(before[key], value) for key, value in encoder.state_dict().items())


@ALL
def test_conditions_are_heard(name, changed):
    if "condition_dim" not in catalogue.parameters("encoders", name):
        pytest.skip("takes no condition")
    if name == "module":
        pytest.skip("the user's module decides")
    encoder = make("encoders", name, condition_dim=3, **changed).eval()
    one, other = seen_by(name, condition_dim=3), seen_by(name, condition_dim=3, seed=5)
    assert not torch.allclose(encoder(one), encoder(View(x=one.x, condition=other.condition)))


@ALL
def test_features_come_from_the_maps_of_the_same_pass(name, changed):
    told = name != "module" and "condition_dim" in catalogue.parameters("encoders", name)
    encoder = make("encoders", name, **({"condition_dim": 3} if told else {}), **changed).eval()
    encoder.initialise(seen_by(name, 20, condition_dim=3))
    seen = seen_by(name, condition_dim=3)
    maps = encoder.maps(seen)
    assert all(len(each) == BATCH for each in maps)
    assert torch.equal(encoder.from_maps(maps, seen), encoder(seen))


@ALL
def test_it_survives_json(name, changed):
    part, copy = rebuilt("encoders", name, changed)
    assert torch.equal(part(seen_by(name)), copy(seen_by(name)))
