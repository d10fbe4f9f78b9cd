"""Whether the data can be trusted, and what each metric means."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
