// SPDX-License-Identifier: Apache-2.0
// What the pages of evaluations and runs ask, and how long an answer stays fresh.
import {infiniteQueryOptions, keepPreviousData, queryOptions, type QueryClient} from '@tanstack/react-query';
import {firstCases, type Sample} from '../lib/runs';
import {api, need} from './client';
import type {components} from './schema';

type Schemas = components['schemas'];
export type Run = Schemas['Run'];
export type RunCell = Schemas['RunCell'];
export type RunDetail = Schemas['RunDetail'];
export type RunMetric = Schemas['RunMetric'];
export type RunResult = Schemas['RunResult'];
export type RunScore = Schemas['RunScore'];
export type RunStart = Schemas['RunStart'];
export type RunState = Schemas['RunState'];
export type RunTarget = Schemas['RunTarget'];

const kMinute = 60_000;
const kLive = 4_000;

export interface RunFilter {
  use_case?: string;
  evaluation?: string;
  environment?: string;
  state?: RunState;
}
export interface ResultFilter {
  status?: 'ok' | 'error';
  metric?: string;
  passed?: boolean;
  error?: boolean;
  cell?: number;
  tag?: string;
  q?: string;
}

export function hasEnded({state}: Pick<Run, 'state'>): boolean {
  return state !== 'queued' && state !== 'running';
}

// Evaluations a page at a time: each of them is asked for its content and its last run.
export function evaluationsQuery(search: {q?: string; owner?: string}) {
  return infiniteQueryOptions({
    queryKey: ['assets', 'evaluations', search],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/assets', {signal, params: {query: {...search, kind: 'evaluation', limit: 25, ...(pageParam ? {cursor: pageParam} : {})}}})),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
}

// The first that match, for a choice that is searched as one types.
export function someAssetsQuery(kind: 'evaluation' | 'prompt' | 'model', owner: string | undefined, q: string) {
  return queryOptions({
    queryKey: ['assets', 'some', kind, owner ?? '', q],
    queryFn: async ({signal}) => (await need(api.GET('/api/v1/assets', {signal, params: {query: {kind, limit: 50, ...(owner ? {owner} : {}), ...(q ? {q} : {})}}}))).items,
    placeholderData: keepPreviousData,
    staleTime: kMinute,
  });
}

export function runsQuery(filter: RunFilter) {
  return infiniteQueryOptions({
    queryKey: ['runs', 'list', filter],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/runs', {signal, params: {query: {...filter, limit: 50, ...(pageParam ? {cursor: pageParam} : {})}}})),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => query.state.data?.pages.some((page) => page.items.some((run) => !hasEnded(run))) ? kLive : false,
    staleTime: 2_000,
  });
}

// `evaluation`: "owner/evaluation/name". Null: it never ran.
export function lastRunQuery(owner: string, evaluation: string) {
  return queryOptions({
    queryKey: ['runs', 'last', evaluation],
    queryFn: async ({signal}) => (await need(api.GET('/api/v1/runs', {signal, params: {query: {use_case: owner, evaluation, limit: 1}}}))).items[0] ?? null,
    refetchInterval: (query) => query.state.data && !hasEnded(query.state.data) ? kLive : false,
    staleTime: 5_000,
  });
}

export function runQuery(id: string) {
  return queryOptions({
    queryKey: ['runs', 'one', id],
    queryFn: ({signal}) => need(api.GET('/api/v1/runs/{id}', {signal, params: {path: {id}}})),
    staleTime: 5_000,
  });
}

export function resultsQuery(id: string, filter: ResultFilter) {
  return infiniteQueryOptions({
    queryKey: ['runs', 'one', id, 'results', filter],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/runs/{id}/results', {signal, params: {path: {id}, query: {...filter, limit: 50, ...(pageParam ? {cursor: pageParam} : {})}}})),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  });
}

// One result by its item's number. Null: there is none (yet).
export function resultQuery(id: string, item: number) {
  return queryOptions({
    queryKey: ['runs', 'one', id, 'result', item],
    queryFn: async ({signal}) => {
      const {items: [first]} = await need(api.GET('/api/v1/runs/{id}/results', {signal, params: {path: {id}, query: {cursor: String(item), limit: 1}}}));
      return first?.item === item ? first : null;
    },
    staleTime: 5_000,
  });
}

// The first cases with all their results: what the console itself counts. Bounded, and those who show it say so.
export const kSampleCases = 2_000;
const kSampleResults = 10_000;
const kSampleCharacters = 16_000_000;  // of answers: a page is no place for more
const kSamplePage = 500;

export function sampleQuery(id: string, ended: boolean) {
  return queryOptions({
    queryKey: ['runs', 'one', id, 'sample', ended],
    queryFn: ({signal}) => fetchSample(id, signal),
    staleTime: ended ? 10 * kMinute : 5_000,
    gcTime: kMinute,  // it may be some megabytes
  });
}

async function fetchSample(id: string, signal: AbortSignal): Promise<Sample> {
  const results: RunResult[] = [];
  const cases = new Set<number>();
  let characters = 0;
  let cursor: string | null = '';
  while (cursor !== null && cases.size <= kSampleCases && results.length < kSampleResults && characters < kSampleCharacters) {
    const page: Schemas['RunResultPage'] = await need(api.GET('/api/v1/runs/{id}/results', {signal, params: {path: {id}, query: {limit: kSamplePage, ...(cursor ? {cursor} : {})}}}));
    for (const result of page.items) {
      results.push(result);
      cases.add(result.number);
      characters += result.answer?.length ?? 0;
    }
    cursor = page.next_cursor;
  }
  return firstCases(results, cursor === null, kSampleCases);
}

export function exportRunLink(id: string): string {
  return `/api/v1/runs/${encodeURIComponent(id)}/export`;
}

export function refreshRuns(client: QueryClient) {
  void client.invalidateQueries({queryKey: ['runs']});
}
