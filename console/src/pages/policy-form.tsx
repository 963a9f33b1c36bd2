// SPDX-License-Identifier: Apache-2.0
// Changing what one owner says of an environment. The server refuses what would loosen a shared rule, and says which.
import {ActionIcon, Button, MultiSelect, NumberInput, Select, TagsInput, Text, TextInput} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {IconPlus, IconX} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {api, need} from '../api/client';
import type {PolicyContent} from '../api/governance';
import {policyDraftOf, policyOf, type PolicyDraft, type YesNo} from '../lib/policy-draft';
import {kRoles} from '../lib/roles';
import {Dialog} from '../ui/dialog';

const kStrategies = [{value: 'all', label: 'All at once'}, {value: 'blue_green', label: 'Blue-green'}, {value: 'canary', label: 'Canary'}];

export function PolicyDialog({owner, environment, before, onClose}: {owner: string; environment: string; before: PolicyContent; onClose: () => void}) {
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState<PolicyDraft>(policyDraftOf(before));
  const set = (changes: Partial<PolicyDraft>) => setDraft((now) => ({...now, ...changes}));
  const save = useMutation({
    mutationFn: () => need(api.PUT('/api/v1/policies/{owner}/{environment}', {params: {path: {owner, environment}}, body: policyOf(draft, before)})),
    onSuccess: (policy) => {
      for (const queryKey of [['policy'], ['releases'], ['approvals']]) void queryClient.invalidateQueries({queryKey});
      notifications.show({message: `Version ${policy.version} of what ${owner} says for ${environment} is in force.`});
      onClose();
    },
  });
  const below = owner === 'shared' ? 'as the default says' : 'as shared says';
  const choice = (label: string, field: 'approved' | 'previous' | 'author' | 'emergency', yes: string, no: string) => (
    <Select label={label} allowDeselect={false} value={draft[field]} data={[{value: '', label: `(${below})`}, {value: 'yes', label: yes}, {value: 'no', label: no}]}
            onChange={(value) => set({[field]: (value ?? '') as YesNo})} />
  );
  return (
    <Dialog title={`Rules of ${environment}${owner === 'shared' ? '' : ` for ${owner}`}`} action="Put in force" size="lg" onClose={onClose} onSubmit={() => save.mutate()} pending={save.isPending} error={save.error}>
      <Text size="sm">{owner === 'shared' ? 'This holds for every use case. What is left out is as the default says.' : 'A use case can only tighten what shared says. What is left out is as shared says.'}</Text>
      <div className="two-fields">
        {choice('Use case', 'approved', 'Must be approved', 'Need not be approved')}
        {choice('Environment before', 'previous', 'Must run the release', 'Need not run it')}
        {choice('The author', 'author', 'May approve, too', 'May not approve')}
        <NumberInput label="Evidence is at most so old" suffix=" hours" placeholder={`(${below})`} min={1} max={87_840} allowDecimal={false} allowNegative={false} value={draft.age === '' ? '' : Number(draft.age)}
                     onChange={(value) => set({age: value === '' ? '' : String(value)})} />
      </div>
      <div role="group" aria-label="Approvals" className="rows">
        <Text size="sm" fw={500}>Approvals</Text>
        {draft.approvals.length === 0 && <Text size="sm" c="dimmed">({below})</Text>}
        {draft.approvals.map((approval, i) => {
          const change = (changes: Partial<typeof approval>) => set({approvals: draft.approvals.map((a, at) => at === i ? {...a, ...changes} : a)});
          return (
            <div key={i} className="row" style={{alignItems: 'center'}}>
              <NumberInput w={90} aria-label={`How many, rule ${i + 1}`} min={0} max={20} allowDecimal={false} value={approval.count} onChange={(value) => change({count: Number(value) || 0})} />
              <Select w={200} aria-label={`Role, rule ${i + 1}`} allowDeselect={false} data={[...kRoles]} value={approval.role} onChange={(role) => change({role: role ?? ''})} />
              <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={`Take approval rule ${i + 1} away`} onClick={() => set({approvals: draft.approvals.filter((_, at) => at !== i)})}><IconX size={16} aria-hidden /></ActionIcon>
            </div>
          );
        })}
        <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => set({approvals: [...draft.approvals, {role: kRoles.find((r) => r === 'approver' && !draft.approvals.some((a) => a.role === r)) ?? 'reviewer', count: 1}]})}>Ask for an approval</Button>
      </div>
      <TagsInput label="Evidence that must be a pass" description="Evaluations, as shared/evaluation/safety" placeholder={draft.gates.length ? undefined : `(${below})`} value={draft.gates} onChange={(gates) => set({gates})} />
      <MultiSelect label="Strategies that are allowed" placeholder={draft.strategies.length ? undefined : `(${below})`} data={kStrategies} value={draft.strategies} onChange={(strategies) => set({strategies})} />
      <div role="group" aria-label="Freezes" className="rows">
        <Text size="sm" fw={500}>Freezes</Text>
        {draft.freeze.map((window, i) => {
          const change = (changes: Partial<typeof window>) => set({freeze: draft.freeze.map((f, at) => at === i ? {...f, ...changes} : f)});
          return (
            <div key={i} className="freeze-row">
              <TextInput type="datetime-local" aria-label={`Freeze ${i + 1} from`} value={window.from} onChange={(e) => change({from: e.currentTarget.value})} />
              <TextInput type="datetime-local" aria-label={`Freeze ${i + 1} until`} value={window.until} onChange={(e) => change({until: e.currentTarget.value})} />
              <TextInput style={{flex: 1, minWidth: 120}} aria-label={`Why freeze ${i + 1}`} placeholder="Why?" value={window.reason} onChange={(e) => change({reason: e.currentTarget.value})} />
              <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={`Take freeze ${i + 1} away`} onClick={() => set({freeze: draft.freeze.filter((_, at) => at !== i)})}><IconX size={16} aria-hidden /></ActionIcon>
            </div>
          );
        })}
        <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => set({freeze: [...draft.freeze, {from: '', until: '', reason: ''}]})}>Plan a freeze</Button>
      </div>
      <div className="two-fields">
        {choice('Emergency', 'emergency', 'May pass by the checks', 'No way around the checks')}
        {draft.emergency === 'yes' && <MultiSelect label="Who may" data={[...kRoles]} value={draft.roles} onChange={(roles) => set({roles})} />}
      </div>
    </Dialog>
  );
}
