"""Widget apps for JupyterLab and Voilà; every panel has a headless call."""
