"""What data sets are known."""

from isthmus.cli.outputs import say


def command() -> None:
    """List the data sets that can be named instead of a file."""
    from isthmus.data.loading import names

    width = max(map(len, names()))
    for name, about in names().items():
        say(f"{name:<{width}}  {about}")
