// SPDX-License-Identifier: Apache-2.0
// What is asked about people and about the audit log.
import {infiniteQueryOptions, queryOptions} from '@tanstack/react-query';
import {sinceTime, type AuditSearch} from '../lib/audit';
import {api, need} from './client';
import type {components} from './schema';

export type Person = components['schemas']['PrincipalDetail'];
export type RoleGrant = components['schemas']['RoleGrant'];
export type PersonWithSecret = components['schemas']['PrincipalWithSecret'];
export type AuditEntry = components['schemas']['AuditEntry'];
export type AuditVerification = components['schemas']['AuditVerification'];

export const signInMethodsQuery = queryOptions({
  queryKey: ['sign-in-methods'],
  queryFn: ({signal}) => need(api.GET('/api/v1/sign-in-methods', {signal})),
  staleTime: 60_000,
});

export function peopleQuery(kind: Person['kind'], q: string) {
  return infiniteQueryOptions({
    queryKey: ['people', kind, q],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/principals', {
      signal, params: {query: {kind, limit: 100, ...(q ? {q} : {}), ...(pageParam ? {cursor: pageParam} : {})}},
    })),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    staleTime: 10_000,
  });
}

export function auditParams({since, open: _, ...filters}: AuditSearch) {
  const from = sinceTime(since);
  return {...filters, ...(from ? {from} : {})};
}

export function auditQuery(search: AuditSearch) {
  const {open: _, ...key} = search;
  return infiniteQueryOptions({
    queryKey: ['audit', key],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/audit', {
      signal, params: {query: {...pageParam.filters, limit: 100, ...(pageParam.cursor ? {cursor: pageParam.cursor} : {})}},
    })),
    // The begin of the range is fixed with the first page, so that the pages belong together.
    initialPageParam: {cursor: '', filters: auditParams(key)},
    getNextPageParam: (last, _all, param) => last.next_cursor ? {...param, cursor: last.next_cursor} : undefined,
    staleTime: 10_000,
  });
}
