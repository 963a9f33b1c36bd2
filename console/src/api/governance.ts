// SPDX-License-Identifier: Apache-2.0
// What the pages of the registry, the catalogue and the releases ask, and how long an answer stays fresh.
import {infiniteQueryOptions, keepPreviousData, queryOptions, type QueryClient} from '@tanstack/react-query';
import type {AssetId} from '../lib/asset';
import {resolveRange, type RangeSearch} from '../lib/range';
import type {CatalogueSearch, RegistrySearch} from '../lib/search-pages';
import {api, need} from './client';
import type {components} from './schema';

type Schemas = components['schemas'];
export type Asset = Schemas['Asset'];
export type AssetChange = Schemas['AssetChange'];
export type AssetDetail = Schemas['AssetDetail'];
export type AssetDiff = Schemas['AssetDiff'];
export type AssetKind = Schemas['AssetKind'];
export type AssetProblem = Schemas['AssetProblem'];
export type AssetReference = Schemas['AssetReference'];
export type AssetUse = Schemas['AssetUse'];
export type AssetVersionInfo = Schemas['AssetVersionInfo'];
export type CanaryPlan = Schemas['CanaryPlan'];
export type Deployment = Schemas['Deployment'];
export type DeploymentEvent = Schemas['DeploymentEvent'];
export type EffectivePolicy = Schemas['EffectivePolicy'];
export type Evidence = Schemas['Evidence'];
export type Kpi = Schemas['Kpi'];
export type PendingDecision = Schemas['PendingDecision'];
export type PolicyContent = Schemas['PolicyContent'];
export type Promotion = Schemas['Promotion'];
export type PromotionCheck = Schemas['PromotionCheck'];
export type Questionnaire = Schemas['Questionnaire'];
export type Release = Schemas['Release'];
export type ReleaseAsset = Schemas['ReleaseAsset'];
export type RenderedPrompt = Schemas['RenderedPrompt'];
export type Review = Schemas['Review'];
export type ReviewDecision = Schemas['ReviewDecision'];
export type Rollout = Schemas['Rollout'];
export type Threshold = Schemas['Threshold'];
export type UseCase = Schemas['UseCase'];
export type UseCaseDetail = Schemas['UseCaseDetail'];
export type UseCaseState = Schemas['UseCaseState'];

const kMinute = 60_000;
const kPage = 100;

export function registryQuery(search: RegistrySearch) {
  return infiniteQueryOptions({
    queryKey: ['registry', 'list', search],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/use-cases', {signal, params: {query: {...search, limit: kPage, ...(pageParam ? {cursor: pageParam} : {})}}})),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
}

// Only how many there are.
export function registryCountQuery(search: RegistrySearch) {
  return queryOptions({
    queryKey: ['registry', 'count', search],
    queryFn: async ({signal}) => (await need(api.GET('/api/v1/use-cases', {signal, params: {query: {...search, limit: 1}}}))).total,
    staleTime: 10_000,
  });
}

export function useCaseQuery(slug: string) {
  return queryOptions({
    queryKey: ['use-case', slug],
    queryFn: ({signal}) => need(api.GET('/api/v1/use-cases/{slug}', {signal, params: {path: {slug}}})),
    staleTime: 5_000,
  });
}

export const questionnaireQuery = queryOptions({
  queryKey: ['questionnaire'],
  queryFn: ({signal}) => need(api.GET('/api/v1/questionnaire', {signal})),
  staleTime: 10 * kMinute,
});

export function useCaseFiguresQuery(slug: string, range: RangeSearch, environment: string | undefined) {
  const {from, to} = resolveRange(range);
  return queryOptions({
    queryKey: ['use-case-figures', slug, range, environment ?? ''],
    queryFn: ({signal}) => need(api.GET('/api/v1/overview', {
      signal, params: {query: {from: from.toISOString(), to: to.toISOString(), use_case: slug, environment, group_by: 'release'}},
    })),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
}

export function catalogueQuery({deprecated, ...search}: CatalogueSearch) {
  return infiniteQueryOptions({
    queryKey: ['assets', search, deprecated ?? ''],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/assets', {
      signal,
      params: {query: {...search, ...(deprecated ? {deprecated: deprecated === 'true'} : {}), limit: kPage, ...(pageParam ? {cursor: pageParam} : {})}},
    })),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
}

export function assetQuery(id: AssetId) {
  return queryOptions({
    queryKey: ['asset', id.owner, id.kind, id.name],
    queryFn: ({signal}) => need(api.GET('/api/v1/assets/{owner}/{kind}/{name}', {signal, params: {path: id}})),
    staleTime: 5_000,
  });
}

// A number's content never changes; what a label or `latest` points at does.
export function assetVersionQuery(id: AssetId, version: string) {
  return queryOptions({
    queryKey: ['asset', id.owner, id.kind, id.name, 'version', version],
    queryFn: ({signal}) => need(api.GET('/api/v1/assets/{owner}/{kind}/{name}/versions/{version}', {signal, params: {path: {...id, version}}})),
    staleTime: /^\d+$/.test(version) ? 10 * kMinute : 5_000,
  });
}

export function assetVersionsQuery(id: AssetId) {
  return infiniteQueryOptions({
    queryKey: ['asset', id.owner, id.kind, id.name, 'versions'],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/assets/{owner}/{kind}/{name}/versions', {
      signal, params: {path: id, query: {limit: kPage, ...(pageParam ? {cursor: pageParam} : {})}},
    })),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    staleTime: 5_000,
  });
}

export function assetDiffQuery(id: AssetId, from: string, to: string) {
  return queryOptions({
    queryKey: ['asset', id.owner, id.kind, id.name, 'diff', from, to],
    queryFn: ({signal}) => need(api.GET('/api/v1/assets/{owner}/{kind}/{name}/diff', {signal, params: {path: id, query: {from, to}}})),
    staleTime: 5_000,
  });
}

export function assetUsesQuery(id: AssetId) {
  return queryOptions({
    queryKey: ['asset', id.owner, id.kind, id.name, 'used'],
    queryFn: async ({signal}) => (await need(api.GET('/api/v1/assets/{owner}/{kind}/{name}/where-used', {signal, params: {path: id}}))).items,
    staleTime: 5_000,
  });
}

export function releasesQuery(slug: string) {
  return infiniteQueryOptions({
    queryKey: ['releases', slug, 'list'],
    queryFn: ({signal, pageParam}) => need(api.GET('/api/v1/use-cases/{slug}/releases', {
      signal, params: {path: {slug}, query: {limit: 50, ...(pageParam ? {cursor: pageParam} : {})}},
    })),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    staleTime: 5_000,
  });
}

export function releaseQuery(slug: string, number: number) {
  return queryOptions({
    queryKey: ['releases', slug, number],
    queryFn: ({signal}) => need(api.GET('/api/v1/use-cases/{slug}/releases/{number}', {signal, params: {path: {slug, number}}})),
    staleTime: 5_000,
  });
}

export function releaseNotesQuery(slug: string, number: number) {
  return queryOptions({
    queryKey: ['releases', slug, number, 'notes'],
    queryFn: ({signal}) => need(api.GET('/api/v1/use-cases/{slug}/releases/{number}/notes', {
      signal, params: {path: {slug, number}, query: {format: 'md'}}, parseAs: 'text',
    })),
    staleTime: 30_000,
  });
}

export function deploymentsQuery(slug: string) {
  return queryOptions({
    queryKey: ['deployments', slug],
    queryFn: async ({signal}) => (await need(api.GET('/api/v1/use-cases/{slug}/deployments', {signal, params: {path: {slug}}}))).items,
    // A rollout moves by itself.
    refetchInterval: (query) => query.state.data?.some(isMoving) ? 3_000 : 30_000,
    staleTime: 2_000,
  });
}

export function isMoving({rollout}: Deployment): boolean {
  return rollout !== null && (rollout.state === 'running' || rollout.state === 'paused');
}

export function deploymentHistoryQuery(slug: string, environment: string) {
  return queryOptions({
    queryKey: ['deployments', slug, 'history', environment],
    queryFn: async ({signal}) => (await need(api.GET('/api/v1/use-cases/{slug}/deployments/{environment}/history', {
      signal, params: {path: {slug, environment}, query: {limit: 50}},
    }))).items,
    staleTime: 5_000,
  });
}

export function approvalsQuery(mine: boolean) {
  return queryOptions({
    queryKey: ['approvals', mine],
    queryFn: async ({signal}) => (await need(api.GET('/api/v1/approvals', {signal, params: {query: {mine}}}))).items,
    refetchInterval: 60_000,
    staleTime: 10_000,
  });
}

export function policyQuery(owner: string, environment: string) {
  return queryOptions({
    queryKey: ['policy', owner, environment],
    queryFn: ({signal}) => need(api.GET('/api/v1/policies/{owner}/{environment}', {signal, params: {path: {owner, environment}}})),
    staleTime: 10_000,
  });
}

export function effectivePolicyQuery(owner: string, environment: string) {
  return queryOptions({
    queryKey: ['policy', owner, environment, 'effective'],
    queryFn: ({signal}) => need(api.GET('/api/v1/policies/{owner}/{environment}/effective', {signal, params: {path: {owner, environment}}})),
    staleTime: 10_000,
  });
}

// After a change: what it may have touched is asked again.
export function refreshUseCase(client: QueryClient, slug: string, fresh?: UseCaseDetail) {
  if (fresh) client.setQueryData(useCaseQuery(slug).queryKey, fresh);
  else void client.invalidateQueries({queryKey: ['use-case', slug]});
  for (const queryKey of [['registry'], ['use-cases'], ['approvals'], ['releases', slug]]) void client.invalidateQueries({queryKey});
}

export function refreshAsset(client: QueryClient, id: AssetId) {
  for (const queryKey of [['asset', id.owner, id.kind, id.name], ['assets']]) void client.invalidateQueries({queryKey});
}

export function refreshReleases(client: QueryClient, slug: string) {
  for (const queryKey of [['releases', slug], ['deployments', slug], ['use-case', slug], ['registry'], ['approvals']]) void client.invalidateQueries({queryKey});
}
