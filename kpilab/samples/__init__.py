"""Sample worlds with planted causes: for trying kpilab out, and for measuring its verdict."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
