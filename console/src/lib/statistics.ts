// SPDX-License-Identifier: Apache-2.0
// How sure a figure is, by the rules of docs/statistics.md: Wilson for shares, Student's t for paired differences, by clusters where
// cases belong together, and "few differ" where their spread is not known. 95 % throughout; no interval has a width of zero.

export interface Interval {
  low: number;
  high: number;
}

export interface Estimate {
  count: number;
  mean: number;
  interval: Interval | null;
  method: 't' | 'clustered' | 'few_differ' | 'none';
  note: string;  // why there is no interval, or another one than usual
}

const kConfidence = 0.95;
const kZ = 1.959963984540054;  // the standard normal's 97.5 % quantile
// Fewer than so many that differ from all the others: their spread is not known.
const kFew = 5;

// Wilson (1927). Counts may be fractions: a case that passed two of three times is two thirds of a case.
export function wilson(passed: number, total: number): Interval | null {
  if (!(total > 0) || passed < 0 || passed > total) return null;
  const p = passed / total;
  const z2 = kZ * kZ;
  const middle = (p + z2 / (2 * total)) / (1 + z2 / total);
  const reach = kZ / (1 + z2 / total) * Math.sqrt(p * (1 - p) / total + z2 / (4 * total * total));
  return {low: passed === 0 ? 0 : Math.max(0, middle - reach), high: passed === total ? 1 : Math.min(1, middle + reach)};
}

// Lanczos' approximation, g = 7.
const kLanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const y = x - 1;
  const sum = kLanczos.reduce((all, c, i) => i ? all + c / (y + i) : c, 0);
  const t = y + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(sum);
}

// The regularised incomplete beta function I_x(a, b): a continued fraction after Lentz.
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const tiny = 1e-300;
  const away = (value: number) => Math.abs(value) < tiny ? tiny : value;
  let c = 1;
  let d = 1 / away(1 - (a + b) * x / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 500; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return Math.min(1, front * fraction);
}

// The x with I_x(a, b) = p, by halving: it has no bad starting points.
function inverseBeta(p: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 200 && high - low > 1e-16 * high; i++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

// The t that lies above a share p of Student's distribution; p > 0.5.
export function studentQuantile(p: number, degrees: number): number {
  const y = inverseBeta(2 * p - 1, 0.5, degrees / 2);
  return Math.sqrt(degrees * y / (1 - y));
}

// Clopper and Pearson (1934): with the confidence, at most this share of all is like the `found` ones of `total`.
export function shareAtMost(found: number, total: number, confidence = kConfidence): number {
  return found >= total ? 1 : inverseBeta(confidence, found + 1, total - found);
}

interface Usual {
  value: number;
  differing: number;
}

// The value that more than half have, and how many have another.
function usualOf(values: readonly number[]): Usual | null {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const [value, count] of counts) if (2 * count > values.length) return {value, differing: values.length - count};
  return null;
}

function fewDiffer({value, differing}: Usual, units: number, bounds: Interval): Interval {
  const share = shareAtMost(differing, units);
  return {low: value - share * (value - bounds.low), high: value + share * (bounds.high - value)};
}

function clip({low, high}: Interval, bounds: Interval | undefined): Interval {
  return bounds ? {low: Math.max(low, bounds.low), high: Math.min(high, bounds.high)} : {low, high};
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

// The mean of paired differences, candidate less baseline, one a case. `bounds`: between what values a difference lies by its
// definition; `clusters`: what each case belongs to, where cases belong together.
export function pairedEstimate(differences: readonly number[], {bounds, clusters}: {bounds?: Interval; clusters?: readonly string[]} = {}): Estimate {
  const count = differences.length;
  const none = (note: string): Estimate => ({count, mean: count ? mean(differences) : NaN, interval: null, method: 'none', note});
  if (!count) return none('No case was scored in both.');
  if (clusters && new Set(clusters).size < count) return clusteredEstimate(differences, clusters, bounds);
  const usual = usualOf(differences);
  if (usual && (usual.differing === 0 || (bounds && usual.differing < kFew && 2 * usual.differing < count))) {
    if (!bounds) return none(count === 1 ? 'One case says nothing about others.' : usual.value === 0 ? 'No case differs; nothing tells how far others may.' : 'All cases differ by the same; nothing tells how far others may lie.');
    const note = usual.differing ? `Only ${usual.differing} of ${count} cases differ from the others.` : `All ${count} cases are equal in this; the interval says how many others there may be.`;
    return {count, mean: mean(differences), interval: clip(fewDiffer(usual, count, bounds), bounds), method: 'few_differ', note};
  }
  if (count < 2) return none('One case says nothing about others.');
  const middle = mean(differences);
  const variance = differences.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (count - 1);
  const reach = studentQuantile((1 + kConfidence) / 2, count - 1) * Math.sqrt(variance / count);
  return {count, mean: middle, interval: clip({low: middle - reach, high: middle + reach}, bounds), method: 't', note: ''};
}

// A jackknife over clusters (MacKinnon, Nielsen and Webb 2023), with degrees of freedom that count how their sizes differ.
function clusteredEstimate(values: readonly number[], clusters: readonly string[], bounds: Interval | undefined): Estimate {
  const sums = new Map<string, {count: number; sum: number; differs: boolean}>();
  const usual = usualOf(values);
  values.forEach((value, i) => {
    const one = sums.get(clusters[i]!) ?? {count: 0, sum: 0, differs: false};
    sums.set(clusters[i]!, {count: one.count + 1, sum: one.sum + value, differs: one.differs || value !== usual?.value});
  });
  const count = values.length;
  const middle = mean(values);
  const groups = [...sums.values()];
  const none = (note: string): Estimate => ({count, mean: middle, interval: null, method: 'none', note});
  if (groups.length < 2) return none('All cases belong to one cluster, which says nothing about others.');
  const differing = groups.filter((group) => group.differs).length;
  if (usual && (differing === 0 || (bounds && differing < kFew && 2 * differing < groups.length))) {
    if (!bounds) return none('All cases differ by the same; nothing tells how far others may lie.');
    return {count, mean: middle, interval: clip(fewDiffer({value: usual.value, differing}, groups.length, bounds), bounds), method: 'few_differ', note: `Only ${differing} of ${groups.length} clusters differ from the others.`};
  }
  const total = middle * count;
  const squares = groups.reduce((sum, group) => sum + ((total - group.sum) / (count - group.count) - middle) ** 2, 0);
  const error = Math.sqrt(squares * (groups.length - 1) / groups.length);
  const second = groups.reduce((sum, group) => sum + group.count ** 2, 0);
  const fourth = groups.reduce((sum, group) => sum + group.count ** 4, 0);
  const degrees = Math.max(1, (groups.length + second * second / fourth) / 2 - 1);
  if (!(error > 0)) return none('The clusters’ means are all the same; nothing tells how far others may lie.');
  const reach = studentQuantile((1 + kConfidence) / 2, degrees) * error;
  return {count, mean: middle, interval: clip({low: middle - reach, high: middle + reach}, bounds), method: 'clustered', note: `By ${groups.length} clusters of cases that belong together.`};
}
