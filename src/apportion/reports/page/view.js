// The planner's sliders, numbers and charts.
"use strict";

function startPlanner(start, copyables) {
  const planner = makePlanner(start.planner), bounded = !planner.isLoss;
  const get = (id) => document.getElementById(id);
  const plain = (value) => value.toLocaleString("en-US"), usd = (value) => `$${value.toLocaleString("en-US", { maximumFractionDigits: 2 })}`;
  const score = (value) => value.toFixed(3).replace(/^(-?)0\./, "$1.");
  const percent = (share) => `${Math.round(100 * share)} %`;
  const STEPS = 1000, REACH = { budget: 40, demonstration: 25, pair: 25 };
  const values = { budget: start.budget, demonstration: start.demonstration, pair: start.pair, epsilon: start.epsilon };

  // Sliders of money are logarithmic around the study's value, epsilon's is linear
  const ends = (name) => name === "epsilon" ? [0.005, 0.3] : [start[name] / REACH[name], start[name] * REACH[name]];
  function ofSlider(name, at) {
    const [low, high] = ends(name), t = at / STEPS;
    return name === "epsilon" ? Number((low + t * (high - low)).toFixed(3)) : Number((low * (high / low) ** t).toPrecision(3));
  }
  function toSlider(name, value) {
    const [low, high] = ends(name);
    const t = name === "epsilon" ? (value - low) / (high - low) : Math.log(value / low) / Math.log(high / low);
    return Math.round(STEPS * Math.min(1, Math.max(0, t)));
  }
  const words = { budget: (v) => `${plain(v)} US dollars`, demonstration: (v) => `${plain(v)} US dollars`,
    pair: (v) => `${plain(v)} US dollars`, epsilon: (v) => `${Number((100 * v).toFixed(1))} percent` };
  const shown = (name) => name === "epsilon" ? Number((100 * values[name]).toFixed(2)) : values[name];

  let frontier = null, frontierKey = "", timer = 0, width = 0;
  function changed(name, value, from) {
    values[name] = value;
    if (from !== "box") get(`${name}-box`).value = shown(name);
    if (from !== "slider") get(`${name}-slider`).value = toSlider(name, value);
    get(`${name}-slider`).setAttribute("aria-valuetext", Number.isFinite(value) ? words[name](value) : "not a number");
    update();
  }

  let found = null;
  function update() {
    const { budget, demonstration, pair, epsilon } = values;
    const refused = planner.refusal(budget, demonstration, pair, epsilon);
    get("outcome").classList.toggle("stale", Boolean(refused));
    if (refused) { get("say").textContent = refused; found = null; return; }
    found = planner.plan(budget, demonstration, pair, epsilon);
    const more = planner.marginals(found, demonstration, pair);
    get("out-demonstrations").textContent = plain(found.n_demonstrations);
    get("out-pairs").textContent = plain(found.n_pairs);
    get("out-share").textContent = `${percent(found.sft_share)} of the money`;
    get("out-rest").textContent = `${percent(1 - found.sft_share)} of the money`;
    get("out-score").textContent = score(found.expected_score);
    get("out-interval").textContent = `${score(found.low)} to ${score(found.high)}`;
    get("out-region").textContent = found.region.map((share) => `${Number(share.toFixed(2))}`.replace(/^0\./, ".")).join(" to ");
    get("out-within").textContent = found.status === "decided" ? `within ${Number((100 * epsilon).toFixed(1))} % of the best` : "cannot be told from the best";
    const gain = Math.max(more.demonstrations, more.pairs);
    get("out-next").textContent = gain <= 0 ? "nothing" : more.demonstrations >= more.pairs ? "demonstrations" : "pairs";
    get("out-gain").textContent = gain <= 0 ? "no gain expected of either"
      : planner.isLoss ? `${gain.toPrecision(2)} lower for $1 more` : `${score(100 * gain)} points for $1 more`;
    const state = found.status === "decided" ? [] : [`Undecided: ${found.reason}.`];
    get("say").textContent = [...state, ...planner.warnings(found)].join(" ");
    get("command").textContent = `apportion plan ${get("command").dataset.folder} --budget ${budget} --price-demonstration ${demonstration} `
      + `--price-pair ${pair} --epsilon ${Number(epsilon.toPrecision(6))}`;
    get("planner").dataset.plan = JSON.stringify({ ...found, line: undefined });
    drawLine();
    drawFrontier();
    clearTimeout(timer);
    if (frontierKey !== `${demonstration} ${pair}`) timer = setTimeout(() => findFrontier(0, []), 150);
  }

  function drawLine() {
    const { budget, demonstration, pair } = values, dots = [];
    for (const [s, p, y] of start.measured) {
      const cost = s * demonstration + p * pair;
      if (Math.abs(cost - budget) <= 0.02 * budget) dots.push([s * demonstration / cost, y]);
    }
    draw(get("line-chart"), { width, x: found.line.share, mean: found.line.mean, low: found.line.low, high: found.line.high, bounded, percent: true,
      dots, band: found.region, at: [found.sft_share, found.expected_score], xLabel: "share of the money for demonstrations",
      yLabel: start.measured_as, alt: `Expected ${start.measured_as} against the share of the money for demonstrations: `
        + `${score(found.line.mean[0])} at 0, ${score(found.expected_score)} at the plan's ${percent(found.sft_share)}, `
        + `${score(found.line.mean[found.line.mean.length - 1])} at 100 %.` });
  }

  // What each budget's own plan expects: one plan after the other, in pauses, for the prices as they are
  function findFrontier(i, points) {
    const [low, high] = ends("budget"), { demonstration, pair } = values, COUNT = 13;
    const budget = Number((low * (high / low) ** (i / (COUNT - 1))).toPrecision(4));
    if (!planner.refusal(budget, demonstration, pair, 0.05)) points.push({ budget, ...planner.plan(budget, demonstration, pair, 0.05) });
    if (i + 1 < COUNT) { timer = setTimeout(() => findFrontier(i + 1, points), 4); return; }
    frontier = points;
    frontierKey = `${demonstration} ${pair}`;
    if (found) drawFrontier();
    get("planner").dataset.frontier = frontierKey;
  }

  function drawFrontier() {
    const svg = get("frontier-chart"), isStale = frontierKey !== `${values.demonstration} ${values.pair}`;
    svg.classList.toggle("stale", isStale);
    if (!frontier || frontier.length < 2) return;
    draw(svg, { width, x: frontier.map((f) => f.budget), mean: frontier.map((f) => f.expected_score), low: frontier.map((f) => f.low),
      high: frontier.map((f) => f.high), bounded, isLog: true, at: [values.budget, found.expected_score],
      xLabel: "budget (USD)", yLabel: `${start.measured_as} of the best split`,
      alt: `Expected ${start.measured_as} of each budget's best split: ` + frontier.filter((_, i) => i % 3 === 0)
        .map((f) => `${score(f.expected_score)} for ${usd(f.budget)}`).join(", ") + "." });
  }

  for (const name of Object.keys(values)) {
    const slider = get(`${name}-slider`), box = get(`${name}-box`), unit = name === "epsilon" ? 100 : 1;
    slider.max = STEPS;
    slider.addEventListener("input", () => changed(name, ofSlider(name, Number(slider.value)), "slider"));
    box.addEventListener("input", () => changed(name, box.value === "" ? NaN : Number(box.value) / unit, "box"));
  }
  function reset() {
    for (const name of Object.keys(values)) {
      values[name] = start[name];
      get(`${name}-box`).value = shown(name);
      get(`${name}-slider`).value = toSlider(name, start[name]);
      get(`${name}-slider`).setAttribute("aria-valuetext", words[name](start[name]));
    }
    update();
  }
  get("reset").addEventListener("click", reset);
  get("planner").hidden = false;
  const measureWidth = () => { width = get("line-chart").parentElement.clientWidth; };
  measureWidth();
  new ResizeObserver(() => {
    measureWidth();
    if (found) { drawLine(); drawFrontier(); }
  }).observe(get("planner"));

  const rows = (heads, lines) => [heads.join(","), ...lines.map((line) => line.join(","))].join("\n") + "\n";
  copyables.live_line = () => found ? rows(["sft_share_of_money", start.planner.kind, "low", "high"],
    found.line.share.map((share, i) => [share, found.line.mean[i], found.line.low[i], found.line.high[i]])) : "";
  copyables.live_frontier = () => rows(["budget_usd", "sft_share_of_money", "n_demonstrations", "n_pairs", start.planner.kind, "low", "high"],
    (frontier || []).map((f) => [f.budget, f.sft_share, f.n_demonstrations, f.n_pairs, f.expected_score, f.low, f.high]));
  copyables.command = () => get("command").textContent;
  reset();
}
