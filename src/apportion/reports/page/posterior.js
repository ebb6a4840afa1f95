// Draws of the surface at any places, given a planner's document: laws.surface and laws.surface_kernel in the page.
"use strict";

// Numbers of plans.planner_document's base64, little-endian float32
function floats(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return Float32Array.from(new Float32Array(bytes.buffer));
}

// Returns posterior(s, p, beside): draws (DRAWS, Q) at the places (s, p), and the mixture's points
function makePosterior(d) {
  const h = d.hyper, c = d.constants, isLoss = d.kind === "loss", DRAWS = c.draws, normals = floats(d.normals);

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

  return { posterior, points };
}
