// SPDX-License-Identifier: Apache-2.0
// Runs of evaluations as people read them: how one ended and why, what was asked of it, what it measured, what was pinned.
import type {Run, RunMetric, RunResult, RunStart} from '../api/runs';
import {parseAssetName, type AssetId} from './asset';
import {formatDuration, formatInteger, formatPercent, formatUsd, kUnknown, plural} from './format';
import type {Answer} from './governance';
import type {AssetKind} from './search-pages';
import {wilson, type Interval} from './statistics';

export const kRunStateLabels: Record<Run['state'], string> = {queued: 'Queued', running: 'Running', finished: 'Finished', cancelled: 'Cancelled', failed: 'Failed'};

// What was tried, without what goes without saying: "shop/prompt/answer:7 × shared/model/main:1" → "answer:7 × shared/model/main:1".
export function shortLabel(label: string, owner: string): string {
  return label.replaceAll(/(^|[\s×])([a-z][a-z0-9-]*)\/(prompt|model|tool|flow|agent)\//g, (whole, before: string, whose: string) => whose === owner ? before : whole);
}

// "support/evaluation/golden" → "golden"
export function shortName(asset: string): string {
  return asset.slice(asset.lastIndexOf('/') + 1);
}

export function runDuration({started_at, ended_at}: Pick<Run, 'started_at' | 'ended_at'>, now = Date.now()): number | null {
  return started_at ? Math.max(0, (ended_at ? Date.parse(ended_at) : now) - Date.parse(started_at)) : null;
}

// How long the rest takes at the pace that was seen; null where that says nothing.
export function timeLeft(from: {at: number; done: number}, run: Pick<Run, 'done' | 'planned'>, now: number): number | null {
  const done = run.done - from.done;
  const passed = now - from.at;
  return done >= 5 && passed >= 2_000 ? (run.planned - run.done) * passed / done : null;
}

const share = (part: number, whole: number) => formatPercent(whole ? part / whole : null);
const sentence = (text: string) => text.replace(/\.$/, '');

// `left`: milliseconds that the rest will take, if that is known.
export function describeRun(run: Run, left: number | null = null): Answer {
  const {done, planned, errors} = run;
  const results = `${formatInteger(done)} of ${plural(planned, 'result')}`;
  const findings: string[] = [];
  const ended = run.state !== 'queued' && run.state !== 'running';
  if (errors) findings.push(`${plural(errors, 'result')} (${share(errors, done)}) ${errors === 1 ? 'is an error' : 'are errors'}: there was no answer, and no metric counts ${errors === 1 ? 'it' : 'them'}`);
  if (ended && run.missing > 0 && !run.reason) findings.push(`${plural(run.missing, 'result is', 'results are')} missing`);
  if (run.limited) findings.push(`The provider asked ${plural(run.limited, 'call')} to wait; ${run.limited === 1 ? 'it was' : 'they were'} made again`);
  if (run.unpriced_calls) findings.push(`Nobody knows the price of ${plural(run.unpriced_calls, 'call')}: the cost is higher than it says`);
  const unjudged = run.cells.flatMap((cell) => cell.metrics).filter((metric) => metric.errors > 0);
  for (const name of new Set(unjudged.map(({metric}) => metric))) {
    const count = unjudged.reduce((sum, one) => one.metric === name ? sum + one.errors : sum, 0);
    findings.push(`${name} could not judge ${plural(count, 'answer')}`);
  }
  if (run.state === 'queued') return {level: 'quiet', word: 'Queued', sentence: `${plural(planned, 'result is', 'results are')} planned; it begins as soon as a node has room`, findings};
  if (run.state === 'running') {
    const paused = run.progress?.paused_ms ?? 0;
    if (paused > 0) findings.unshift(`The provider said to wait: it goes on in ${formatDuration(paused)}`);
    const rest = left === null ? '' : `, about ${formatDuration(left)} left`;
    return {level: 'quiet', word: run.cancel_requested ? 'Ending' : 'Running', sentence: `${results} (${share(done, planned)})${rest}`, findings};
  }
  const took = formatDuration(runDuration(run));
  const summary = `${results} in ${took}, ${formatUsd(run.cost_usd)}`;
  if (run.outcome === 'complete') return {level: 'ok', word: 'Complete', sentence: summary, findings};
  const why = run.reason ? `${sentence(run.reason)}. ${summary}` : summary;
  if (run.outcome === 'partial') return {level: 'warn', word: 'Partial', sentence: why, findings};
  return {level: 'bad', word: run.outcome === 'error' ? 'Error' : kRunStateLabels[run.state], sentence: why, findings};
}

// A mean: shares and verdicts to three digits, figures as they are.
export function formatMean(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return kUnknown;
  const size = Math.abs(value);
  if (size !== 0 && size < 0.0005) return value.toPrecision(2);
  return size < 10 ? value.toFixed(3) : size < 1000 ? value.toFixed(1) : formatInteger(value);
}

// A share that passes. Only all are 100 %, and only none 0 %.
export function formatShare(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return kUnknown;
  const percent = Math.round(value * 1000) / 10;
  if (percent === 100 && value < 1) return '> 99.9 %';
  if (percent === 0 && value > 0) return '< 0.1 %';
  return `${percent} %`;
}

export function formatSigned(value: number): string {
  const text = formatMean(Math.abs(value));
  return Number(text) === 0 ? `±${text}` : `${value > 0 ? '+' : '−'}${text}`;
}

// A difference of shares is in points: percent would be of what?
export function formatPoints(value: number): string {
  const points = (Math.abs(value) * 100).toFixed(1).replace(/\.0$/, '');
  return `${points === '0' ? '±' : value > 0 ? '+' : '−'}${points} pts`;
}

export function formatInterval({low, high}: Interval, show: (value: number) => string): string {
  return `${show(low)} to ${show(high)}`;
}

// Repeats are no cases: three answers to each of ten questions say no more than ten.
export function passInterval({passed, failed}: Pick<RunMetric, 'passed' | 'failed'>, repeats: number): Interval | null {
  return wilson(passed / repeats, (passed + failed) / repeats);
}

// ---- definitions. They are kept as they were pinned: what is missing in an old one is not known.

export type Definition = Record<string, unknown>;

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : {};
}
function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(record) : [];
}
const text = (value: unknown): string | undefined => typeof value === 'string' && value ? value : undefined;
const number = (value: unknown): number | undefined => typeof value === 'number' ? value : undefined;

export function repeatsOf(definition: Definition): number {
  return Math.max(1, number(definition.repeats) ?? 1);
}

export interface PinnedDataset {
  asset: string;
  version: number | undefined;
  digest: string;  // the same cases have the same
  split: string;
}

export function datasetOf(definition: Definition): PinnedDataset | null {
  const dataset = record(definition.dataset);
  const asset = text(dataset.asset);
  return asset ? {asset, version: number(dataset.version), digest: text(dataset.cases_digest) ?? text(dataset.digest) ?? '', split: text(dataset.split) ?? ''} : null;
}

export interface Pin {
  what: string;
  name: string;      // an asset's name, or a release's
  version?: number;
  digest?: string;
}

function pinOf(what: string, value: unknown): Pin | null {
  const {asset, version, digest} = record(value);
  const name = text(asset);
  return name ? {what, name, version: number(version), digest: text(digest)} : null;
}

// Everything that was fixed to an exact version, each once.
export function pinsOf(definition: Definition): Pin[] {
  const pins: (Pin | null)[] = [pinOf('Evaluation', definition.evaluation), pinOf('Dataset', definition.dataset)];
  const target = record(definition.target);
  const useCase = text(definition.use_case) ?? '';
  if (target.kind === 'release') pins.push({what: 'Release', name: `${useCase}@${String(target.release)}`, digest: text(target.digest)});
  if (target.kind === 'responses' && text(target.digest)) pins.push({what: 'Responses', name: 'uploaded file', digest: text(target.digest)});
  for (const cell of list(definition.cells)) {
    pins.push(pinOf('Prompt', cell.prompt), pinOf('Model', cell.model));
    for (const model of Object.values(record(cell.models))) pins.push(pinOf('Model', model));
    for (const tool of Object.values(record(cell.tools))) pins.push(pinOf('Tool', tool));
  }
  const seen = new Set<string>();
  return pins.filter((pin): pin is Pin => {
    const key = pin ? `${pin.what} ${pin.name} ${pin.version ?? ''} ${pin.digest ?? ''}` : '';
    return pin !== null && !seen.has(key) && Boolean(seen.add(key));
  });
}

const kOfWords: Record<string, string> = {passed: 'share that passes', p50: 'median', p90: '90th percentile', p95: '95th percentile', p99: '99th percentile'};

// "mean at least 0.9", "at most 0.02 below what runs today".
export function thresholdTexts(thresholds: unknown, metric: string): string[] {
  return list(thresholds).filter((one) => one.metric === metric).flatMap((one) => {
    const of = kOfWords[text(one.of) ?? ''] ?? 'mean';
    const percent = (value: number) => formatPercent(value);
    const limits: [string, (value: number) => string][] = [
      ['min', (v) => `${of} at least ${v}`], ['max', (v) => `${of} at most ${v}`],
      ['max_drop', (v) => v === 0 ? `${of} not shown to be below what runs today` : `${of} at most ${v} below what runs today`],
      ['max_rise', (v) => v === 0 ? `${of} not shown to be above what runs today` : `${of} at most ${v} above what runs today`],
      ['max_drop_share', (v) => v === 0 ? `${of} not shown to be below what runs today` : `${of} at most ${percent(v)} below what runs today`],
      ['max_rise_share', (v) => v === 0 ? `${of} not shown to be above what runs today` : `${of} at most ${percent(v)} above what runs today`],
    ];
    return limits.flatMap(([name, say]) => {
      const value = number(one[name]);
      return value === undefined ? [] : [say(value)];
    });
  });
}

// Metrics that are figures (seconds, dollars, grades): they have no ends, and more is not better.
const kFigures = new Set(['latency', 'first_token', 'tokens_per_second', 'cost', 'reading_ease', 'reading_grade']);

export function isFigure(definition: Definition, metric: string): boolean {
  const found = list(definition.metrics).find((one) => (text(one.name) ?? text(one.metric)) === metric);
  return kFigures.has(text(found?.metric) ?? metric);
}

// ---- starting one

export type TargetChoice = 'defined' | 'active' | 'candidate' | 'release' | 'prompt' | 'model';

export interface RunDraft {
  environment: string;
  target: TargetChoice;
  name: string;     // of the release (a number), the prompt or the model
  version: string;  // of the prompt or the model; empty: the latest
  split: string;    // empty: as defined
  repeats: number | null;
  usd: number | null;
  calls: number | null;
}

// What to send, or what is missing, as a sentence.
export function startOf(evaluation: string, draft: RunDraft): RunStart | string {
  const body: RunStart = {evaluation, environment: draft.environment};
  if (draft.target === 'active' || draft.target === 'candidate') body.target = {release: draft.target};
  else if (draft.target === 'release') {
    if (!/^[1-9]\d*$/.test(draft.name)) return 'Choose a release';
    body.target = {release: Number(draft.name)};
  } else if (draft.target !== 'defined') {
    if (!draft.name) return `Choose a ${draft.target}`;
    body.target = {[draft.target]: draft.version ? `${draft.name}:${draft.version}` : draft.name};
  }
  if (draft.split) body.split = draft.split;
  if (draft.repeats !== null) body.repeats = draft.repeats;
  if (draft.usd !== null || draft.calls !== null) body.budget = {...(draft.usd !== null ? {usd: draft.usd} : {}), ...(draft.calls !== null ? {calls: draft.calls} : {})};
  return body;
}

// The same once more: what a run was started with.
export function draftOfRun({environment, definition}: {environment: string; definition: Definition}): RunDraft {
  const target = record(definition.target);
  const [cell = {}] = list(definition.cells);
  const budget = record(definition.budget);
  const asset = target.kind === 'prompt' || target.kind === 'model' ? record(cell[target.kind]) : {};
  const draft: RunDraft = {
    environment, target: 'defined', name: '', version: '', split: datasetOf(definition)?.split ?? '', repeats: number(definition.repeats) ?? null,
    usd: number(budget.usd) ?? null, calls: number(budget.calls) ?? null,
  };
  if (target.kind === 'release') return {...draft, target: 'release', name: String(target.release)};
  if ((target.kind === 'prompt' || target.kind === 'model') && text(asset.asset)) return {...draft, target: target.kind, name: String(asset.asset), version: String(asset.version ?? '')};
  return draft;
}

// "golden", "shared/dataset/golden" or either with a version behind a colon, as an evaluation of the owner names it.
export function resolveReference(owner: string, kind: AssetKind, reference: unknown): AssetId | null {
  if (typeof reference !== 'string') return null;
  const name = reference.replace(/:.*$/, '');
  return parseAssetName(name.includes('/') ? name : `${owner}/${kind}/${name}`);
}

// What an evaluation says of its target, in words.
export function targetWords(target: unknown): string {
  const [entry] = Object.entries(record(target));
  if (!entry) return 'what is active in the environment';
  const [kind, value] = entry;
  if (kind === 'release') return typeof value === 'number' ? `release ${value}` : value === 'active' || value === 'candidate' ? `the ${value} release` : `release ${String(value)}`;
  if (kind === 'matrix') {
    const {prompts, models, parameters} = record(value);
    const count = (many: unknown) => Array.isArray(many) && many.length ? many.length : 1;
    return `a matrix of ${plural(count(prompts) * count(models) * count(parameters), 'variant')}`;
  }
  if (kind === 'http') return `the application at ${String(record(value).url ?? 'an address')}`;
  if (kind === 'responses') return 'answers that came with the cases';
  return `${kind} ${String(value)}`;
}

// ---- what the console counts itself

export interface Sample {
  results: RunResult[];
  cases: number;
  complete: boolean;  // these are all there are
}

// No more than `most` cases, each with all of its results. `all`: nothing was left to be read.
export function firstCases(results: readonly RunResult[], all: boolean, most: number): Sample {
  const cases = [...new Set(results.map((result) => result.number))];
  if (all && cases.length <= most) return {results: [...results], cases: cases.length, complete: true};
  // The last case may have more results than were read.
  const whole = all ? cases.length : Math.max(1, cases.length - 1);
  const kept = new Set(cases.slice(0, Math.min(whole, most)));
  return {results: results.filter((result) => kept.has(result.number)), cases: kept.size, complete: false};
}


export interface SliceScore {
  cases: number;
  mean: number;
  passRate: number | null;  // null where the metric only measures
  interval: Interval | null;
}
export interface Slice {
  tag: string;
  cases: number;
  errors: number;  // results without an answer
  scores: Record<string, SliceScore>;
}

interface Sum {
  value: number;
  scored: number;
  passed: number;
  judged: number;
}

// One observation a case, the mean of its answers; cases in several tags count in each. Largest slices first.
export function slicesOf(results: readonly RunResult[], cell: number): Slice[] {
  const slices = new Map<string, {cases: Set<number>; errors: number; sums: Map<string, Map<number, Sum>>}>();
  for (const result of results) {
    if (result.cell !== cell) continue;
    for (const tag of new Set(result.tags ?? [])) {
      let slice = slices.get(tag);
      if (!slice) slices.set(tag, slice = {cases: new Set(), errors: 0, sums: new Map()});
      slice.cases.add(result.number);
      if (result.status === 'error') slice.errors++;
      for (const {metric, value, passed} of result.scores ?? []) {
        if (value === undefined) continue;
        let byCase = slice.sums.get(metric);
        if (!byCase) slice.sums.set(metric, byCase = new Map());
        const sum = byCase.get(result.number) ?? {value: 0, scored: 0, passed: 0, judged: 0};
        byCase.set(result.number, {value: sum.value + value, scored: sum.scored + 1, passed: sum.passed + Number(passed === true), judged: sum.judged + Number(passed !== undefined)});
      }
    }
  }
  return [...slices].map(([tag, {cases, errors, sums}]): Slice => ({tag, cases: cases.size, errors, scores: Object.fromEntries([...sums].map(([metric, byCase]) => [metric, scoreOf([...byCase.values()])]))}))
      .sort((a, b) => b.cases - a.cases || a.tag.localeCompare(b.tag));
}

function scoreOf(sums: readonly Sum[]): SliceScore {
  const judged = sums.filter((sum) => sum.judged > 0);
  const passed = judged.reduce((all, sum) => all + sum.passed / sum.judged, 0);
  return {
    cases: sums.length, mean: sums.reduce((all, sum) => all + sum.value / sum.scored, 0) / sums.length,
    passRate: judged.length ? passed / judged.length : null, interval: judged.length ? wilson(Math.min(passed, judged.length), judged.length) : null,
  };
}
