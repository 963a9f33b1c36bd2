// SPDX-License-Identifier: Apache-2.0
// Gates: what is asked of the server about them.
import {queryOptions, type QueryClient} from '@tanstack/react-query';
import {api, need} from './client';
import type {components} from './schema';

export type Gate = components['schemas']['Gate'];
export type GateRun = components['schemas']['GateRun'];

// While it is not decided it is looked at every second.
export const kGateLookMs = 1_000;

export function gatesQuery(slug: string, release: number) {
  return queryOptions({
    queryKey: ['gates', slug, 'release', release],
    queryFn: async ({signal}) => (await need(api.GET('/api/v1/use-cases/{slug}/gates', {signal, params: {path: {slug}, query: {release, limit: 20}}}))).items,
    refetchInterval: (query) => query.state.data?.some((gate) => !gate.verdict) ? kGateLookMs : false,
    staleTime: 5_000,
  });
}

export function gateQuery(slug: string, id: string) {
  return queryOptions({
    queryKey: ['gates', slug, id],
    queryFn: ({signal}) => need(api.GET('/api/v1/use-cases/{slug}/gates/{id}', {signal, params: {path: {slug, id}}})),
    refetchInterval: (query) => query.state.data && !query.state.data.verdict ? kGateLookMs : false,
    staleTime: 5_000,
  });
}

export function gateReportQuery(slug: string, id: string) {
  return queryOptions({
    queryKey: ['gates', slug, id, 'report'],
    queryFn: ({signal}) => need(api.GET('/api/v1/use-cases/{slug}/gates/{id}/report', {
      signal, params: {path: {slug, id}, query: {format: 'markdown'}}, parseAs: 'text',
    })) as Promise<string>,
    staleTime: Infinity,
  });
}

export function reportAddress(gate: Gate, format: string, evaluation?: string) {
  return `/api/v1/use-cases/${gate.use_case}/gates/${gate.id}/report?format=${format}${evaluation ? `&evaluation=${encodeURIComponent(evaluation)}` : ''}`;
}

// A verdict is evidence: what may be promoted changes with it.
export function refreshGates(queryClient: QueryClient, slug: string) {
  void queryClient.invalidateQueries({queryKey: ['gates', slug]});
  void queryClient.invalidateQueries({queryKey: ['releases', slug]});
}
