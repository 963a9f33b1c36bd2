// SPDX-License-Identifier: Apache-2.0
// One reviewer's decision on a use case.
import {Button, Group, Radio, Select, Stack, Textarea, TextInput} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useState, type FormEvent} from 'react';
import {api, need} from '../api/client';
import {refreshUseCase, type ReviewDecision, type UseCaseDetail} from '../api/governance';
import {capital} from '../lib/governance';
import {toLocalInput} from '../lib/range';
import {Failure} from '../ui/dialog';

const kDecisions = [
  ['approve', 'Approve', 'It may go ahead as it is described'],
  ['approve_with_conditions', 'Approve with conditions', 'It may go ahead if the owner keeps what you list'],
  ['reject', 'Reject', 'It may not go ahead; say what would have to change'],
] as const;
const kExpiries = [{value: '', label: 'As its risk tier says'}, {value: '90', label: 'In 90 days'}, {value: '365', label: 'In a year'}, {value: 'at', label: 'On a given day'}];

export function ReviewForm({useCase, discipline, onDone}: {useCase: UseCaseDetail; discipline: string; onDone?: () => void}) {
  const queryClient = useQueryClient();
  const [decision, setDecision] = useState<ReviewDecision['decision'] | ''>('');
  const [comment, setComment] = useState('');
  const [conditions, setConditions] = useState('');
  const [expiry, setExpiry] = useState('');
  const [expiresAt, setExpiresAt] = useState(() => toLocalInput(new Date(Date.now() + 180 * 86_400_000)).slice(0, 10));
  const list = conditions.split('\n').map((line) => line.trim()).filter(Boolean);
  const decide = useMutation({
    mutationFn: (given: ReviewDecision['decision']) => need(api.POST('/api/v1/use-cases/{slug}/reviews', {
      params: {path: {slug: useCase.slug}},
      body: {
        discipline: discipline as ReviewDecision['discipline'], decision: given, comment: comment.trim(), conditions: given === 'approve_with_conditions' ? list : [],
        expires_at: given === 'reject' || expiry === '' ? null : (expiry === 'at' ? new Date(`${expiresAt}T23:59:59`) : new Date(Date.now() + Number(expiry) * 86_400_000)).toISOString(),
      },
    })),
    onSuccess: (fresh, given) => {
      refreshUseCase(queryClient, useCase.slug, fresh);
      notifications.show({message: `${capital(discipline)} ${given === 'reject' ? 'rejected' : 'approved'} ${useCase.name}.`});
      onDone?.();
    },
  });
  const ready = (decision !== 'reject' || comment.trim() !== '') && (decision !== 'approve_with_conditions' || list.length > 0) &&
      (expiry !== 'at' || new Date(`${expiresAt}T23:59:59`).getTime() > Date.now());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready && decision !== '') decide.mutate(decision);
  };
  return (
    <form onSubmit={submit} aria-label={`Decision of ${discipline}`}>
      <Stack gap="sm">
        <Radio.Group label={`Your decision for ${discipline}`} value={decision} onChange={(value) => setDecision(value as typeof decision)}>
          <Stack gap={8} mt={6}>{kDecisions.map(([value, label, description]) => <Radio key={value} value={value} label={label} description={description} />)}</Stack>
        </Radio.Group>
        {decision === 'approve_with_conditions' && <Textarea label="Conditions" description="One a line" required autosize minRows={2} maxRows={10} value={conditions} onChange={(e) => setConditions(e.currentTarget.value)} />}
        {decision !== '' && <Textarea label={decision === 'reject' ? 'What would have to change?' : 'Comment'} required={decision === 'reject'} autosize minRows={2} maxRows={10} maxLength={8000} value={comment}
                                      onChange={(e) => setComment(e.currentTarget.value)} />}
        {decision !== '' && decision !== 'reject' && (
          <Group align="flex-end" gap="sm">
            <Select label="Due again" w={220} allowDeselect={false} data={kExpiries} value={expiry} onChange={(value) => setExpiry(value ?? '')} />
            {expiry === 'at' && <TextInput type="date" label="Day" value={expiresAt} onChange={(e) => setExpiresAt(e.currentTarget.value)} />}
          </Group>
        )}
        <Failure error={decide.error} />
        <Group><Button type="submit" color={decision === 'reject' ? 'red.9' : undefined} disabled={!ready || decision === ''} loading={decide.isPending}>{decision === 'reject' ? 'Reject' : 'Approve'}</Button></Group>
      </Stack>
    </form>
  );
}
