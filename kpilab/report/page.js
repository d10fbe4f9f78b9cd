"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const locale = read("locale");
  const options = {
    mode: "vega-lite",
    renderer: "svg",
    actions: false,
    ast: true, // Expressions are interpreted, not compiled: the page forbids eval.
    defaultStyle: false,
    logLevel: 1, // errors
    tooltip: { disableDefaultStyle: true },
    formatLocale: locale.number,
    timeFormatLocale: locale.time,
  };
  // Small panels stand side by side where there is room for them.
  const fitted = (spec, width) => {
    if (!spec.facet || !spec.spec || typeof spec.spec.width !== "number") return spec;
    const columns = Math.min(spec.columns || 1, Math.max(1, Math.floor(width / 320)));
    return { ...spec, columns, spec: { ...spec.spec, width: Math.floor(width / columns) - 75 } };
  };
  const draw = async (place) => {
    try {
      const spec = read(place.dataset.spec)[place.dataset.part];
      await window.vegaEmbed(place, fitted(spec, place.clientWidth), options);
      if (place.scrollWidth > place.clientWidth + 1) place.tabIndex = 0; // wide tables of colours
    } catch (error) {
      place.textContent = String(error.message || error);
      place.classList.add("failed");
    }
  };
  const places = [...document.querySelectorAll("[data-spec]")];
  Promise.all(places.map(draw)).then(() => {
    document.documentElement.dataset.charts = "drawn";
  });
  const fold = (open) => document.querySelectorAll("details").forEach((d) => (d.open = open));
  window.addEventListener("beforeprint", () => fold(true));
  const target = () => {
    const there = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = there && there.closest("details");
    if (folded) folded.open = true;
  };
  window.addEventListener("hashchange", target);
  target();
})();
