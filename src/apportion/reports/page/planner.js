// Plans in the page: the same posterior, draws and rules as apportion.plans.plan, at any budget and prices.
// `makePlanner(document)` takes what apportion.plans.planner_document returns. No DOM in here.
"use strict";

function makePlanner(d) {
  const h = d.hyper, c = d.constants, isLoss = d.kind === "loss", DRAWS = c.draws;
  const normals = floats(d.normals), shocks = floats(d.shocks);

  function floats(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return Float32Array.from(new Float32Array(bytes.buffer));
  }

  // a[i..i+n] . b[j..j+n], in four sums at a time: one alone would wait for itself
  function dotAt(a, i, b, j, n) {
    let w = 0, x = 0, y = 0, z = 0, k = 0;
    for (; k + 3 < n; k += 4) {
      w += a[i + k] * b[j + k];
      x += a[i + k + 1] * b[j + k + 1];
      y += a[i + k + 2] * b[j + k + 2];
      z += a[i + k + 3] * b[j + k + 3];
    }
    for (; k < n; k++) w += a[i + k] * b[j + k];
    return w + x + y + z;
  }
  // The same of row i of a and row j of b, rows of n
  const dot = (a, i, b, j, n) => dotAt(a, i * n, b, j * n, n);

  // laws.surface_kernel.Features: five numbers for each cell
  function features(s, p, lowest) {
    const n = s.length, f = { n, size: new Float64Array(n), share: new Float64Array(n), zero: new Float64Array(n),
      demonstrations: new Float64Array(n), pairs: new Float64Array(n) };
    for (let i = 0; i < n; i++) {
      const total = s[i] + p[i];
      f.size[i] = Math.log1p(total / c.onset);
      f.share[i] = total > 0 ? s[i] / total : 0.5;
      f.zero[i] = total > 0 ? Math.min(1, Math.max(0, 1 - f.share[i] / lowest)) : 0;
      f.demonstrations[i] = Math.log1p(s[i] / c.onset);
      f.pairs[i] = Math.log1p(p[i] / c.onset);
    }
    return f;
  }

  // laws.surface_kernel.covariances: [shared, own], each (a.n, b.n) row by row; of cells with themselves the lower half
  function covariances(a, b, withOwn = true) {
    const shared = new Float64Array(a.n * b.n), own = new Float64Array(withOwn ? a.n * b.n : 0);
    const bell = (x, reach) => Math.exp(-0.5 * (x / reach) * (x / reach));
    for (let i = 0; i < a.n; i++) {
      const last = a === b ? i + 1 : b.n;
      for (let j = 0; j < last; j++) {
        const at = i * b.n + j;
        const growth = a.size[i] * b.size[j] / 10, zero = a.zero[i] * b.zero[j];
        const dSize = a.size[i] - b.size[j], byShare = bell(a.share[i] - b.share[j], h.share_reach);
        const ds = a.demonstrations[i] - b.demonstrations[j], dp = a.pairs[i] - b.pairs[j];
        const ss = a.demonstrations[i] * b.demonstrations[j] / 10, pp = a.pairs[i] * b.pairs[j] / 10;
        let reach = bell(dSize, h.shared_reach);
        shared[at] = growth * reach * (h.shared_level + h.shared_share * byShare + h.shared_zero * zero)
          + h.shared_demonstrations * ss * bell(ds, h.shared_reach_each)
          + h.shared_pairs * pp * bell(dp, h.shared_reach_each);
        if (!withOwn) continue;
        reach = bell(dSize, h.own_reach);
        own[at] = reach * (h.own_level * growth + h.own_share * byShare + h.own_zero * zero)
          + h.own_demonstrations * ss * bell(ds, h.own_reach_each) + h.own_pairs * pp * bell(dp, h.own_reach_each);
      }
    }
    return [shared, own];
  }

  // The lower root of a symmetric matrix (n, n), or null where it has none
  function cholesky(matrix, n, jitter) {
    const root = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      const row = i * n;
      for (let j = 0; j < i; j++) {
        const other = j * n;
        root[row + j] = (matrix[row + j] - dotAt(root, row, root, other, j)) / root[other + j];
      }
      const sum = matrix[row + i] + jitter - dotAt(root, row, root, row, i);
      if (!(sum > 0)) return null;
      root[row + i] = Math.sqrt(sum);
    }
    return root;
  }

  // root x = right, for right (n, columns) given and returned transposed, (columns, n): its rows are short and dense
  function solved(root, n, right, columns) {
    const x = new Float64Array(n * columns);
    for (let j = 0; j < columns; j++) {
      const at = j * n;
      for (let i = 0; i < n; i++) {
        x[at + i] = (right[at + i] - dotAt(root, i * n, x, at, i)) / root[i * n + i];
      }
    }
    return x;
  }

  // What published cells say, laws.surface._Model.__init__: known once, for all moves
  const K = d.known.gain.length, m = d.own.gain.length;
  const known = features(d.known.n_demonstrations, d.known.n_pairs, c.known_lowest_share);
  const own = features(d.own.n_demonstrations, d.own.n_pairs, d.lowest_share);
  let knownRoot = null, knownWhite = new Float64Array(0);
  if (K) {
    const [shared, single] = covariances(known, known);
    for (let i = 0; i < K; i++) {
      for (let j = 0; j < K; j++) if (d.known.surface[i] === d.known.surface[j]) shared[i * K + j] += single[i * K + j];
      shared[i * K + i] += d.known.variance[i];
    }
    knownRoot = cholesky(shared, K, 0);
    knownWhite = solved(knownRoot, K, d.known.gain, 1);
  }
  // (f.n, K) whitened covariances with the published cells, and the mean gain that they foretell
  function foretold(f) {
    const half = K ? solved(knownRoot, K, covariances(f, known, false)[0], f.n) : new Float64Array(0);
    const mean = new Float64Array(f.n);
    for (let i = 0; i < f.n; i++) mean[i] = K ? dot(half, i, knownWhite, 0, K) : 0;
    return [half, mean];
  }
  const [ownHalf, ownMean] = foretold(own);
  const [ownShared, ownSingle] = covariances(own, own);
  for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) ownShared[i * m + j] -= dot(ownHalf, i, ownHalf, j, K);
  const points = d.points.map(([scale, factor, ownVariance, draws], i) => {
    const k = new Float64Array(m * m), off = new Float64Array(m);
    for (let a = 0; a < m; a++) {
      for (let b = 0; b < m; b++) {
        k[a * m + b] = scale * scale * (ownShared[a * m + b] + ownVariance * ownSingle[a * m + b]) + c.level_variance;
      }
      const items = d.own.item_variance[a], runs = d.own.run_variance[a];
      k[a * m + a] += (items > 0 ? runs / 2 : runs) * scale * scale * factor + items;
      off[a] = d.own.gain[a] - scale * ownMean[a];
    }
    const root = m ? cholesky(k, m, 1e-9) : null;
    return { scale, ownVariance, draws, noise: d.noise[i], root, white: m ? solved(root, m, off, 1) : off };
  });
  const noise = new Float64Array(DRAWS);
  points.reduce((start, point) => { noise.fill(point.noise, start, start + point.draws); return start + point.draws; }, 0);

  // laws.surface.surface_posterior: draws (DRAWS, Q) of scores or losses. `beside` are cells that the plan draws as
  // well: they widen the rows of normals, and their variances are part of the jitter.
  function posterior(s, p, beside) {
    const others = variances(beside), stride = s.length + beside.length + 1;
    const f = features(s, p, d.lowest_share), Q = f.n, y = new Float64Array(DRAWS * Q);
    const [half, mean] = foretold(f), [shared, single] = covariances(f, f);
    for (let i = 0; i < Q; i++) for (let j = 0; j <= i; j++) shared[i * Q + j] -= dot(half, i, half, j, K);
    const [crossShared, crossSingle] = covariances(f, own);
    for (let i = 0; i < Q; i++) for (let j = 0; j < m; j++) crossShared[i * m + j] -= dot(half, i, ownHalf, j, K);
    const cross = new Float64Array(Q * m), covariance = new Float64Array(Q * Q), centre = new Float64Array(Q);
    let start = 0;
    for (const point of points) {
      const scale2 = point.scale * point.scale, v = point.ownVariance;
      for (let i = 0; i < cross.length; i++) cross[i] = scale2 * (crossShared[i] + v * crossSingle[i]) + c.level_variance;
      const told = m ? solved(point.root, m, cross, Q) : cross;
      let trace = 0;
      for (let i = 0; i < Q; i++) {
        centre[i] = point.scale * mean[i] + dot(told, i, point.white, 0, m);
        for (let j = 0; j <= i; j++) {
          const at = i * Q + j;
          covariance[at] = scale2 * (shared[at] + v * single[at]) + c.level_variance - dot(told, i, told, j, m);
        }
        trace += covariance[i * Q + i];
      }
      trace += others(point);
      let jitter = c.jitter * Math.max(trace / (Q + beside.length), 1e-12), root = cholesky(covariance, Q, jitter);
      while (!root) root = cholesky(covariance, Q, jitter *= 10);
      drawInto(y, start, start + point.draws, centre, root, stride);
      start += point.draws;
    }
    return y;
  }

  // Four draws at a time: each number of the root is read once for them
  function drawInto(y, first, end, centre, root, stride) {
    const Q = centre.length, block = new Float64Array(4 * Q);
    const result = isLoss ? (z) => Math.exp(-Math.min(50, Math.max(-50, z)))
      : (z) => 1 / (1 + Math.exp(-Math.min(50, Math.max(-50, z))));
    for (let draw = first; draw < end; draw += 4) {
      const many = Math.min(4, end - draw);
      for (let b = 0; b < many; b++) for (let k = 0; k < Q; k++) block[4 * k + b] = normals[(draw + b) * stride + k];
      for (let i = 0; i < Q; i++) {
        let z0 = 0, z1 = 0, z2 = 0, z3 = 0;
        for (let k = 0, row = i * Q, at = 0; k <= i; k++, at += 4) {
          const r = root[row + k];
          z0 += r * block[at];
          z1 += r * block[at + 1];
          z2 += r * block[at + 2];
          z3 += r * block[at + 3];
        }
        const base = centre[i] + d.reference;
        y[draw * Q + i] = result(base + z0);
        if (many > 1) y[(draw + 1) * Q + i] = result(base + z1);
        if (many > 2) y[(draw + 2) * Q + i] = result(base + z2);
        if (many > 3) y[(draw + 3) * Q + i] = result(base + z3);
      }
    }
  }

  // The sum of the variances at some cells, as a function of the point of the mixture
  function variances(cells) {
    const f = features(cells.map((cell) => cell[0]), cells.map((cell) => cell[1]), d.lowest_share);
    const [half] = foretold(f), [crossShared, crossSingle] = covariances(f, own), shared = [], single = [];
    for (let i = 0; i < f.n; i++) {
      const growth = f.size[i] ** 2 / 10, zero = f.zero[i] ** 2, ss = f.demonstrations[i] ** 2 / 10, pp = f.pairs[i] ** 2 / 10;
      shared.push(growth * (h.shared_level + h.shared_share + h.shared_zero * zero) + h.shared_demonstrations * ss
        + h.shared_pairs * pp - dot(half, i, half, i, K));
      single.push(h.own_level * growth + h.own_share + h.own_zero * zero + h.own_demonstrations * ss + h.own_pairs * pp);
      for (let j = 0; j < m; j++) crossShared[i * m + j] -= dot(half, i, ownHalf, j, K);
    }
    return (point) => {
      const scale2 = point.scale * point.scale, v = point.ownVariance;
      const cross = crossShared.map((x, i) => scale2 * (x + v * crossSingle[i]) + c.level_variance);
      const told = m ? solved(point.root, m, cross, f.n) : cross;
      return shared.reduce((sum, x, i) => sum + scale2 * (x + v * single[i]) + c.level_variance - dot(told, i, told, i, m), 0);
    };
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
    const y = posterior(bought.map((b) => b[0]), bought.map((b) => b[1]), candidateCells(budget, demonstration, pair));
    straightBelow(y, Q, shares, lowest);
    const mean = new Array(Q).fill(0), low = new Array(Q), high = new Array(Q), column = new Float64Array(DRAWS);
    for (let i = 0; i < Q; i++) {
      for (let draw = 0; draw < DRAWS; draw++) { column[draw] = y[draw * Q + i]; mean[i] += column[draw]; }
      mean[i] /= DRAWS;
      column.sort();
      low[i] = quantile(column, 0.025);
      high[i] = quantile(column, 0.975);
    }
    return kept = { key, shares, bought, y, mean, low, high };
  }

  // plans.plan: everything but price changes and the next experiment
  function plan(budget, demonstration, pair, epsilon) {
    const { shares, bought, y, mean, low, high } = lineAt(budget, demonstration, pair), Q = shares.length;
    const utility = isLoss ? mean.map((x) => -x) : mean;
    const best = Math.max(...utility), spread = best - Math.min(...utility);
    let at = utility.indexOf(best);
    if (at !== 0) {
      const near = nearBest(mean, c.choice_epsilon).map((x, i) => x && utility[i] >= best - 0.2 * spread - 1e-15);
      const middle = (shares[near.indexOf(true)] + shares[near.lastIndexOf(true)]) / 2;
      let distance = Infinity;
      near.forEach((x, i) => {
        if (x && Math.abs(shares[i] - middle) < distance) { at = i; distance = Math.abs(shares[i] - middle); }
      });
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
      regret += Math.abs(top - y[draw * Q + at]) / DRAWS;
    }
    const sure = often[at] / DRAWS;
    let reason = d.reason;
    if (!reason && sure < c.sure) {
      reason = `the share is within ${Math.round(100 * epsilon)}% of the best with probability ${sure.toFixed(2)} only`;
    }
    const near = reason ? often.map((n) => n / DRAWS >= 0.1) : nearBest(mean, epsilon);
    near[at] = true;
    const runs = new Float64Array(4 * DRAWS);
    for (let i = 0; i < runs.length; i++) {
      const draw = i % DRAWS, shock = shocks[i] * noise[draw], x = y[draw * Q + at];
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
    const y = posterior([s, s + stepS, s], [p, p, p + stepP], []), mean = [0, 0, 0];
    for (let i = 0; i < y.length; i++) mean[i % 3] += y[i] / DRAWS;
    const sign = isLoss ? -1 : 1;
    return { demonstrations: sign * (mean[1] - mean[0]) / (stepS * demonstration),
      pairs: sign * (mean[2] - mean[0]) / (stepP * pair) };
  }

  function warnings(found) {
    const said = [], n = found.n_demonstrations + found.n_pairs;
    if (found.n_demonstrations === 0) said.push("This buys no demonstrations: preference training of an untrained model has "
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
