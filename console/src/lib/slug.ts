// SPDX-License-Identifier: Apache-2.0
// What is wrong with a use case's slug, as a sentence; null if nothing is.
export function slugProblem(slug: string): string | null {
  if (/^[a-z][a-z0-9-]{0,62}$/.test(slug)) return null;
  if (slug.length > 63) return 'At most 63 characters';
  if (!/^[a-z]/.test(slug)) return 'Begins with a small letter';
  return 'Small letters, digits and hyphens only';
}
