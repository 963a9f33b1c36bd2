// SPDX-License-Identifier: Apache-2.0
// What the addresses of the registry, the catalogue, the releases and the queue hold beside the shell's.
import {cleanCases, type CasesSearch} from './dataset';
import {drop, text} from './search';

function oneOf<T extends string>(values: readonly T[], value: unknown): T | undefined {
  return values.find((v) => v === value);
}

export const kUseCaseStates = ['draft', 'in_review', 'approved', 'retired'] as const;
export const kUseCaseTabs = ['summary', 'risk', 'releases', 'figures', 'assets'] as const;
export type UseCaseTab = (typeof kUseCaseTabs)[number];
export const kAssetKinds = ['prompt', 'model', 'guardrail', 'tool', 'flow', 'agent', 'knowledge', 'dataset', 'evaluation'] as const;
export type AssetKind = (typeof kAssetKinds)[number];
export const kAssetTabs = ['cases', 'compare', 'calls', 'content', 'edit', 'history', 'used', 'try'] as const;
export type AssetTab = (typeof kAssetTabs)[number];
export const kReleaseTabs = ['notes', 'assets', 'evidence', 'approvals'] as const;
export type ReleaseTab = (typeof kReleaseTabs)[number];

export interface RegistrySearch {
  q?: string;
  state?: (typeof kUseCaseStates)[number];
  tier?: string;
  owner?: string;
  review?: 'due';
}
export interface CatalogueSearch {
  q?: string;
  owner?: string;
  kind?: AssetKind;
  label?: string;
  deprecated?: 'true' | 'false';
}
export interface AssetSearch extends CasesSearch {
  tab?: AssetTab;
  before?: string;
  after?: string;
}

export function cleanRegistry(search: Record<string, unknown>): RegistrySearch {
  return drop({
    q: text(search.q), state: oneOf(kUseCaseStates, search.state), tier: text(search.tier), owner: text(search.owner),
    review: oneOf(['due'] as const, search.review),
  });
}

export function cleanUseCase(search: Record<string, unknown>): {tab?: UseCaseTab} {
  const tab = oneOf(kUseCaseTabs, search.tab);
  return drop({tab: tab === 'summary' ? undefined : tab});
}

// The wizard's step; it begins with the first.
export function cleanRegister(search: Record<string, unknown>): {step?: string} {
  return drop({step: oneOf(['2', '3', '4'], search.step)});
}

export function cleanCatalogue(search: Record<string, unknown>): CatalogueSearch {
  return drop({
    q: text(search.q), owner: text(search.owner), kind: oneOf(kAssetKinds, search.kind), label: text(search.label),
    deprecated: oneOf(['true', 'false'] as const, search.deprecated),
  });
}

// `before` and `after` are the two versions that the history compares: numbers, labels or `latest`. The first tab of a dataset is
// its cases, that of anything else its content.
export function cleanAsset(search: Record<string, unknown>): AssetSearch {
  return drop({...cleanCases(search), tab: oneOf(kAssetTabs, search.tab), before: text(search.before), after: text(search.after)});
}

export function cleanReleases(search: Record<string, unknown>): {q?: string} {
  return drop({q: text(search.q)});
}

export function cleanRelease(search: Record<string, unknown>): {tab?: ReleaseTab} {
  const tab = oneOf(kReleaseTabs, search.tab);
  return drop({tab: tab === 'notes' ? undefined : tab});
}

export function cleanApprovals(search: Record<string, unknown>): {open?: string; all?: 'yes'} {
  return drop({open: text(search.open), all: oneOf(['yes'] as const, search.all)});
}

export function cleanPolicies(search: Record<string, unknown>): {owner?: string} {
  return drop({owner: text(search.owner)});
}
