// Plans in the page: the same posterior, draws and rules as apportion.plans.plan, at any budget and prices.
// `makePlanner(document)` takes what apportion.plans.planner_document returns. No DOM in here.
"use strict";

function makePlanner(d) {
  const c = d.constants, isLoss = d.kind === "loss", DRAWS = c.draws, shocks = floats(d.shocks);
  const { posterior, points } = makePosterior(d);
  // plans.footing.Footing.expected: the scores given all runs, where these do not decide the split
  const told = d.expected && makePosterior({ ...d, ...d.expected }), level = d.expected ? d.expected.level : { latent: [], noise: [] };
  const ofSurface = DRAWS - level.latent.length, noise = new Float64Array(DRAWS);
  (told || { points }).points.reduce((start, point) => {
    noise.fill(point.noise, start, start + point.draws);
    return start + point.draws;
  }, 0);
  noise.set(level.noise, ofSurface);
  function expected(s, p, beside) {
    if (!told) return posterior(s, p, beside);
    const y = told.posterior(s, p, beside), Q = s.length;
    level.latent.forEach((gain, i) => {
      for (let at = 0; at < Q; at++) {
        const z = Math.min(50, Math.max(-50, d.reference + (s[at] + p[at] > 0 ? gain : 0)));
        y[(ofSurface + i) * Q + at] = isLoss ? Math.exp(-z) : 1 / (1 + Math.exp(-z));
      }
    });
    return y;
  }

  // plans.plan._Problem.lasting: what a purchase beyond the largest run contains is worth no less; null where none is beyond
  let contained = null;
  function lasting(y, s, p) {
    const Q = s.length, beyond = s.map((n, i) => n + p[i] > d.largest_run), sign = isLoss ? -1 : 1;
    if (d.largest_run === 0 || !beyond.some(Boolean)) return null;
    if (!contained) {
      const fs = c.fewer.map((x) => x[0] * d.largest_run), fp = c.fewer.map((x) => x[1] * d.largest_run);
      const draws = expected(fs, fp, []);
      contained = { fs, fp, draws, worth: means(draws, fs.length).map((x) => sign * x) };
    }
    const { fs, fp, draws, worth } = contained, own = means(y, Q), told = Float64Array.from(y);
    for (let i = 0; i < Q; i++) {
      let best = -1;
      for (let j = 0; beyond[i] && j < fs.length; j++) {
        if (fs[j] <= s[i] && fp[j] <= p[i] && (best < 0 || worth[j] > worth[best])) best = j;
      }
      if (best < 0 || worth[best] <= sign * own[i]) continue;
      for (let draw = 0; draw < DRAWS; draw++) told[draw * Q + i] = draws[draw * fs.length + best];
    }
    return told;
  }
  function means(y, Q) {
    const mean = new Array(Q).fill(0);
    for (let i = 0; i < y.length; i++) mean[i % Q] += y[i] / DRAWS;
    return mean;
  }

  // plans.budget_line
  function countsAt(share, budget, demonstration, pair) {
    const slack = 1 + 1e-12, most = 1e12;
    let s = Math.trunc(Math.min(most, share * budget / demonstration * slack));
    let p = Math.trunc(Math.min(most, (1 - share) * budget / pair * slack));
    let over = s * demonstration + p * pair - budget * slack;
    if (over > 0 && s > 0) {
      s = Math.max(0, s - Math.ceil(over / demonstration));
      over = s * demonstration + p * pair - budget * slack;
    }
    if (over > 0) p = Math.max(0, p - Math.ceil(over / pair));
    return [s, p];
  }
  function shareGrid(lowest) {
    const shares = [];
    for (let i = 0; i <= 100; i++) shares.push(i === 100 ? 1 : i * 0.01);
    for (const part of [0.25, 0.5, 0.75, 1]) shares.push(lowest * part);
    for (let i = 1; i < 15; i++) shares.push(i === 14 ? 1 : Math.pow(10, Math.log10(lowest) * (1 - i / 14)));
    shares.sort((a, b) => a - b);
    return shares.filter((x, i) => i === 0 || x - shares[i - 1] > 1e-9 * x);
  }
  function straightBelow(y, Q, shares, lowest) {
    const at = shares.findIndex((x) => x >= lowest * (1 - 1e-9));
    for (let draw = 0; at > 0 && draw < DRAWS; draw++) {
      const first = y[draw * Q], last = y[draw * Q + at];
      for (let i = 0; i <= at; i++) y[draw * Q + i] = first * (1 - shares[i] / shares[at]) + last * shares[i] / shares[at];
    }
  }
  function candidateCells(budget, demonstration, pair) {
    const cells = new Map();
    for (const size of c.candidate_sizes) {
      for (const share of c.candidate_shares) {
        const s = Math.trunc(share * size * budget / demonstration), p = Math.trunc((1 - share) * size * budget / pair);
        if (s + p >= 4) cells.set(`${s},${p}`, [s, p]);
      }
    }
    return [...cells.values()];
  }
  function quantile(sorted, q) {
    const at = q * (sorted.length - 1), low = Math.floor(at), high = Math.min(low + 1, sorted.length - 1);
    return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
  }
  const nearBest = (values, epsilon) => {
    const best = isLoss ? Math.min(...values) : Math.max(...values);
    return values.map((x) => isLoss ? x <= (1 + epsilon) * best : x >= (1 - epsilon) * best);
  };

  // What is wrong with the money, or nothing
  function refusal(budget, demonstration, pair, epsilon) {
    if (![budget, demonstration, pair, epsilon].every(Number.isFinite)) return "Type numbers.";
    if (demonstration < 1e-9 || pair < 1e-9 || demonstration > 1e12 || pair > 1e12) return "A price is above 0 USD.";
    if (!(epsilon > 0 && epsilon < 1)) return "Epsilon lies between 0 and 100 %.";
    if (!(budget > 0)) return "The budget is above 0 USD.";
    if (budget < Math.min(demonstration, pair)) return "The budget buys no label at these prices.";
    if (budget / Math.min(demonstration, pair) > 1e12) return "That is more than 1e12 labels.";
    return "";
  }

  // Draws along a line with their mean and 95 % interval; the last line is kept, as epsilon changes nothing of it
  let kept = { key: "" };
  function lineAt(budget, demonstration, pair) {
    const key = `${budget} ${demonstration} ${pair}`;
    if (kept.key === key) return kept;
    const paid = d.lowest_share * demonstration, lowest = paid / (paid + (1 - d.lowest_share) * pair);
    const shares = shareGrid(lowest), Q = shares.length;
    const bought = shares.map((share) => countsAt(share, budget, demonstration, pair));
    const s = bought.map((b) => b[0]), p = bought.map((b) => b[1]), beside = candidateCells(budget, demonstration, pair);
    const straight = (y) => { straightBelow(y, Q, shares, lowest); return y; };
    const raw = expected(s, p, beside), lasted = lasting(raw, s, p);
    const scores = straight(raw), y = told ? straight(posterior(s, p, beside)) : scores;
    const shown = lasted ? straight(lasted) : scores;
    const mean = new Array(Q).fill(0), low = new Array(Q), high = new Array(Q), column = new Float64Array(DRAWS);
    const chosenBy = new Array(Q).fill(0);
    for (let i = 0; i < Q; i++) {
      for (let draw = 0; draw < DRAWS; draw++) {
        column[draw] = shown[draw * Q + i];
        mean[i] += column[draw];
        chosenBy[i] += y[draw * Q + i];
      }
      mean[i] /= DRAWS;
      chosenBy[i] /= DRAWS;
      column.sort();
      low[i] = quantile(column, 0.025);
      high[i] = quantile(column, 0.975);
    }
    return kept = { key, shares, bought, y, scores, shown, chosenBy, mean, low, high };
  }

  // plans.plan: everything but price changes and the next experiment
  function plan(budget, demonstration, pair, epsilon) {
    const { shares, bought, y, scores, shown, chosenBy, mean, low, high } = lineAt(budget, demonstration, pair), Q = shares.length;
    const utility = isLoss ? chosenBy.map((x) => -x) : chosenBy;
    const best = Math.max(...utility), spread = best - Math.min(...utility);
    let at = utility.indexOf(best);
    if (at !== 0) {
      const near = nearBest(chosenBy, c.choice_epsilon).map((x, i) => x && utility[i] >= best - 0.2 * spread - 1e-15);
      const middle = (shares[near.indexOf(true)] + shares[near.lastIndexOf(true)]) / 2;
      let distance = Infinity;
      near.forEach((x, i) => {
        if (x && Math.abs(shares[i] - middle) < distance) { at = i; distance = Math.abs(shares[i] - middle); }
      });
    }
    const isEmpty = (i) => bought[i][0] + bought[i][1] === 0;
    if (isEmpty(at)) { // a label that the budget buys, where one helps
      let some = -1;
      utility.forEach((x, i) => { if (!isEmpty(i) && (some < 0 || x > utility[some])) some = i; });
      if (some >= 0 && utility[some] > utility[at]) at = some;
    }
    const often = new Array(Q).fill(0);
    let regret = 0;
    for (let draw = 0; draw < DRAWS; draw++) {
      let top = isLoss ? Infinity : -Infinity;
      for (let i = 0; i < Q; i++) top = isLoss ? Math.min(top, y[draw * Q + i]) : Math.max(top, y[draw * Q + i]);
      for (let i = 0; i < Q; i++) {
        const x = y[draw * Q + i];
        if (isLoss ? x <= (1 + epsilon) * top : x >= (1 - epsilon) * top) often[i]++;
      }
      const line = scores.subarray(draw * Q, (draw + 1) * Q);
      regret += Math.abs((isLoss ? Math.min(...line) : Math.max(...line)) - line[at]) / DRAWS;
    }
    const sure = often[at] / DRAWS;
    let reason = d.reason;
    if (!reason && sure < c.sure) {
      reason = `the share is within ${Math.round(100 * epsilon)}% of the best with probability ${sure.toFixed(2)} only`;
    }
    let near = nearBest(chosenBy, epsilon);
    if (!reason && at === 0 && near.every(Boolean)) {
      reason = `every share is within ${Math.round(100 * epsilon)}% of the best: no reason to buy no demonstrations`;
    }
    if (reason) near = often.map((n) => n / DRAWS >= 0.1);
    near[at] = true;
    const runs = new Float64Array(4 * DRAWS);
    for (let i = 0; i < runs.length; i++) {
      const draw = i % DRAWS, shock = shocks[i] * noise[draw], x = shown[draw * Q + at];
      const held = Math.min(1 - 1e-9, Math.max(1e-9, x));
      runs[i] = isLoss ? x * Math.exp(shock) : 1 / (1 + (1 - held) / held * Math.exp(-shock));
    }
    runs.sort();
    const [s, p] = bought[at];
    return {
      status: reason ? "undecided" : "decided", reason, kind: d.kind, n_demonstrations: s, n_pairs: p,
      sft_share: shares[at], cost_usd: s * demonstration + p * pair, expected_score: mean[at],
      low: Math.min(quantile(runs, 0.025), mean[at]), high: Math.max(quantile(runs, 0.975), mean[at]),
      region: [shares[near.indexOf(true)], shares[near.lastIndexOf(true)]], epsilon, sure, regret,
      line: { share: shares, mean, low, high },
    };
  }

  // The next USD on either kind, plans.plan._Problem.marginals
  function marginals(found, demonstration, pair) {
    const s = found.n_demonstrations, p = found.n_pairs;
    const stepS = Math.max(1, Math.floor(s / 10), Math.floor(p / 50));
    const stepP = Math.max(1, Math.floor(p / 10), Math.floor(s / 50));
    const atS = [s, s + stepS, s], atP = [p, p, p + stepP], raw = expected(atS, atP, []);
    const mean = means(lasting(raw, atS, atP) || raw, 3);
    const sign = isLoss ? -1 : 1, least = d.largest_run && s + p > d.largest_run ? 0 : -Infinity;
    return { demonstrations: Math.max(least, sign * (mean[1] - mean[0]) / (stepS * demonstration)),
      pairs: Math.max(least, sign * (mean[2] - mean[0]) / (stepP * pair)) };
  }

  function warnings(found) {
    const said = [], n = found.n_demonstrations + found.n_pairs;
    if (found.n_demonstrations === 0 && n > 0) said.push("This buys no demonstrations: preference training of an untrained model has "
      + "failed on reasoning tasks (arXiv 2502.11284). Measure a cell without demonstrations first.");
    if (d.largest_run && n > 8 * d.largest_run) said.push(`${n.toLocaleString("en-US")} labels are `
      + `${Math.round(n / d.largest_run).toLocaleString("en-US")} times the largest run `
      + `(${d.largest_run.toLocaleString("en-US")}).`);
    if (!d.base_known) said.push("No run of the untrained model: its level is a guess.");
    return said;
  }

  return { plan, marginals, warnings, refusal, isLoss };
}
if (typeof module !== "undefined") module.exports = { makePlanner };
