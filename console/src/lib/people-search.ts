// SPDX-License-Identifier: Apache-2.0
// What the people page keeps in the address.

export interface PeopleSearch {
  kind?: 'service';  // people otherwise
  q?: string;
}

export function cleanPeople(search: Record<string, unknown>): PeopleSearch {
  return {
    ...(search.kind === 'service' ? {kind: 'service' as const} : {}),
    ...(typeof search.q === 'string' && search.q.trim() !== '' && search.q.length <= 200 ? {q: search.q} : {}),
  };
}
