"""Every decoder: shapes, independence of companions, gradients, the start, JSON."""

import pytest
import torch
from examples import (
    BATCH,
    LATENT,
    SHAPE,
    arguments,
    cases,
    codes,
    connect,
    features,
    grid_of,
    make,
    pictures,
    streamed,
    symbols,
    view,
    writes,
)
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.records import Code, View

ALL = pytest.mark.parametrize(("name", "changed"), cases("decoders"))


@ALL
def test_output_has_the_likelihoods_outputs_then_the_shape(name, changed):
    decoder = make("decoders", name, **changed).eval()
    outputs = decoder.arguments.get("outputs", 1)  # the default
    assert decoder(Code(z=features(LATENT, decoder.grid)), None).shape == (BATCH, outputs, *SHAPE)


@ALL
def test_several_outputs_all_of_them_alive_or_a_refusal_in_words(name, changed):
    module = torch.nn.Linear(LATENT, 3 * 128)
    more = {"module": module} if "module" in catalogue.parameters("decoders", name) else {}
    try:
        decoder = make("decoders", name, outputs=3, **changed, **more)
    except ParameterError as error:
        assert "outputs is 3" in str(error)
        return
    output = decoder(codes(name, 16), None)
    assert output.shape == (16, 3, *SHAPE)
    assert bool((output.std(dim=0).flatten(1).mean(1) > 0).all())
    output.square().sum().backward()
    assert all(bool((p.grad != 0).any()) for p in decoder.parameters() if p.requires_grad)


@ALL
def test_an_example_does_not_depend_on_its_companions(name, changed):
    decoder, z = make("decoders", name, **changed).eval(), features(LATENT, grid_of(name))
    whole = decoder(Code(z=z), None)
    alone = torch.cat([decoder(Code(z=one[None]), None) for one in z])
    assert torch.allclose(whole, alone, atol=1e-5)


@ALL
def test_it_tells_codes_apart(name, changed):
    decoder = make("decoders", name, **changed).eval()
    z, other = (features(LATENT, decoder.grid, seed=seed) for seed in (0, 5))
    assert bool(((decoder(Code(z=z), None) - decoder(Code(z=other), None)).abs() > 1e-4).flatten(1).any(1).all())


@ALL
def test_the_start_is_no_worse_than_the_mean(name, changed):
    """After ``initialise`` the output is at least as close to what is wanted as its mean (conv: the channels') is."""
    if name == "module":
        pytest.skip("the user's module starts as it is")
    decoder = make("decoders", name, **changed).eval()
    z = features(LATENT, decoder.grid, count=60)
    mixing = torch.randn(z[0].numel(), 128, generator=torch.Generator().manual_seed(3))
    wanted = (z.flatten(1) @ mixing).unflatten(1, SHAPE) + 5.0
    with torch.no_grad():
        for parameter in decoder.parameters():  # as a fresh part: what starts at zero is at zero
            if parameter.requires_grad:
                parameter.mul_(0.0 if hasattr(decoder, "head") else 1.0)
        decoder.initialise(Code(z=z), View(x=wanted), wanted)
        error = (decoder(Code(z=z), None)[:, 0] - wanted).square().mean()
    if getattr(decoder, "path", None) is not None:
        assert error < 1e-3 * wanted.var()
    elif name in ("mlp", "conv"):
        mean = wanted.mean((0, 2, 3), keepdim=True) if name == "conv" else wanted.mean(0)
        assert error <= 1.001 * (wanted - mean).square().mean()
    assert bool(error.isfinite())


@ALL
def test_every_trainable_weight_gets_a_gradient(name, changed):
    decoder = make("decoders", name, **changed)
    decoder(codes(name, 16), None).square().sum().backward()
    for key, parameter in decoder.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, key
            assert bool(parameter.grad.isfinite().all()), key
            assert bool((parameter.grad != 0).any()), key


@ALL
def test_randomness_comes_from_the_current_stream(name, changed):
    """Weights and a pass in training, with one seed, are the same twice."""

    def act():
        decoder = catalogue.make("decoders", name, {**arguments("decoders", name), **changed}).train()
        connect(decoder, name, changed)
        teacher = symbols((BATCH, *SHAPE), levels=2) if writes(name) else None
        return decoder(Code(z=features(LATENT, decoder.grid)), None, teacher)

    found = streamed(act, 1, 1, 2)
    assert torch.equal(found[0], found[1])


@ALL
def test_eval_changes_no_state_and_is_deterministic(name, changed):
    decoder, code = make("decoders", name, **changed).eval(), Code(z=features(LATENT, grid_of(name)))
    before = {key: value.clone() for key, value in decoder.state_dict().items()}
    assert torch.equal(decoder(code, None), decoder(code, None))
    assert all(torch.equal(before[key], value) for key, value in decoder.state_dict().items())


@ALL
def test_conditions_are_heard(name, changed):
    if "condition_dim" not in catalogue.parameters("decoders", name):
        pytest.skip("takes no condition")
    if name == "module":
        pytest.skip("the user's module decides")
    decoder, code = make("decoders", name, condition_dim=3, **changed).eval(), Code(z=features(LATENT))
    one, other = view(condition_dim=3), view(condition_dim=3, seed=5)
    assert not torch.allclose(decoder(code, one), decoder(code, other))


@ALL
def test_it_survives_json(name, changed):
    part, copy = rebuilt("decoders", name, changed)
    code = Code(z=features(LATENT, part.grid))
    assert torch.equal(part(code, None), copy(code, None))


@pytest.mark.parametrize("size", [(1, 28, 28), (3, 32, 32), (3, 64, 64), (1, 96, 128), (2, 17, 23), (1, 5, 9)])
def test_conv_takes_pictures_of_any_size(size):
    channels = (3, 4)
    encoder = catalogue.make("encoders", "conv", {"in_shape": size, "out_dim": 2, "channels": channels})
    decoder = catalogue.make("decoders", "conv", {"latent_dim": 2, "out_shape": size, "channels": channels[::-1]})
    x = pictures(2).new_zeros(2, *size)
    assert decoder(Code(z=encoder(View(x=x))), None).shape == (2, 1, *size)
