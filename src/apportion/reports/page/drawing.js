// Charts of the planner: one line with its band, drawn at the width that there is, in the page's colours.
"use strict";

const SVG = "http://www.w3.org/2000/svg";

function node(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// A round step so that about `count` ticks lie between two values
function ticksBetween(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((s) => s * power >= rough) * power, ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) ticks.push(i * step);
  return ticks;
}

function powersBetween(low, high, most) {
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const step of steps) {
        const tick = step * 10 ** power;
        if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
      }
    }
    if (ticks.length <= most || steps.length === 1) {
      const every = Math.ceil(ticks.length / most);
      return ticks.filter((_, i) => i % every === 0);
    }
  }
  return [];
}

function inFew(value) {
  for (const [unit, letter] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (value >= unit) return `${Number((value / unit).toPrecision(3))}${letter}`;
  }
  return `${Number(value.toPrecision(3))}`;
}

// `chart`: x, mean, low, high (arrays), isLog, xLabel, yLabel, band: [from, to] shaded, at: [x, y] marked, dots: [[x, y]],
// percent: whether x is a share, alt, width: in pixels (measured by the caller: asking here would lay out the page)
function draw(svg, chart) {
  const width = Math.max(240, chart.width), height = 250;
  const left = 44, right = 10, top = 24, bottom = 42;
  const dots = chart.dots || [], floor = chart.bounded ? 0 : -Infinity, ceiling = chart.bounded ? 1 : Infinity;
  let yLow = Infinity, yHigh = -Infinity;
  for (let i = 0; i < chart.x.length; i++) { yLow = Math.min(yLow, chart.low[i]); yHigh = Math.max(yHigh, chart.high[i]); }
  for (const dot of dots) { yLow = Math.min(yLow, dot[1]); yHigh = Math.max(yHigh, dot[1]); }
  const room = 0.06 * (yHigh - yLow) || 0.01;
  yLow = Math.max(floor, yLow - room);
  yHigh = Math.min(ceiling, yHigh + room);
  const xLow = chart.x[0], xHigh = chart.x[chart.x.length - 1], span = width - left - right;
  const x = chart.isLog ? (v) => left + span * Math.log(v / xLow) / Math.log(xHigh / xLow)
    : (v) => left + span * (v - xLow) / (xHigh - xLow);
  const y = (v) => height - bottom - (height - top - bottom) * (v - yLow) / (yHigh - yLow);
  const place = (i, line) => `${x(chart.x[i]).toFixed(1)} ${y(line[i]).toFixed(1)}`;
  const indices = chart.x.map((_, i) => i), parts = [];
  const add = (name, attributes, text) => parts.push(node(name, attributes, text));
  if (chart.band) {
    const from = x(chart.band[0]), to = x(chart.band[1]);
    add("rect", { x: from - 1, y: top, width: to - from + 2, height: height - top - bottom, fill: "var(--green)", opacity: 0.14 });
  }
  for (const tick of ticksBetween(yLow, yHigh, 5)) {
    add("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick), stroke: "var(--rule)" });
    add("text", { x: left - 7, y: y(tick) + 4, "text-anchor": "end" }, `${Number(tick.toPrecision(4))}`.replace(/^0\./, "."));
  }
  const xs = chart.isLog ? powersBetween(xLow, xHigh, Math.floor(span / 52)) : ticksBetween(xLow, xHigh, 5);
  for (const tick of xs) {
    add("line", { x1: x(tick), x2: x(tick), y1: height - bottom, y2: height - bottom + 4, stroke: "var(--soft)" });
    add("text", { x: x(tick), y: height - bottom + 17, "text-anchor": "middle" }, chart.percent ? `${Math.round(100 * tick)} %` : inFew(tick));
  }
  add("line", { x1: left, x2: width - right, y1: height - bottom, y2: height - bottom, stroke: "var(--soft)" });
  add("text", { x: left + span / 2, y: height - 6, "text-anchor": "middle" }, chart.xLabel);
  add("text", { x: 0, y: 11 }, chart.yLabel);
  const up = indices.map((i) => place(i, chart.high)), down = indices.map((i) => place(i, chart.low)).reverse();
  add("path", { d: `M${up.join("L")}L${down.join("L")}Z`, fill: "var(--blue)", opacity: 0.17 });
  add("path", { d: `M${indices.map((i) => place(i, chart.mean)).join("L")}`, fill: "none", stroke: "var(--blue)", "stroke-width": 2 });
  for (const [u, v] of dots) add("circle", { cx: x(u), cy: y(v), r: 3, fill: "var(--ink)", opacity: 0.8 });
  const [u, v] = chart.at;
  if (u >= xLow && u <= xHigh) {
    add("line", { x1: x(u), x2: x(u), y1: top, y2: height - bottom, stroke: "var(--orange)", "stroke-width": 1.5, "stroke-dasharray": "4 3" });
    add("circle", { cx: x(u), cy: Math.min(height - bottom, Math.max(top, y(v))), r: 5, fill: "var(--orange)", stroke: "var(--raised)", "stroke-width": 2 });
  }
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  svg.setAttribute("aria-label", chart.alt);
  svg.replaceChildren(...parts);
}
