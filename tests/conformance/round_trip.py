"""A part written down as JSON and built again is the same part."""

import json

from examples import connect, make

from isthmus import catalogue


def rebuilt(station, name, changed=None):
    """The part, and its copy by way of JSON with the same weights; both judge, neither trains."""
    changed = changed or {}
    part = make(station, name, **changed)
    spec = json.loads(json.dumps(part.spec(), allow_nan=False))
    modules = [part.arguments["module"]] if "module" in part.arguments else []
    copy = catalogue.build(spec, modules)
    if station == "decoders":
        connect(copy, name, changed)
        for encoder, other in zip(getattr(part, "_encoder", ()), getattr(copy, "_encoder", ()), strict=True):
            other.load_state_dict(encoder.state_dict())
        if getattr(part, "_tied", ()):
            copy._tied = part._tied
    if station == "terms":
        copy.__dict__.update({key: value for key, value in vars(part).items() if key == "_held"})
    if getattr(part, "_reader", ()):
        copy.connect(*part._reader)
    mine, its = part.state_dict(), copy.state_dict()
    assert {key: value.shape for key, value in mine.items()} == {key: value.shape for key, value in its.items()}
    copy.load_state_dict(mine)
    assert type(copy) is type(part)
    assert copy.spec() == part.spec()
    return part.eval(), copy.eval()
