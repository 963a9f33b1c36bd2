// SPDX-License-Identifier: Apache-2.0
// One approver's decision on a release for an environment.
import {Button, Group, Stack, Textarea} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {api, need} from '../api/client';
import {refreshReleases, type Release} from '../api/governance';
import {Failure} from '../ui/dialog';

export function ApprovalForm({release, environment, onDone}: {release: Release; environment: string; onDone?: () => void}) {
  const queryClient = useQueryClient();
  const [comment, setComment] = useState('');
  const decide = useMutation({
    mutationFn: (decision: 'approve' | 'reject') => need(api.POST('/api/v1/use-cases/{slug}/releases/{number}/approvals', {
      params: {path: {slug: release.use_case, number: release.number}}, body: {environment, decision, comment: comment.trim()},
    })),
    onSuccess: (_, decision) => {
      refreshReleases(queryClient, release.use_case);
      notifications.show({message: `${release.id} is ${decision === 'approve' ? 'approved' : 'rejected'} for ${environment}.`});
      onDone?.();
    },
  });
  return (
    <form onSubmit={(event) => event.preventDefault()} aria-label={`Decision on ${release.id} for ${environment}`}>
      <Stack gap="sm">
        <Textarea label="Comment" description="Needed to reject" autosize minRows={2} maxRows={10} maxLength={4000} value={comment} onChange={(e) => setComment(e.currentTarget.value)} />
        <Failure error={decide.error} />
        <Group>
          <Button loading={decide.isPending && decide.variables === 'approve'} onClick={() => decide.mutate('approve')}>Approve for {environment}</Button>
          <Button variant="default" c="var(--mantine-color-error)" disabled={!comment.trim()} loading={decide.isPending && decide.variables === 'reject'} onClick={() => decide.mutate('reject')}>Reject</Button>
        </Group>
      </Stack>
    </form>
  );
}
