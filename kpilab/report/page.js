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
  const draw = async (place) => {
    try {
      await window.vegaEmbed(place, read(place.dataset.spec), options);
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
