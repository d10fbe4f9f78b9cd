"""Whether the work was done: claims against traces, patterns of made-up records, checks by hand."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
