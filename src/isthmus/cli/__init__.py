"""The command line: ``isthmus --help``."""

from isthmus.cli.application import main

__all__ = ["main"]
