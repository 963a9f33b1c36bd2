// SPDX-License-Identifier: Apache-2.0
// Starting a run: where, what is tried, on which cases, how often, for how much at most.
import {NumberInput, Select, Text} from '@mantine/core';
import {useInfiniteQuery, useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {useNavigate} from '@tanstack/react-router';
import {useState} from 'react';
import {api, ApiError, need} from '../api/client';
import {datasetQuery} from '../api/datasets';
import {assetQuery, assetVersionsQuery, releasesQuery} from '../api/governance';
import {sessionQuery} from '../api/queries';
import {refreshRuns} from '../api/runs';
import {assetName, parseAssetName, type AssetId} from '../lib/asset';
import {formatAgo, formatInteger, plural} from '../lib/format';
import {resolveReference, startOf, targetWords, type RunDraft, type TargetChoice} from '../lib/runs';
import {AssetSelect} from '../ui/asset-select';
import {Dialog} from '../ui/dialog';

const kNothing: AssetId = {owner: '', kind: 'dataset', name: ''};

export function RunDialog({evaluation, before, onClose}: {evaluation: AssetId; before?: RunDraft; onClose: () => void}) {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const {data: session} = useQuery(sessionQuery);
  const {data: asset} = useQuery(assetQuery(evaluation));
  const environments = session?.environments.map(({name}) => name) ?? [];
  const shared = evaluation.owner === 'shared';
  const [draft, setDraft] = useState<RunDraft>(before ?? {environment: environments[0] ?? '', target: 'defined', name: '', version: '', split: '', repeats: null, usd: null, calls: null});
  const set = (changes: Partial<RunDraft>) => setDraft((old) => ({...old, ...changes}));
  const content: Record<string, unknown> = asset?.content ?? {};
  const datasetId = resolveReference(evaluation.owner, 'dataset', content.dataset);
  const {data: dataset} = useQuery({...datasetQuery(datasetId ?? kNothing, undefined), enabled: datasetId !== null});
  const splits = Object.entries(dataset?.splits ?? {});
  const body = startOf(assetName(evaluation), draft);
  const start = useMutation({
    mutationFn: () => {
      if (typeof body === 'string') throw new ApiError(0, null, `${body}.`);
      return need(api.POST('/api/v1/runs', {body}));
    },
    onSuccess: (run) => {
      refreshRuns(queryClient);
      onClose();
      void navigate({to: '/runs/$id', params: {id: run.id}});
    },
  });
  const repeats = draft.repeats ?? (typeof content.repeats === 'number' ? content.repeats : 1);
  const split = draft.split || (typeof content.split === 'string' ? content.split : '');
  const cases = split ? dataset?.splits[split] ?? 0 : dataset?.count;
  const targets: {value: TargetChoice; label: string}[] = [
    {value: 'defined', label: `As defined: ${targetWords(content.target)}`},
    ...(shared ? [] : [
      {value: 'active' as const, label: 'The release that is active there'}, {value: 'candidate' as const, label: 'The candidate there'}, {value: 'release' as const, label: 'A release by its number'},
    ]),
    {value: 'prompt', label: 'A prompt alone'}, {value: 'model', label: 'A model alone'},
  ];
  return (
    <Dialog title={`Run ${evaluation.name}`} action="Run" size="lg" onClose={onClose} onSubmit={() => start.mutate()} pending={start.isPending} error={start.error} disabled={typeof body === 'string' || !draft.environment}>
      <div className="two-fields">
        <Select label="Environment" description="Whose connections answer" allowDeselect={false} data={environments} value={draft.environment} onChange={(value) => set({environment: value ?? ''})} data-autofocus />
        <Select label="What is tried" description={shared ? 'It belongs to no use case' : `Of ${evaluation.owner}`} allowDeselect={false} data={targets} value={draft.target} onChange={(value) => set({target: (value ?? 'defined') as TargetChoice, name: '', version: ''})} />
      </div>
      {draft.target === 'release' && <ReleaseField slug={evaluation.owner} value={draft.name} onChange={(name) => set({name})} />}
      {(draft.target === 'prompt' || draft.target === 'model') && <AssetFields kind={draft.target} owner={evaluation.owner} draft={draft} onChange={set} />}
      <div className="two-fields">
        <Select label="Split" clearable placeholder={typeof content.split === 'string' ? `As defined: ${content.split}` : 'All cases'} disabled={!splits.length && !draft.split} clearButtonProps={{'aria-label': 'As defined'}}
                data={[...splits.map(([name, count]) => ({value: name, label: `${name} (${formatInteger(count)})`})), ...(draft.split && !splits.some(([name]) => name === draft.split) ? [draft.split] : [])]}
                value={draft.split || null} onChange={(value) => set({split: value ?? ''})} />
        <Whole label="Repeats" placeholder={`As defined: ${typeof content.repeats === 'number' ? content.repeats : 1}`} max={1000} value={draft.repeats} onChange={(value) => set({repeats: value})} />
        <NumberInput label="At most, in US dollars" placeholder="As defined" min={0} decimalScale={4} hideControls value={draft.usd ?? ''} onChange={(value) => set({usd: typeof value === 'number' && value > 0 ? value : null})} />
        <Whole label="Calls at most" placeholder="As defined" max={100_000_000} value={draft.calls} onChange={(value) => set({calls: value})} />
      </div>
      <Text size="sm" c="dimmed" role="status">
        {typeof body === 'string' ? `${body}.` : cases === undefined ? 'The cases are the latest version of the evaluation’s dataset.'
          : `${plural(cases, 'case')}${split ? ` of the split ${split}` : ''}${repeats > 1 ? `, ${repeats} answers to each: ${plural(cases * repeats, 'result')}` : ''}${draft.target === 'defined' && targetWords(content.target).startsWith('a matrix') ? ', for each variant' : ''}.`}
      </Text>
    </Dialog>
  );
}

function Whole({label, placeholder, max, value, onChange}: {label: string; placeholder: string; max: number; value: number | null; onChange: (value: number | null) => void}) {
  return <NumberInput label={label} placeholder={placeholder} min={1} max={max} allowDecimal={false} hideControls value={value ?? ''} onChange={(next) => onChange(typeof next === 'number' && next >= 1 ? next : null)} />;
}

function ReleaseField({slug, value, onChange}: {slug: string; value: string; onChange: (value: string) => void}) {
  const query = useInfiniteQuery(releasesQuery(slug));
  const releases = query.data?.pages.flatMap((page) => page.items) ?? [];
  const choices = releases.map((r) => ({value: String(r.number), label: `${r.id} · ${formatAgo(r.created_at)}${r.message ? ` · ${r.message.slice(0, 60)}` : ''}`}));
  return (
    <Select label="Release" description="It need not be deployed anywhere" required searchable placeholder={query.isPending ? 'Looking…' : releases.length ? 'Choose one' : 'There is none yet'} value={value || null} onChange={(next) => onChange(next ?? '')}
            data={value && !choices.some((one) => one.value === value) ? [{value, label: `${slug}@${value}`}, ...choices] : choices} />
  );
}

function AssetFields({kind, owner, draft, onChange}: {kind: 'prompt' | 'model'; owner: string; draft: RunDraft; onChange: (changes: Partial<RunDraft>) => void}) {
  const id = parseAssetName(draft.name);
  const versions = useInfiniteQuery({...assetVersionsQuery(id ?? kNothing), enabled: id !== null}).data?.pages.flatMap((page) => page.items) ?? [];
  const choices = versions.map((one) => ({value: String(one.version), label: `Version ${one.version}${one.labels.length ? ` (${one.labels.join(', ')})` : ''} · ${formatAgo(one.created_at)}`}));
  return (
    <div className="two-fields">
      <AssetSelect label={kind === 'prompt' ? 'Prompt' : 'Model'} required kind={kind} owners={[...new Set([owner, 'shared'])]} placeholder="Choose one" value={draft.name || null} onChange={(name) => onChange({name: name ?? '', version: ''})} />
      <Select label="Version" clearable placeholder="The latest" disabled={!id} data={draft.version && !choices.some((one) => one.value === draft.version) ? [draft.version, ...choices] : choices} clearButtonProps={{'aria-label': 'The latest'}}
              value={draft.version || null} onChange={(value) => onChange({version: value ?? ''})} />
    </div>
  );
}
