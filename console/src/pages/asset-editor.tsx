// SPDX-License-Identifier: Apache-2.0
// Changing an asset as YAML. The server checks while one types; saving makes a new version, and says so if somebody
// else was faster.
import {Button, Group, Loader, Modal, Text, TextInput} from '@mantine/core';
import {useDebouncedValue} from '@mantine/hooks';
import {notifications} from '@mantine/notifications';
import {IconCircleCheck, IconDeviceFloppy, IconFileDiff} from '@tabler/icons-react';
import {keepPreviousData, useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {useBlocker} from '@tanstack/react-router';
import {lazy, Suspense, useState} from 'react';
import {api, ApiError, need} from '../api/client';
import {assetDiffQuery, assetQuery, refreshAsset, type AssetDetail, type AssetProblem} from '../api/governance';
import {assetFile, assetName, patchOf, starterOf, type AssetId} from '../lib/asset';
import {plural} from '../lib/format';
import {AnswerCard} from '../ui/answer';
import {Copy} from '../ui/bits';
import {Changes, PatchView} from '../ui/changes';
import {useSetSearch} from '../ui/controls';
import {Failure} from '../ui/dialog';
import {Ago, Nothing, Panel} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';

const YamlEditor = lazy(() => import('../ui/yaml-editor'));

// What is being written, and the version that it was made from.
export interface Draft {
  text: string;
  base: {version: number; digest: string; text: string} | null;  // null: there was none
}

interface Props {
  id: AssetId;
  asset: AssetDetail | null;
  draft: Draft | null;
  onDraft: (draft: Draft | null) => void;
}

export function validationQuery(id: AssetId, yaml: string) {
  return {
    queryKey: ['asset-validation', id.owner, id.kind, id.name, yaml],
    queryFn: ({signal}: {signal: AbortSignal}) => need(api.POST('/api/v1/assets/validate', {signal, body: {...id, yaml}})),
    staleTime: 30_000, gcTime: 30_000,
  };
}

export function AssetEditor({id, asset, draft, onDraft}: Props) {
  const queryClient = useQueryClient();
  const setSearch = useSetSearch();
  const latest = asset ? {version: asset.latest.version, digest: asset.latest.digest, text: asset.yaml ?? ''} : null;
  const text = draft?.text ?? latest?.text ?? starterOf(id.kind);
  const base = draft ? draft.base : latest;
  const dirty = draft !== null && draft.text !== (draft.base?.text ?? '');
  const [message, setMessage] = useState('');
  const [patch, setPatch] = useState(false);
  const [goTo, setGoTo] = useState<{line: number; column: number | null} | null>(null);
  const [settled] = useDebouncedValue(text, 350);
  const check = useQuery({...validationQuery(id, settled), placeholderData: keepPreviousData, retry: false});
  const problems = [...check.data?.problems ?? []].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const checking = check.isFetching || settled !== text;

  const save = useMutation({
    mutationFn: async () => {
      const {problems: found, content} = await queryClient.fetchQuery(validationQuery(id, text));
      if (found.length || !content) throw new ApiError(422, null, `${plural(found.length, 'problem')} to solve first`);
      return need(api.PUT('/api/v1/assets/{owner}/{kind}/{name}', {params: {path: id}, body: {content, message: message.trim(), parent: base?.digest ?? null}}));
    },
    onSuccess: (item) => {
      refreshAsset(queryClient, id);
      notifications.show({message: item.action === 'unchanged' ? 'Nothing differs from the latest version.' : `Version ${item.version} of ${id.name} is saved.`});
      onDraft(null);
      setMessage('');
      setSearch({tab: undefined, version: undefined});
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 409) void queryClient.invalidateQueries({queryKey: assetQuery(id).queryKey});
    },
  });
  const conflict = draft !== null && latest !== null && draft.base?.digest !== latest.digest;
  const canSave = (dirty || !asset) && !conflict && !checking && problems.length === 0 && !check.isError && !save.isPending;
  const saveNow = () => {
    if (canSave) save.mutate();
  };
  return (
    <>
      {conflict && latest && <Conflict id={id} draft={draft} latest={latest} asset={asset!} onDraft={onDraft} />}
      <section className="card part" aria-label="Editor">
        <div className="part-head">
          <h2 className="mono">{assetFile(id)}</h2>
          <Status checking={checking} failed={check.isError} problems={problems} dirty={dirty || !asset} />
          {dirty && asset && <Button size="compact-sm" variant="default" onClick={() => onDraft(null)}>Discard</Button>}
          <Button size="compact-sm" variant="default" leftSection={<IconFileDiff size={14} aria-hidden />} disabled={!dirty && !!asset} onClick={() => setPatch(true)}>As a patch</Button>
        </div>
        <div className="yaml-box">
          <Suspense fallback={<PageLoading />}>
            <YamlEditor value={text} label={`YAML of ${assetName(id)}; Escape and then Tab leaves`} problems={problems} goTo={goTo} onSave={saveNow} onChange={(next) => onDraft({text: next, base})} />
          </Suspense>
        </div>
      </section>
      {check.isError && <ErrorNotice error={check.error} what="The server could not check it" onRetry={() => void check.refetch()} />}
      {problems.length > 0 && <Problems problems={problems} onGo={setGoTo} />}
      <form onSubmit={(event) => {
        event.preventDefault();
        saveNow();
      }}>
        <Group align="flex-end" gap="sm">
          <TextInput style={{flex: '1 1 260px'}} label="What did you change, and why?" maxLength={2000} value={message} onChange={(e) => setMessage(e.currentTarget.value)} placeholder={asset ? 'Shorter answers' : 'First version'} />
          <Button type="submit" leftSection={<IconDeviceFloppy size={16} aria-hidden />} disabled={!canSave} loading={save.isPending}>Save version {(latest?.version ?? 0) + 1}</Button>
        </Group>
        {!conflict && <div style={{marginTop: 10}}><Failure error={save.error} /></div>}
      </form>
      {patch && <PatchDialog id={id} before={base?.text ?? null} after={text} onClose={() => setPatch(false)} />}
    </>
  );
}

function Status({checking, failed, problems, dirty}: {checking: boolean; failed: boolean; problems: AssetProblem[]; dirty: boolean}) {
  return (
    <span className="quiet" role="status" style={{display: 'inline-flex', gap: 6, alignItems: 'center'}}>
      {checking ? <><Loader size={13} aria-hidden />Checking…</> : failed ? 'Not checked' : problems.length ? <span style={{color: 'var(--mantine-color-error)', fontWeight: 600}}>{plural(problems.length, 'problem')}</span>
        : <span style={{color: 'var(--status-ok)', display: 'inline-flex', gap: 5, alignItems: 'center'}}><IconCircleCheck size={15} aria-hidden />Valid{dirty ? ', not saved' : ''}</span>}
    </span>
  );
}

function Problems({problems, onGo}: {problems: AssetProblem[]; onGo: (to: {line: number; column: number | null}) => void}) {
  return (
    <Panel title={plural(problems.length, 'problem')}>
      <ul className="plain-list">
        {problems.map((problem, i) => (
          <li key={i}>
            {problem.line !== null && <Button size="compact-xs" variant="default" mr={8} onClick={() => onGo({line: problem.line!, column: problem.column})}>Line {problem.line}</Button>}
            {problem.path && <code>{problem.path}</code>} {problem.message} {problem.hint && <span className="quiet">{problem.hint}</span>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Conflict({id, draft, latest, asset, onDraft}: {id: AssetId; draft: Draft; latest: NonNullable<Draft['base']>; asset: AssetDetail; onDraft: (draft: Draft | null) => void}) {
  const [look, setLook] = useState(false);
  const diff = useQuery({...assetDiffQuery(id, String(draft.base?.version ?? 1), String(latest.version)), enabled: look && draft.base !== null});
  return (
    <AnswerCard level="bad" label="Conflict" word={`Version ${latest.version} came in between`} sentence={<>{asset.latest.author} saved it <Ago at={asset.latest.created_at} />{asset.latest.message && <>: “{asset.latest.message}”</>}. Yours is not lost.{look && (
      <div style={{marginTop: 10}}>{draft.base === null ? <Nothing>You began before it had any version.</Nothing> : diff.data ? <Changes changes={diff.data.changes} /> : diff.isError ? <Failure error={diff.error} /> : <PageLoading />}</div>
    )}</>}>
      {!look && draft.base !== null && <Button size="xs" variant="default" onClick={() => setLook(true)}>What did they change?</Button>}
      <Button size="xs" variant="default" onClick={() => onDraft(null)}>Take theirs, drop mine</Button>
      <Button size="xs" onClick={() => onDraft({text: draft.text, base: latest})}>Go on with mine on top</Button>
    </AnswerCard>
  );
}

function PatchDialog({id, before, after, onClose}: {id: AssetId; before: string | null; after: string; onClose: () => void}) {
  const query = useQuery({queryKey: ['patch', assetName(id), before, after], queryFn: () => patchOf(id, before, after), staleTime: Infinity, gcTime: 0});
  const text = query.data ?? '';
  const download = () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], {type: 'text/x-diff'}));
    link.download = `${id.name}.patch`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  return (
    <Modal opened onClose={onClose} title="The change as a patch" size="xl">
      <Text size="sm" mb="sm">For a pull request: <code>git apply {id.name}.patch</code> in the folder of {id.owner === 'shared' ? 'the shared assets' : id.owner} does the same to <code>{assetFile(id)}</code>.</Text>
      {query.isError && <Failure error={query.error} />}
      {query.data !== undefined && (text ? <PatchView text={text} label="Patch" /> : <Nothing>Nothing differs.</Nothing>)}
      <Group justify="flex-end" mt="md" gap="xs">
        <Copy iconOnly={false} text={text} label="Copy" />
        <Button size="xs" disabled={!text} onClick={download}>Download</Button>
      </Group>
    </Modal>
  );
}

// Another tab of the same asset keeps the draft; another page would lose it.
export function LeaveGuard({dirty, id}: {dirty: boolean; id: AssetId}) {
  const {proceed, reset, status} = useBlocker({
    shouldBlockFn: ({current, next}) => dirty && current.pathname !== next.pathname, enableBeforeUnload: () => dirty, withResolver: true,
  });
  return (
    <Modal opened={status === 'blocked'} onClose={() => reset?.()} title="Leave without saving?">
      <Text size="sm">What you changed in {id.name} is not saved and would be lost.</Text>
      <Group justify="flex-end" mt="md"><Button variant="default" onClick={() => reset?.()}>Stay</Button><Button color="red.9" onClick={() => proceed?.()}>Leave</Button></Group>
    </Modal>
  );
}
