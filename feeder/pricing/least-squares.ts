/**
 * Nonlinear least squares by Levenberg–Marquardt, for the few parameters of a smile or a model.
 *
 * Source: Levenberg 1944, Marquardt 1963; Nocedal and Wright, "Numerical Optimization", ch. 10. The
 * Jacobian is taken by forward differences, the normal equations are solved by Cholesky. Callers
 * choose coordinates in which every point is admissible (logarithms, arctanh), so nothing is bounded
 * here.
 */

export type LeastSquaresOptions = {
  readonly start: readonly number[];
  /** Residuals at a point: always as many; not finite where the point is out of reach. */
  readonly residuals: (at: readonly number[]) => readonly number[];
  /** Most iterations, 60 unless told. */
  readonly iterations?: number;
  /** Ends when an iteration lowers the cost by less than this share, 1e-10 unless told. */
  readonly tolerance?: number;
};

export type LeastSquaresFit = {
  readonly at: readonly number[];
  /** Sum of squared residuals. */
  readonly cost: number;
};

const STEP = 1e-6;
const FIRST_DAMPING = 1e-3;
const MAX_DAMPING = 1e12;

function sumOfSquares(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}

/** Solves the symmetric positive definite system a·x = b; undefined when it is not definite. */
export function solveCholesky(
  a: readonly (readonly number[])[],
  b: readonly number[],
): number[] | undefined {
  const n = b.length;
  const lower: number[][] = [];
  for (let i = 0; i < n; i++) {
    const row: number[] = [];
    for (let j = 0; j <= i; j++) {
      let sum = a[i]?.[j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (row[k] ?? 0) * ((i === j ? row : lower[j])?.[k] ?? 0);
      if (i === j) {
        if (!(sum > 0)) return undefined;
        row.push(Math.sqrt(sum));
      } else {
        row.push(sum / (lower[j]?.[j] ?? 1));
      }
    }
    lower.push(row);
  }
  const x = [...b];
  for (let i = 0; i < n; i++) {
    let sum = x[i] ?? 0;
    for (let k = 0; k < i; k++) sum -= (lower[i]?.[k] ?? 0) * (x[k] ?? 0);
    x[i] = sum / (lower[i]?.[i] ?? 1);
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i] ?? 0;
    for (let k = i + 1; k < n; k++) sum -= (lower[k]?.[i] ?? 0) * (x[k] ?? 0);
    x[i] = sum / (lower[i]?.[i] ?? 1);
  }
  return x;
}

/** Columns of the Jacobian by forward differences. */
function jacobian(
  residuals: (at: readonly number[]) => readonly number[],
  at: readonly number[],
  current: readonly number[],
): number[][] {
  return at.map((value, axis) => {
    const step = STEP * Math.max(1, Math.abs(value));
    const moved = residuals(at.with(axis, value + step));
    return moved.map((r, i) => (r - (current[i] ?? 0)) / step);
  });
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/**
 * The point of least squares that is reached from `start`; the start itself when nothing near is
 * better. Total: residuals that are not finite only turn a step down.
 * Cost: iterations × (parameters + 1) evaluations.
 */
export function leastSquares(options: LeastSquaresOptions): LeastSquaresFit {
  const { residuals, iterations = 60, tolerance = 1e-10 } = options;
  let at = options.start;
  let current = residuals(at);
  let cost = sumOfSquares(current);
  let damping = FIRST_DAMPING;
  for (let i = 0; i < iterations && cost > 0; i++) {
    const columns = jacobian(residuals, at, current);
    const gradient = columns.map((column) => -dot(column, current));
    const normal = columns.map((a) => columns.map((b) => dot(a, b)));
    let better: { at: number[]; residuals: readonly number[]; cost: number } | undefined;
    while (better === undefined && damping < MAX_DAMPING) {
      const damped = normal.map((row, j) =>
        row.map((value, k) => (j === k ? value * (1 + damping) + 1e-300 : value)),
      );
      const step = solveCholesky(damped, gradient);
      const next = step && at.map((value, j) => value + (step[j] ?? 0));
      const candidate = next && residuals(next);
      const candidateCost = candidate ? sumOfSquares(candidate) : Number.NaN;
      if (next && candidate && candidateCost < cost) {
        better = { at: next, residuals: candidate, cost: candidateCost };
        damping = Math.max(damping / 5, 1e-12);
      } else {
        damping *= 8;
      }
    }
    if (better === undefined) break;
    const gain = 1 - better.cost / cost;
    ({ at, cost } = better);
    current = better.residuals;
    if (gain < tolerance) break;
  }
  return { at, cost };
}
