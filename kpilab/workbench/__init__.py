"""Widget apps for JupyterLab and Voilà; every panel has a headless call."""

from kpilab.public import door

__all__, __getattr__, __dir__ = door(__name__)
