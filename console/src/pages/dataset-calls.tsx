// SPDX-License-Identifier: Apache-2.0
// Cases from real calls: chosen by filters, sampled, masked, without repetitions; looked at first, then kept.
import {Autocomplete, Button, Checkbox, Group, NumberInput, Select, Stack, Switch, TagsInput, Text, TextInput} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {IconEye, IconListCheck} from '@tabler/icons-react';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {useState, type ReactNode} from 'react';
import {api, need} from '../api/client';
import {datasetQuery, type InvocationSample, type InvocationSampleResult} from '../api/datasets';
import {refreshAsset, type AssetDetail} from '../api/governance';
import {sessionQuery} from '../api/queries';
import type {AssetId} from '../lib/asset';
import {inALine} from '../lib/dataset';
import {formatInteger, plural} from '../lib/format';
import {kPresets, presetLabel, resolveRange, type Preset} from '../lib/range';
import {kStatuses} from '../lib/search';
import {kStatusLabels} from '../ui/bits';
import {useSetSearch} from '../ui/controls';
import {Failure} from '../ui/dialog';
import {Facts, Nothing, Panel, Tag} from '../ui/marks';
import {CaseView} from './dataset-case';

const kMasks = {email: 'E-mail addresses', phone: 'Telephone numbers', card: 'Card numbers', iban: 'Bank accounts', ip: 'IP addresses'} as const;
type Mask = keyof typeof kMasks;
type Sample = Omit<InvocationSample, 'preview'>;
type StratifyBy = NonNullable<InvocationSample['stratify_by']>;
const kStrata: {value: StratifyBy; label: string}[] = [
  {value: 'model', label: 'Model'}, {value: 'release', label: 'Release'}, {value: 'status', label: 'Status'}, {value: 'environment', label: 'Environment'},
  {value: 'end_user', label: 'End user'}, {value: 'key', label: 'Key'}, {value: 'use_case', label: 'Use case'},
];

interface Wish {
  range: Preset;
  environment: string;
  status: string;
  q: string;
  release: string;
  count: number;
  seed: number;
  stratify: StratifyBy | null;
  answers: boolean;
  masks: Mask[];
  similar: number;
  split: string;
  tags: string[];
}

const kBegin: Wish = {
  range: '7d', environment: '', status: 'ok', q: '', release: '', count: 50, seed: 1, stratify: null, answers: true,
  masks: Object.keys(kMasks) as Mask[], similar: 85, split: '', tags: [],
};

// The end of the time is fixed when it is looked at, so that what is kept is what was seen.
function sampleOf(wish: Wish, until: Date): Sample {
  const {from} = resolveRange({range: wish.range});
  const text = (value: string) => value.trim() || undefined;
  return {
    filters: {from: from.toISOString(), to: until.toISOString(), environment: text(wish.environment), status: text(wish.status), q: text(wish.q), release: text(wish.release)},
    count: wish.count, seed: wish.seed, ...(wish.stratify ? {stratify_by: wish.stratify} : {}), keep_answers: wish.answers, similarity: wish.similar >= 100 ? 1.01 : wish.similar / 100,
    exact_duplicates: true,
    mask: wish.masks.length ? Object.fromEntries((Object.keys(kMasks) as Mask[]).map((name) => [name, wish.masks.includes(name)])) as Record<Mask, boolean> : false,
    ...(text(wish.split) ? {split: wish.split.trim()} : {}), ...(wish.tags.length ? {tags: wish.tags} : {}),
  };
}

export function DatasetCalls({id, asset}: {id: AssetId; asset: AssetDetail}) {
  const queryClient = useQueryClient();
  const setSearch = useSetSearch();
  const {data: session} = useQuery(sessionQuery);
  const splits = Object.keys(useQuery(datasetQuery(id, undefined)).data?.splits ?? {});
  const [wish, setWish] = useState<Wish>(kBegin);
  const set = (changes: Partial<Wish>) => setWish((now) => ({...now, ...changes}));
  const path = {owner: id.owner, name: id.name};
  const look = useMutation({
    mutationFn: async (sample: Sample) => ({sample, of: wish, found: await need(api.POST('/api/v1/datasets/{owner}/{name}/from-invocations', {params: {path}, body: {...sample, preview: true}}))}),
  });
  const keep = useMutation({
    mutationFn: (sample: Sample) => need(api.POST('/api/v1/datasets/{owner}/{name}/from-invocations', {params: {path}, body: {...sample, preview: false, parent: asset.latest.digest}})),
    onSuccess: (result) => {
      refreshAsset(queryClient, id);
      notifications.show({message: result.dataset ? `${plural(result.selected - (result.already_there ?? 0), 'case')} added; that is version ${result.dataset.version}.` : 'All of these calls are cases already.'});
      setSearch({tab: undefined, version: undefined});
    },
  });
  const seen = look.data;
  const stale = seen !== undefined && seen.of !== wish;
  return (
    <div className="columns calls-columns">
      <Panel title="Which calls">
        <form onSubmit={(event) => {
          event.preventDefault();
          keep.reset();
          look.mutate(sampleOf(wish, new Date()));
        }}>
          <Stack gap="sm">
            <div className="two-fields">
              <Select size="xs" label="When" allowDeselect={false} value={wish.range} data={kPresets.map((value) => ({value, label: presetLabel(value)}))} onChange={(value) => value && set({range: value as Preset})} />
              <Select size="xs" label="Environment" allowDeselect={false} value={wish.environment} data={[{value: '', label: 'All'}, ...(session?.environments ?? []).map((e) => e.name)]} onChange={(value) => set({environment: value ?? ''})} />
              <Select size="xs" label="How they ended" allowDeselect={false} value={wish.status} data={[{value: '', label: 'Any way'}, {value: 'error', label: 'Any error'}, ...kStatuses.map((s) => ({value: s as string, label: kStatusLabels[s]}))]} onChange={(value) => set({status: value ?? ''})} />
              <TextInput size="xs" label="Release" placeholder={`${id.owner === 'shared' ? 'support' : id.owner}@1`} value={wish.release} onChange={(e) => set({release: e.currentTarget.value})} />
            </div>
            <TextInput size="xs" label="With these words" value={wish.q} onChange={(e) => set({q: e.currentTarget.value})} />
            <div className="two-fields">
              <NumberInput size="xs" label="How many" min={1} max={10_000} allowDecimal={false} value={wish.count} onChange={(value) => set({count: Number(value) || 1})} />
              <Select size="xs" label="As many of each" placeholder="Does not matter" clearable clearButtonProps={{'aria-label': 'Does not matter'}} value={wish.stratify} data={kStrata} onChange={(value) => set({stratify: value as StratifyBy | null})} />
              <NumberInput size="xs" label="Alike from" description="Left out; 100 % keeps all" suffix=" %" min={50} max={100} allowDecimal={false} value={wish.similar} onChange={(value) => set({similar: Number(value) || 85})} />
              <NumberInput size="xs" label="Seed" description="The same seed draws the same calls" min={0} allowDecimal={false} value={wish.seed} onChange={(value) => set({seed: Number(value) || 0})} />
            </div>
            <Checkbox.Group label="Mask" value={wish.masks} onChange={(masks) => set({masks: masks as Mask[]})}>
              <Group mt={6} gap="xs">{(Object.keys(kMasks) as Mask[]).map((name) => <Checkbox key={name} size="xs" value={name} label={kMasks[name]} />)}</Group>
            </Checkbox.Group>
            {wish.masks.length < Object.keys(kMasks).length && <Text size="xs" c="var(--status-client_error)">What is not masked stands in the dataset for everybody who may read it.</Text>}
            <Switch size="xs" label="The model’s answer becomes what is expected" checked={wish.answers} onChange={(e) => set({answers: e.currentTarget.checked})} />
            <div className="two-fields">
              <Autocomplete size="xs" label="Split" data={splits} value={wish.split} onChange={(split) => set({split})} />
              <TagsInput size="xs" label="Tags" value={wish.tags} onChange={(tags) => set({tags})} />
            </div>
            <Failure error={look.error} />
            <Group justify="flex-end"><Button size="xs" type="submit" variant={seen && !stale ? 'default' : 'filled'} leftSection={<IconEye size={15} aria-hidden />} loading={look.isPending}>Look at them</Button></Group>
          </Stack>
        </form>
      </Panel>
      <Panel title="What would be added" tools={seen && (
        <Button size="xs" leftSection={<IconListCheck size={15} aria-hidden />} disabled={stale || !seen.found.selected} loading={keep.isPending} onClick={() => keep.mutate(seen.sample)}>
          {seen.found.selected ? `Add ${plural(seen.found.selected, 'case')}` : 'Nothing to add'}
        </Button>
      )}>
        <Failure error={keep.error} />
        {!seen && <Nothing>Choose, then look at them: nothing is kept before you have seen it.</Nothing>}
        {stale && <Text size="sm" c="var(--status-client_error)" role="status">The choice has changed since. Look again before adding.</Text>}
        {seen && <Found found={seen.found} />}
      </Panel>
    </div>
  );
}

function Found({found}: {found: InvocationSampleResult}) {
  const masked = Object.entries(found.masked);
  const left: [string, number][] = [['the same text', found.duplicates], ['too alike', found.near_duplicates], ['no body kept', found.without_body], ['unreadable', found.unreadable]];
  const dropped = left.filter(([, n]) => n > 0).map(([why, n]) => `${formatInteger(n)} ${why}`);
  const strata = Object.entries(found.strata);
  return (
    <>
      <Facts items={[
        ['Calls found', `${formatInteger(found.matched)}${found.complete ? '' : ', and more than may be looked at'}`],
        ['Cases', formatInteger(found.selected)],
        ['Left out', dropped.length ? dropped.join(', ') : 'none'],
        ['Masked', masked.length ? masked.map(([what, n]) => `${formatInteger(n)} × ${what}`).join(', ') : 'nothing'],
        ...(strata.length ? [['Of each', <span key="s" className="tag-row">{strata.map(([name, n]) => <Tag key={name}>{`${name || 'none'}: ${n}`}</Tag>)}</span>] as [string, ReactNode]] : []),
      ]} />
      {!found.selected && <Nothing>No call made a case. Bodies may not be captured in this environment, or have expired; or widen the choice.</Nothing>}
      {found.items.map((one, i) => (
        <details key={one.id} className="preview-case" open={i === 0}>
          <summary><span className="two-lines">{inALine(one.input) || one.id}</span></summary>
          <div className="preview-body"><CaseView one={one} /></div>
        </details>
      ))}
      {found.selected > found.items.length && <p className="quiet">The first {found.items.length} of {formatInteger(found.selected)} are shown.</p>}
    </>
  );
}
