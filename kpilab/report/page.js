"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const locale = read("locale");
  const config = read("look");
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
  const WIDEST = 736;
  // Of a folded place nothing is known: its card is as wide as the step it stands in.
  const room = (place) => {
    const around = place.clientWidth ? null : place.closest("details").closest("section");
    return Math.min(WIDEST, Math.max(200, around ? around.clientWidth - 48 : place.clientWidth));
  };
  // Small panels stand side by side where there is room for them.
  const fitted = (spec, width) => {
    if (spec.width === "container") return { ...spec, width };
    if (!spec.facet || !spec.spec || typeof spec.spec.width !== "number") return spec;
    const columns = Math.min(spec.columns || 1, Math.max(1, Math.floor(width / 320)));
    return { ...spec, columns, spec: { ...spec.spec, width: Math.floor(width / columns) - 75 } };
  };
  // The data come as columns and lists of values.
  const rows = ({ columns, rows }) => rows.map((row) => Object.fromEntries(columns.map((c, k) => [c, row[k]])));
  const whole = (spec) => {
    const sets = Object.entries(spec.datasets || {}).map(([name, set]) => [name, rows(set)]);
    return { config, ...spec, datasets: Object.fromEntries(sets) };
  };
  const draw = async (place) => {
    try {
      const spec = whole(read(place.dataset.spec)[place.dataset.part]);
      await window.vegaEmbed(place, fitted(spec, room(place)), options);
      if (place.scrollWidth > place.clientWidth + 1) place.tabIndex = 0; // wide tables of colours
    } catch (error) {
      place.textContent = String(error.message || error);
      place.classList.add("failed");
    }
  };
  const places = [...document.querySelectorAll("[data-spec]")];
  const all = () =>
    Promise.all(places.map(draw)).then(() => (document.documentElement.dataset.charts = "drawn"));
  all();
  let known = window.innerWidth;
  let later = 0;
  window.addEventListener("resize", () => {
    clearTimeout(later);
    if (window.innerWidth !== known) later = setTimeout(() => ((known = window.innerWidth), all()), 200);
  });
  const target = () => {
    const there = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let d = there && there.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
    if (there) there.scrollIntoView();
  };
  window.addEventListener("hashchange", target);
  target();
})();
