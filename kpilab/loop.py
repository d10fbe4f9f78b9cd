"""After the review: actions and what they did, the board, the watch, and the store of it all."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
