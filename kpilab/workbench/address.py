"""The address bar of the page, which says what is shown, so that it can be kept and sent; and its
keys, which are the page's own."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

# JupyterLab takes arrows and letters for the notebook where a list or a button has the focus,
# unless that keeps its keys to itself. What is around a part is not there yet when it is drawn.
KEYS = """
const keep = (el, times) => {
  const ours = el.closest(".kp-home") || el.closest(".kp-panel");
  if (ours) ours.addEventListener("focusin", e => {
    e.target.dataset.lmSuppressShortcuts = "true"; });
  else if (times) setTimeout(keep, 100, el, times - 1); };
"""
# In JupyterLab the address belongs to Lab; on a page of our own it says what is shown.
SCRIPT = """
export default { render({ model, el }) { keep(el, 100);
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

    _esm = KEYS + SCRIPT
    query: Any = traitlets.Unicode("").tag(sync=True)


class Keys(anywidget.AnyWidget):
    """Keeps the keys that are pressed in a panel from the notebook around it."""

    _esm = KEYS + "export default { render({ el }) { keep(el, 100); } };"
