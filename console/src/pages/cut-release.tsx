// SPDX-License-Identifier: Apache-2.0
// Cutting a release: what it would pin and say, before it is made.
import {Alert, Select, Tabs, Textarea} from '@mantine/core';
import {useDebouncedValue} from '@mantine/hooks';
import {notifications} from '@mantine/notifications';
import {keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {useNavigate} from '@tanstack/react-router';
import {lazy, Suspense, useState} from 'react';
import {api, need} from '../api/client';
import {catalogueQuery, refreshReleases, useCaseQuery} from '../api/governance';
import {plural} from '../lib/format';
import {Dialog} from '../ui/dialog';
import {Nothing} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';
import {ReleaseAssets} from './release-assets';

const MarkdownView = lazy(() => import('../ui/markdown').then((m) => ({default: m.MarkdownView})));

export function CutRelease({slug, onClose}: {slug: string; onClose: () => void}) {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const {data: useCase} = useQuery(useCaseQuery(slug));
  const assets = useInfiniteQuery(catalogueQuery({owner: slug})).data?.pages.flatMap((page) => page.items) ?? [];
  const entries = assets.filter((a) => a.kind === 'prompt' || a.kind === 'flow' || a.kind === 'agent').map((a) => `${a.kind}/${a.name}`);
  const [message, setMessage] = useState('');
  const [limits, setLimits] = useState<string | null>(null);
  const [entry, setEntry] = useState<string | null>(null);
  const body = {message: message.trim(), ...(limits !== null ? {known_limits: limits.trim()} : {}), ...(entry ? {entry} : {})};
  const [asked] = useDebouncedValue(JSON.stringify(body), 400);
  const preview = useQuery({
    queryKey: ['releases', slug, 'preview', asked],
    queryFn: ({signal}) => need(api.POST('/api/v1/use-cases/{slug}/releases/preview', {signal, params: {path: {slug}}, body: JSON.parse(asked) as typeof body})),
    placeholderData: keepPreviousData, staleTime: 0,
  });
  const cut = useMutation({
    mutationFn: () => need(api.POST('/api/v1/use-cases/{slug}/releases', {params: {path: {slug}}, body})),
    onSuccess: (release) => {
      refreshReleases(queryClient, slug);
      notifications.show({message: `${release.id} is cut.`});
      onClose();
      void navigate({to: '/releases/$slug/$number', params: {slug, number: String(release.number)}});
    },
  });
  const {data} = preview;
  const problems = data?.problems ?? [];
  return (
    <Dialog title={`Cut a release of ${useCase?.name ?? slug}`} size="xl" onClose={onClose} onSubmit={() => cut.mutate()} action="Cut the release" pending={cut.isPending} error={cut.error}
            disabled={!data || problems.length > 0 || data.unchanged}>
      <Textarea label="What does it bring?" description="The first lines of its notes" autosize minRows={2} maxRows={6} maxLength={4000} value={message} onChange={(e) => setMessage(e.currentTarget.value)} data-autofocus />
      {entries.length > 1 && <Select label="Calls begin with" data={entries} clearable placeholder={useCase?.entry ?? 'As the use case says'} value={entry} onChange={setEntry} clearButtonProps={{'aria-label': 'As the use case says'}} />}
      <Textarea label="Known limits" autosize minRows={1} maxRows={6} maxLength={8000} value={limits ?? useCase?.known_limits ?? ''} onChange={(e) => setLimits(e.currentTarget.value)} />
      {preview.isPending && <PageLoading />}
      {preview.isError && <ErrorNotice error={preview.error} what="It could not be looked at beforehand" onRetry={() => void preview.refetch()} />}
      {data?.unchanged && <Alert color="blue" variant="light" role="status" styles={{message: {color: 'var(--mantine-color-text)'}}}>Nothing has changed since the latest release, so there is nothing to cut.</Alert>}
      {problems.length > 0 && (
        <Alert color="red" variant="light" role="alert" title="It cannot be cut yet" styles={{title: {color: 'var(--mantine-color-error)'}, message: {color: 'var(--mantine-color-text)'}}}>
          <ul style={{margin: 0, paddingLeft: 18}}>{problems.map((p, i) => <li key={i}>{p.asset && <code>{p.asset}</code>} {p.path && <code>{p.path}</code>} {p.message} {p.hint}</li>)}</ul>
        </Alert>
      )}
      {data && problems.length === 0 && (
        <Tabs defaultValue="notes" keepMounted={false}>
          <Tabs.List mb="sm"><Tabs.Tab value="notes">What the notes will say</Tabs.Tab><Tabs.Tab value="assets">{plural(data.assets.length, 'asset')}</Tabs.Tab></Tabs.List>
          <Tabs.Panel value="notes"><div className="code-box" style={{padding: '12px 16px', maxHeight: 340}} tabIndex={0} role="region" aria-label="Notes">
            {data.notes_md ? <Suspense fallback={<PageLoading />}><MarkdownView text={data.notes_md} /></Suspense> : <Nothing>The notes are empty.</Nothing>}
          </div></Tabs.Panel>
          <Tabs.Panel value="assets"><div className="card"><ReleaseAssets assets={data.assets} /></div></Tabs.Panel>
        </Tabs>
      )}
    </Dialog>
  );
}
