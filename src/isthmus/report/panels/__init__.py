"""Parts of the report, one a file: ``ORDER``, ``TITLE``, ``applies(context)`` and ``html(context)``."""
