"""A part written down as JSON and built again is the same part."""

import json

import torch
from examples import connect, make

from isthmus import catalogue


def rebuilt(station, name):
    """The part, and its copy by way of JSON with the same weights."""
    part = make(station, name)
    spec = json.loads(json.dumps(part.spec()))
    modules = [part.arguments["module"]] if "module" in part.arguments else []
    copy = catalogue.build(spec, modules)
    if station == "decoders":
        connect(copy, name, {})
        for encoder, other in zip(getattr(part, "_encoder", ()), getattr(copy, "_encoder", ()), strict=True):
            other.load_state_dict(encoder.state_dict())
        if getattr(part, "_tied", ()):
            copy._tied = part._tied
    copy.load_state_dict(part.state_dict())
    assert copy.spec() == part.spec()
    return part.eval(), copy.eval()


def same(a, b):
    return torch.equal(a, b)
