"""One kind of input a file: ``accepts(data)`` and ``read(data, options)``."""
