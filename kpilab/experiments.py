"""Planning a test, reading it, and reading an old one again."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
