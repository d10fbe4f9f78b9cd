// What is wrong with the charts of a page: a list of [chart, fault, detail].
() => {
  const REPR = /mappingproxy|\b(?:Where|Period|Effect|Message|Timestamp|Timedelta|datetime)\(|\bNone\b|\bNaN\b|\bnan\b|undefined|\bnull\b|\bTrue\b|\bFalse\b|\[object|\de[-+−]\d|\(['"]|\d\.\d{7,}/;
  const SLACK = 1.5, LEAST = 8.5;
  const found = [];
  const shown = (el) => {
    const style = getComputedStyle(el), box = el.getBoundingClientRect();
    return style.visibility !== "hidden" && style.opacity !== "0" && box.width + box.height > 0;
  };
  const words = (el) => el.textContent.replaceAll("\u200b", "").trim();
  const inner = (box, frame) =>
    box.left >= frame.left - SLACK && box.right <= frame.right + SLACK && box.top >= frame.top - SLACK && box.bottom <= frame.bottom + SLACK;
  const meet = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
  const painted = (el) => [el.getAttribute("fill"), el.getAttribute("stroke")].filter((c) => c && c !== "none" && c !== "transparent");
  for (const chart of document.querySelectorAll(".chart")) {
    const id = chart.dataset.spec, svg = chart.querySelector("svg"), wrong = (what, detail = "") => found.push([id, what, detail]);
    if (!svg) { wrong("not drawn", chart.textContent); continue; }
    const frame = svg.getBoundingClientRect(), place = chart.getBoundingClientRect();
    if (frame.right > place.right + SLACK && getComputedStyle(chart).overflowX !== "auto") wrong("wider than its place");
    const texts = [...svg.querySelectorAll("text")].filter((t) => words(t) && shown(t));
    for (const text of texts) {
      if (!inner(text.getBoundingClientRect(), frame)) wrong("clipped", words(text));
      if (/…$/.test(words(text)) && words(text) !== "…") wrong("cut off", words(text));
      if (REPR.test(words(text))) wrong("repr", words(text));
      const size = parseFloat(getComputedStyle(text).fontSize) * (frame.width / (svg.viewBox.baseVal.width || frame.width));
      if (size < LEAST) wrong("too small", `${words(text)} ${size.toFixed(1)}`);
    }
    const own = texts.filter((t) => t.getAttribute("stroke") !== "white");  // the rims of words
    for (let i = 0; i < own.length; i++)
      for (let j = i + 1; j < own.length; j++)
        if (meet(own[i].getBoundingClientRect(), own[j].getBoundingClientRect()))
          wrong("texts meet", `${words(own[i])} | ${words(own[j])}`);
    for (const axis of svg.querySelectorAll(".role-axis-label")) {
      const ticks = [...axis.querySelectorAll("text")].filter(shown).map(words).filter(Boolean);
      const twice = ticks.filter((t, k) => ticks.indexOf(t) !== k);
      if (twice.length) wrong("repeated tick", [...new Set(twice)].join(" | "));
    }
    const marks = [...svg.querySelectorAll(".role-mark")];
    const drawn = marks.flatMap((m) => [...m.querySelectorAll(":scope > path, :scope > line, :scope > text, :scope > g > path")]).filter(
      (m) => shown(m) && painted(m).length && (m.tagName !== "text" || words(m)));
    if (!drawn.length) wrong("empty plot");
    const colours = new Set(drawn.flatMap(painted));
    for (const symbol of svg.querySelectorAll(".role-legend-symbol path"))
      if (!symbol.closest(".role-legend").querySelector("[stroke-dasharray]") && !painted(symbol).some((c) => colours.has(c))) wrong("legend without marks", painted(symbol).join(","));
    for (const plot of svg.querySelectorAll(".role-frame.root > g, .role-scope.cell > g, .role-scope > g")) {
      if (plot.closest(".role-legend, .role-title, .role-axis")) continue;
      const here = [...plot.querySelectorAll(".role-mark path, .role-mark line, .role-mark text")].filter((m) => shown(m) && painted(m).length);
      if (!here.length) wrong("empty panel");
    }
  }
  return found;
}
