// SPDX-License-Identifier: Apache-2.0
// What is asked of the server, and how long an answer stays fresh.
import {infiniteQueryOptions, keepPreviousData, queryOptions} from '@tanstack/react-query';
import {isLive, resolveRange, type RangeSearch} from '../lib/range';
import type {Dimension, Filters} from '../lib/search';
import {api, need, setCsrfToken} from './client';

const kMinute = 60_000;

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({signal}) => {
    const session = await need(api.GET('/api/v1/session', {signal}));
    setCsrfToken(session.csrf_token);
    return session;
  },
  staleTime: 5 * kMinute,
  retry: false,
});

function rangeParams(range: RangeSearch) {
  const {from, to} = resolveRange(range);
  return {from: from.toISOString(), to: to.toISOString()};
}

export function overviewQuery(range: RangeSearch, filters: Filters, by: Dimension) {
  const {q: _, ...rest} = filters;
  return queryOptions({
    queryKey: ['overview', range, rest, by],
    queryFn: ({signal}) => need(api.GET('/api/v1/overview', {signal, params: {query: {...rangeParams(range), ...rest, group_by: by}}})),
    placeholderData: keepPreviousData,
    refetchInterval: isLive(range) ? 10_000 : false,
    staleTime: 5_000,
  });
}

export function invocationsQuery(range: RangeSearch, filters: Filters) {
  return infiniteQueryOptions({
    queryKey: ['invocations', range, filters],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/invocations', {
      signal,
      params: {query: {...pageParam.range, ...filters, limit: 100, ...(pageParam.cursor ? {cursor: pageParam.cursor} : {})}},
    })),
    // The range is fixed when the first page is asked for, so that the pages belong together.
    initialPageParam: {cursor: '', range: rangeParams(range)},
    getNextPageParam: (last, _all, param) => last.next_cursor ? {...param, cursor: last.next_cursor} : undefined,
    staleTime: 10_000,
  });
}

export function invocationQuery(id: string) {
  return queryOptions({
    queryKey: ['invocation', id],
    queryFn: ({signal}) => need(api.GET('/api/v1/invocations/{id}', {signal, params: {path: {id}}})),
    staleTime: 10 * kMinute,
  });
}

const kKeysPage = 100;

export interface KeySearch {
  environment?: string;
  q?: string;
  state?: 'active' | 'inactive';
}

export function keyPagesQuery(search: KeySearch) {
  return infiniteQueryOptions({
    queryKey: ['keys', 'list', search],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/keys', {signal, params: {query: {...search, limit: kKeysPage, ...(pageParam ? {cursor: pageParam} : {})}}})),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
}

// The newest that match: for a choice that is searched as one types.
export function someKeysQuery(q: string) {
  return queryOptions({
    queryKey: ['keys', 'some', q],
    queryFn: async ({signal}) => (await need(api.GET('/api/v1/keys', {signal, params: {query: {limit: kKeysPage, ...(q ? {q} : {})}}}))).items,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
}

export function keyQuery(id: string) {
  return queryOptions({
    queryKey: ['keys', 'one', id],
    queryFn: ({signal}) => need(api.GET('/api/v1/keys/{id}', {signal, params: {path: {id}}})),
    staleTime: kMinute,
  });
}

// The first that match: for a choice that is searched as one types.
export function someUseCasesQuery(q: string) {
  return queryOptions({
    queryKey: ['use-cases', q],
    queryFn: async ({signal}) => (await need(api.GET('/api/v1/use-cases', {signal, params: {query: {limit: 100, ...(q ? {q} : {})}}}))).items,
    placeholderData: keepPreviousData,
    staleTime: kMinute,
  });
}

export function modelsQuery(environment?: string) {
  return queryOptions({
    queryKey: ['models', environment ?? ''],
    queryFn: async ({signal}) => (await need(api.GET('/api/v1/models', {signal, params: {query: {environment}}}))).items,
    staleTime: kMinute,
  });
}

export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({signal}) => need(api.GET('/api/v1/status', {signal})),
  refetchInterval: 30_000,
});
