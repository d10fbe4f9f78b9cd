"""Localisation: the few places of a cube that carry its deviation."""

from kpilab.stats.rootcause.localise.locate import Element, Everywhere, Known, Located, locate

__all__ = ["Element", "Everywhere", "Known", "Located", "locate"]
