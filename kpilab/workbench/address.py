"""The address bar of the page: it says what is shown, so that it can be kept and sent."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

# In JupyterLab the address belongs to Lab; on a page of our own it says what is shown.
SCRIPT = """
export default { render({ model }) {
  const ours = !/\\/(lab|notebooks|tree|edit|doc)(\\/|$)/.test(location.pathname);
  const tell = () => { if (!ours) return;
    const kept = new URLSearchParams(location.search);
    const now = new URLSearchParams(model.get("query"));
    for (const name of ["theme", "token"]) if (kept.get(name)) now.set(name, kept.get(name));
    history.replaceState(null, "", location.pathname + (now.size ? "?" + now : ""));
    const lang = now.get("lang"); if (lang) document.documentElement.lang = lang; };
  model.on("change:query", tell); tell();
} };
"""


class Address(anywidget.AnyWidget):
    """Keeps the address of the page in step with `query`."""

    _esm = SCRIPT
    query: Any = traitlets.Unicode("").tag(sync=True)
