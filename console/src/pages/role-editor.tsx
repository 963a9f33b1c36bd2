// SPDX-License-Identifier: Apache-2.0
// Roles, each for everything or only for a use case, an environment or a discipline of review.
import {ActionIcon, Button, Select, Text} from '@mantine/core';
import {IconPlus, IconX} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {sessionQuery} from '../api/queries';
import {UseCaseSelect} from '../ui/use-case-select';
import {kDisciplines, kRoleMeaning, kRoles, type Grant, type Role} from '../lib/roles';

export function RoleEditor({grants, onChange}: {grants: Grant[]; onChange: (grants: Grant[]) => void}) {
  const {data: session} = useQuery(sessionQuery);
  const environments = session?.environments.map((e) => e.name) ?? [];
  const set = (at: number, change: Partial<Grant>) => onChange(grants.map((grant, i) => i === at ? {...grant, ...change} : grant));
  return (
    <fieldset style={{border: 0, padding: 0, margin: 0, minWidth: 0}}>
      <legend style={{fontWeight: 500, fontSize: 'var(--mantine-font-size-sm)', marginBottom: 4}}>Roles</legend>
      {grants.length === 0 && <Text size="sm" c="dimmed" mb={6}>None: signing in works, everything else is refused.</Text>}
      {grants.map((grant, at) => {
        const nth = `role ${at + 1}`;
        return (
          <div key={at} style={{display: 'flex', flexWrap: 'wrap', gap: 8, alignItems: 'flex-start', marginBottom: 10}}>
            <div style={{flex: '1 1 150px', minWidth: 130}}>
              <Select size="xs" aria-label={`Name of ${nth}`} allowDeselect={false} data={[...kRoles]} value={grant.role} comboboxProps={{withinPortal: true}}
                      onChange={(role) => set(at, {role: (role ?? 'viewer') as Role, ...(role === 'reviewer' ? {} : {discipline: null})})} />
              <Text size="xs" c="dimmed" mt={3}>{kRoleMeaning[grant.role]}</Text>
            </div>
            {grant.role === 'reviewer' && (
              <Select size="xs" w={120} aria-label={`Discipline of ${nth}`} allowDeselect={false} data={[{value: '', label: 'All reviews'}, ...kDisciplines]} value={grant.discipline ?? ''} onChange={(value) => set(at, {discipline: value || null})} />
            )}
            <UseCaseSelect size="xs" w={160} aria-label={`Use case of ${nth}`} allowDeselect={false} before={[{value: '', label: 'All use cases'}]} value={grant.use_case ?? ''} onChange={(value) => set(at, {use_case: value || null})} />
            <Select size="xs" w={150} aria-label={`Environment of ${nth}`} allowDeselect={false} data={[{value: '', label: 'All environments'}, ...environments]} value={grant.environment ?? ''} onChange={(value) => set(at, {environment: value || null})} />
            <ActionIcon variant="subtle" c="var(--mantine-color-text)" mt={1} aria-label={`Take away ${nth}`} onClick={() => onChange(grants.filter((_, i) => i !== at))}><IconX size={16} aria-hidden /></ActionIcon>
          </div>
        );
      })}
      <Button size="compact-xs" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => onChange([...grants, {role: 'viewer'}])}>Another role</Button>
    </fieldset>
  );
}
