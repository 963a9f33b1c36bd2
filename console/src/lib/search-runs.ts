// SPDX-License-Identifier: Apache-2.0
// What the addresses of evaluations and runs hold beside the shell's.
import {drop, text} from './search';

export const kRunStates = ['queued', 'running', 'finished', 'cancelled', 'failed'] as const;
export const kMostRuns = 6;  // that can be compared
export const kShows = ['differ', 'better', 'worse', 'all'] as const;
export type Show = (typeof kShows)[number];
export const kRunTabs = ['metrics', 'cases', 'definition'] as const;
export type RunTab = (typeof kRunTabs)[number];

export interface RunsSearch {
  use_case?: string;
  evaluation?: string;
  state?: (typeof kRunStates)[number];
  pick?: string;  // runs that are chosen to be compared
}
// `verdict`: what the metric (or any) said of the answer; `unjudged` is none that it could give.
export const kVerdicts = ['passed', 'failed', 'unjudged'] as const;
export type Verdict = (typeof kVerdicts)[number];
export interface RunSearch {
  tab?: RunTab;
  metric?: string;
  verdict?: Verdict;
  status?: 'ok' | 'error';
  cell?: string;
  tag?: string;
  q?: string;
  open?: string;  // an item's number
}
export interface CompareSearch {
  runs?: string;
  show?: Show;
  metric?: string;
}

function oneOf<T extends string>(values: readonly T[], value: unknown): T | undefined {
  return values.find((v) => v === value);
}
const whole = (value: unknown): string | undefined => typeof value === 'string' && /^\d{1,9}$/.test(value) ? value : undefined;

// Ids with commas between them, each once, as many as can be compared.
export function cleanIds(value: unknown): string | undefined {
  const ids = [...new Set((text(value) ?? '').split(',').map((id) => id.trim().toLowerCase()))].filter((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id));
  return ids.length ? ids.slice(0, kMostRuns).join(',') : undefined;
}
export function idsOf(ids: string | undefined): string[] {
  return ids ? ids.split(',') : [];
}

export function cleanEvaluations(search: Record<string, unknown>): {q?: string; owner?: string} {
  return drop({q: text(search.q), owner: text(search.owner)});
}

export function cleanRuns(search: Record<string, unknown>): RunsSearch {
  return drop({use_case: text(search.use_case), evaluation: text(search.evaluation), state: oneOf(kRunStates, search.state), pick: cleanIds(search.pick)});
}

export function cleanRun(search: Record<string, unknown>): RunSearch {
  const tab = oneOf(kRunTabs, search.tab);
  return drop({
    tab: tab === 'metrics' ? undefined : tab, metric: text(search.metric), verdict: oneOf(kVerdicts, search.verdict), status: oneOf(['ok', 'error'] as const, search.status),
    cell: whole(search.cell), tag: text(search.tag), q: text(search.q), open: whole(search.open),
  });
}

export function cleanCompare(search: Record<string, unknown>): CompareSearch {
  const show = oneOf(kShows, search.show);
  return drop({runs: cleanIds(search.runs), show: show === 'differ' ? undefined : show, metric: text(search.metric)});
}
