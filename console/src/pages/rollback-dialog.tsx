// SPDX-License-Identifier: Apache-2.0
// Pointing an environment back at what ran before.
import {Select, Text, Textarea} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {lazy, Suspense, useState} from 'react';
import {api, need} from '../api/client';
import {isMoving, refreshReleases, type Deployment, type Release} from '../api/governance';
import {formatAgo} from '../lib/format';
import {Dialog} from '../ui/dialog';
import {PageLoading} from '../ui/notices';

const MarkdownView = lazy(() => import('../ui/markdown').then((m) => ({default: m.MarkdownView})));

export function RollBackDialog({slug, deployment, releases, onClose}: {slug: string; deployment: Deployment; releases: Release[]; onClose: () => void}) {
  const queryClient = useQueryClient();
  const {environment, active, previous} = deployment;
  const [to, setTo] = useState(previous ?? 0);
  const [reason, setReason] = useState('');
  // Only for what it says about the changes: going back asks for no approval.
  const preview = useQuery({
    queryKey: ['releases', slug, 'promotion', environment, to, 'all'],
    queryFn: ({signal}) => need(api.POST('/api/v1/use-cases/{slug}/promotions', {signal, params: {path: {slug}}, body: {environment, release: to, mode: 'all', preview: true}})),
    staleTime: 0, enabled: to > 0, retry: false,
  });
  const rollBack = useMutation({
    mutationFn: () => need(api.POST('/api/v1/use-cases/{slug}/rollback', {params: {path: {slug}}, body: {environment, reason: reason.trim(), to: to === previous ? null : to}})),
    onSuccess: (now) => {
      refreshReleases(queryClient, slug);
      notifications.show({message: `${environment} runs ${slug}@${now.active} again.`});
      onClose();
    },
  });
  const choices = releases.filter((r) => r.number !== active && (r.number === previous || r.number < (active ?? 0)));
  return (
    <Dialog title={`Roll back ${environment}`} size="lg" onClose={onClose} onSubmit={() => rollBack.mutate()} action={`Roll back to ${slug}@${to}`} danger disabled={!to || !reason.trim()} pending={rollBack.isPending} error={rollBack.error}>
      <Text size="sm">New calls in {environment} go to the release below within a second; calls in flight finish on what they began with.{isMoving(deployment) && ' The rollout under way ends.'}</Text>
      <Select label="Back to" allowDeselect={false} value={to ? String(to) : null} onChange={(value) => setTo(Number(value))}
              data={choices.map((r) => ({value: String(r.number), label: `${r.id} · ${formatAgo(r.created_at)}${r.number === previous ? ' · ran before' : ''}${r.message ? ` · ${r.message.slice(0, 50)}` : ''}`}))} />
      <Textarea label="Why?" description="For those who look at the history later" required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
      {preview.data?.notes_md && (
        <div>
          <Text size="sm" fw={500} mb={4}>What changes there</Text>
          <div className="code-box" style={{padding: '12px 16px', maxHeight: 260}} tabIndex={0} role="region" aria-label="What changes">
            <Suspense fallback={<PageLoading />}><MarkdownView text={preview.data.notes_md} /></Suspense>
          </div>
        </div>
      )}
    </Dialog>
  );
}
