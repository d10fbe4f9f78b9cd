"""Whether it is us or everybody: the market beside us, and what would have been."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
