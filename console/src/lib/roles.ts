// SPDX-License-Identifier: Apache-2.0
// Roles as words. What a role may is decided by the server; this says it.

export const kRoles = ['admin', 'platform', 'developer', 'data', 'reviewer', 'approver', 'annotator', 'viewer'] as const;
export type Role = (typeof kRoles)[number];
export const kDisciplines = ['legal', 'security', 'risk', 'ethics'] as const;

export const kRoleMeaning: Record<Role, string> = {
  admin: 'Everything, people included',
  platform: 'Keys, assets, releases, policies, audit log; no people, no decisions',
  developer: 'Assets, use cases, releases, promotion, keys, playground',
  data: 'Assets and datasets, playground, feedback',
  reviewer: 'Decides reviews of use cases, reads the audit log',
  approver: 'Approves, promotes and rolls back releases, reads the audit log',
  annotator: 'Gives feedback',
  viewer: 'Looks',
};

export interface Grant {
  role: Role;
  use_case?: string | null;
  environment?: string | null;
  discipline?: string | null;
}

// "reviewer of legal matters for support in prod"
export function grantText({role, use_case, environment, discipline}: Grant): string {
  return [role, discipline && `(${discipline})`, use_case && `for ${use_case}`, environment && `in ${environment}`].filter(Boolean).join(' ');
}

export const isAdministrator = (grants: readonly Grant[] | undefined) =>
  !!grants?.some((grant) => grant.role === 'admin' && !grant.use_case && !grant.environment);
