"""What can go wrong when a model is exported."""

from isthmus.errors import IsthmusError


class ExportError(IsthmusError, RuntimeError):
    """A graph cannot be written: the model has none, ONNX lacks an operation, or what it says is not the model's."""
