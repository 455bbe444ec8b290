"""What parts there are."""

from typing import Annotated

import typer

from isthmus.cli.listed import print_one, print_station
from isthmus.cli.outputs import say
from isthmus.listing import STATIONS, names


def command(
    station: Annotated[str | None, typer.Argument(help="encoders, bottlenecks, likelihoods ...")] = None,
    name: Annotated[str | None, typer.Argument(help="A part, to see its parameters.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the parts that models are made of.

    Example: `isthmus parts bottlenecks top_k`
    """
    if station is None:
        for each in STATIONS:
            if names(each):
                say(f"{each}: {', '.join(names(each))}")
    elif name is None:
        print_station(station, as_json=json)
    else:
        print_one(station, name, as_json=json)
