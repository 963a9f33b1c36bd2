// SPDX-License-Identifier: Apache-2.0
// Runs beside each other, case by case: which variants there are, what their scores are on the same cases, where answers differ.
import type {RunDetail, RunMetric, RunResult} from '../api/runs';
import {listOf} from './governance';
import {datasetOf, isFigure, shortLabel, shortName} from './runs';
import type {Show} from './search-runs';
import {pairedEstimate, type Estimate} from './statistics';

export const kMostVariants = 12;

// One column of the comparison: a run, or one variant of a matrix.
export interface Variant {
  key: string;    // "A", "B", …
  run: RunDetail;
  cell: number;
  label: string;
}

export function variantsOf(runs: readonly RunDetail[]): {variants: Variant[]; leftOff: number} {
  const all = runs.flatMap((run) => run.cells.map((cell, i) => ({run, cell: i, label: shortLabel(cell.label || run.target, run.use_case)})));
  return {variants: all.slice(0, kMostVariants).map((one, i) => ({...one, key: String.fromCharCode(65 + i)})), leftOff: Math.max(0, all.length - kMostVariants)};
}

// Why two runs can't be held against each other case by case; null if they can.
export function whyNotPaired(first: RunDetail, other: RunDetail): string | null {
  const a = datasetOf(first.definition);
  const b = datasetOf(other.definition);
  if (!a || !b) return 'the dataset of one is not known';
  if (a.digest && a.digest === b.digest) return null;
  if (a.asset !== b.asset) return `they ask different cases: ${shortName(a.asset)} and ${shortName(b.asset)}`;
  return a.version !== undefined && a.version === b.version ? null : `they ask different versions of ${shortName(a.asset)}: ${a.version ?? '?'} and ${b.version ?? '?'}`;
}

export interface CaseScore {
  value: number;           // mean over its answers
  passed: number | null;   // share of its answers that passed; null where the metric only measures
}
export interface CaseAnswers {
  first: RunResult;        // the first of its repeats
  answers: number;
  errors: number;
  scores: Map<string, CaseScore>;
  latency: number | null;  // mean over answers, in milliseconds
  cost: number | null;     // mean over answers, in dollars
}
export interface ComparedCase {
  id: string;
  number: number;
  cluster: string | undefined;
  tags: string[];
  by: (CaseAnswers | null)[];  // as the variants
}

const meanOf = (values: readonly number[]): number | null => values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;

function answersOf(results: readonly RunResult[]): CaseAnswers {
  const answered = results.filter(({status}) => status === 'ok');
  const scores = new Map<string, {values: number[]; judged: number; passed: number}>();
  for (const {metric, value, passed} of answered.flatMap((result) => result.scores ?? [])) {
    if (value === undefined) continue;
    const one = scores.get(metric) ?? {values: [], judged: 0, passed: 0};
    one.values.push(value);
    if (passed !== undefined) one.judged++;
    if (passed) one.passed++;
    scores.set(metric, one);
  }
  const costs = answered.flatMap(({cost_usd}) => cost_usd === undefined ? [] : [Number(cost_usd)]);
  return {
    first: results[0]!, answers: answered.length, errors: results.length - answered.length,
    scores: new Map([...scores].map(([metric, {values, judged, passed}]) => [metric, {value: meanOf(values)!, passed: judged ? passed / judged : null}])),
    latency: meanOf(answered.flatMap(({latency_ms}) => latency_ms > 0 ? [latency_ms] : [])),
    // An answer without a price makes the case's cost unknown.
    cost: costs.length && costs.length === answered.length ? meanOf(costs) : null,
  };
}

// `results`: of each run, by its id. Cases in the order of their dataset.
export function casesOf(variants: readonly Variant[], results: ReadonlyMap<string, readonly RunResult[]>): ComparedCase[] {
  const cases = new Map<string, ComparedCase>();
  variants.forEach(({run, cell}, column) => {
    const byCase = new Map<string, RunResult[]>();
    for (const result of results.get(run.id) ?? []) {
      if (result.cell !== cell) continue;
      const own = byCase.get(result.case);
      if (own) own.push(result);
      else byCase.set(result.case, [result]);
    }
    for (const [id, own] of byCase) {
      const {number, cluster, tags} = own[0]!;
      const one = cases.get(id) ?? {id, number, cluster, tags: tags ?? [], by: variants.map(() => null)};
      one.by[column] = answersOf(own);
      cases.set(id, one);
    }
  });
  return [...cases.values()].sort((a, b) => a.number - b.number || a.id.localeCompare(b.id));
}

export type Measure = {metric: string; of: 'value' | 'passed'} | 'latency' | 'cost';

export function measureOf(answers: CaseAnswers | null | undefined, measure: Measure): number | null {
  if (!answers) return null;
  if (measure === 'latency') return answers.latency;
  if (measure === 'cost') return answers.cost;
  const score = answers.scores.get(measure.metric);
  return score ? measure.of === 'value' ? score.value : score.passed : null;
}

// Sums of the same figures in another order differ in their last digits: that is no difference.
const kNoise = 1e-9;
function same(a: number, b: number): boolean {
  return Math.abs(a - b) <= kNoise * Math.max(Math.abs(a), Math.abs(b));
}
function minus(after: number, before: number): number {
  return same(after, before) ? 0 : Number((after - before).toPrecision(9));
}

// A column less the first, on the cases that both have.
export function differenceOf(cases: readonly ComparedCase[], column: number, measure: Measure, bounded: boolean): Estimate {
  const differences: number[] = [];
  const clusters: string[] = [];
  let clustered = false;
  for (const {id, cluster, by} of cases) {
    const before = measureOf(by[0], measure);
    const after = measureOf(by[column], measure);
    if (before === null || after === null) continue;
    differences.push(minus(after, before));
    clusters.push(cluster === undefined ? `case ${id}` : `cluster ${cluster}`);
    clustered ||= cluster !== undefined;
  }
  return pairedEstimate(differences, {...(bounded ? {bounds: {low: -1, high: 1}} : {}), ...(clustered ? {clusters} : {})});
}

export type Direction = 'higher' | 'lower' | 'open';

export function directionOf({interval}: Estimate): Direction {
  return interval && interval.low > 0 ? 'higher' : interval && interval.high < 0 ? 'lower' : 'open';
}

// All metrics of all variants, in the order of the first that has them.
export function metricNames(variants: readonly Variant[]): string[] {
  return [...new Set(variants.flatMap(({run, cell}) => run.cells[cell]?.metrics.map(({metric}) => metric) ?? []))];
}

export function metricOf({run, cell}: Variant, name: string): RunMetric | undefined {
  return run.cells[cell]?.metrics.find(({metric}) => metric === name);
}

// Whether a score lies between 0 and 1 and more is better; figures have no ends.
export function isScore(variants: readonly Variant[], metric: string): boolean {
  return !variants.some(({run}) => isFigure(run.definition, metric));
}

// Dollars a result; null where nothing was called or a price is not known.
export function costAnAnswer({run, cell}: Variant): number | null {
  const one = run.cells[cell];
  if (!one || one.done === 0 || run.unpriced_calls > 0) return null;
  const cost = Number(one.cost_usd);
  return cost === 0 && run.calls === 0 ? null : cost / one.done;
}

// Milliseconds an answer. Answers that were given tell no time, which is kept as 0.
export function latencyOf({run, cell}: Variant): number | null {
  return run.cells[cell]?.mean_latency_ms || null;
}

// ---- answers that differ

// What an answer says, for comparing: its text, or its message where it holds more.
export function answerText(result: RunResult | undefined): string | null {
  if (!result || result.status !== 'ok') return null;
  return result.answer ? result.answer : result.message ? JSON.stringify(result.message, null, 2) : result.answer ?? null;
}

export function differs({by: [first, ...others]}: ComparedCase): boolean {
  const what = (answers: CaseAnswers | null | undefined) => answers ? answerText(answers.first) ?? `(${answers.first.status})` : undefined;
  const one = what(first);
  // Where answers are not kept, scores tell.
  return others.some((other) => what(other) !== one || (other && first && verdicts(first) !== verdicts(other)));
}

function verdicts({scores}: CaseAnswers): string {
  return [...scores].map(([metric, {value, passed}]) => `${metric} ${passed ?? value}`).sort().join('\n');
}

// Whether any other column is better (worse) than the first: in the metric, or in any that passes or fails.
export function changedFor({by: [first, ...others]}: ComparedCase, way: 'better' | 'worse', metric: string | undefined): boolean {
  if (!first) return false;
  const sign = way === 'better' ? 1 : -1;
  return others.some((other) => other !== null && [...first.scores].some(([name, before]) => {
    if (metric !== undefined && name !== metric) return false;
    const after = other.scores.get(name);
    if (!after) return false;
    const delta = before.passed !== null && after.passed !== null && before.passed !== after.passed ? after.passed - before.passed
      : metric !== undefined ? after.value - before.value : 0;
    return sign * delta > 0;
  }));
}

export function shownCases(cases: readonly ComparedCase[], show: Show, metric: string | undefined): ComparedCase[] {
  if (show === 'all') return [...cases];
  return cases.filter((one) => show === 'differ' ? differs(one) : changedFor(one, show, metric));
}

// ---- in words

// The same said of several is said once: "B and C are not shown to differ".
export function saidOnce(said: readonly {key: string; is: string}[]): string[] {
  const keys = new Map<string, string[]>();
  for (const {key, is} of said) keys.set(is, [...keys.get(is) ?? [], key]);
  return [...keys].map(([is, who]) => `${listOf(who)} ${who.length === 1 ? 'is' : 'are'} ${is}`);
}


export interface Axis {
  name: string;
  values: (number | null)[];  // as the variants
  lowerIsBetter: boolean;
  most?: number;              // what no value can exceed
  format: (value: number) => string;
}

// From where to where an axis goes: room above and below, so that lines don't run along the frame; equal figures lie in the middle.
export function rangeOf({values, most = Infinity}: Pick<Axis, 'values' | 'most'>): [number, number] {
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known);
  const high = Math.max(...known);
  const room = same(low, high) ? Math.max(Math.abs(high) * 0.1, 1e-6) : (high - low) * 0.15;
  return [low >= 0 ? Math.max(0, low - room) : low - room, Math.min(high + room, Math.max(high, most))];
}

// "B leads in correct and cost, A in latency."
export function leadersOf(axes: readonly Axis[], keys: readonly string[]): string {
  const leads = new Map<string, string[]>();
  for (const {name, values, lowerIsBetter} of axes) {
    const known = values.map((value, i) => ({value, i})).filter((one): one is {value: number; i: number} => one.value !== null);
    if (known.length < 2) continue;
    const best = known.reduce((a, b) => (lowerIsBetter ? b.value < a.value : b.value > a.value) ? b : a);
    const ties = known.filter(({value}) => same(value, best.value));
    const who = ties.length === known.length ? 'none' : listOf(ties.map(({i}) => keys[i]!));
    leads.set(who, [...leads.get(who) ?? [], name]);
  }
  const parts = [...leads].map(([who, names]) => {
    const what = listOf(names);
    return who === 'none' ? `all are equal in ${what}` : `${who} ${who.includes(' and ') ? 'lead' : 'leads'} in ${what}`;
  });
  const all = parts.join('; ');
  return all ? `${all.charAt(0).toUpperCase()}${all.slice(1)}.` : 'There is nothing to compare yet.';
}
