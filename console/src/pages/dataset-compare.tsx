// SPDX-License-Identifier: Apache-2.0
// "What changed between two versions?", case by case.
import {Button, Select} from '@mantine/core';
import {useInfiniteQuery} from '@tanstack/react-query';
import {getRouteApi} from '@tanstack/react-router';
import {caseDiffQuery, type CaseDiff} from '../api/datasets';
import {assetVersionsQuery, type AssetDetail} from '../api/governance';
import type {AssetId} from '../lib/asset';
import {changedFields, inALine} from '../lib/dataset';
import {formatAgo, formatInteger} from '../lib/format';
import {useSetSearch} from '../ui/controls';
import {Nothing, Panel, Tag} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';

const route = getRouteApi('/app/catalogue/$owner/$kind/$name');

export function DatasetCompare({id, asset}: {id: AssetId; asset: AssetDetail}) {
  const search = route.useSearch();
  const setSearch = useSetSearch();
  const versions = useInfiniteQuery(assetVersionsQuery(id)).data?.pages.flatMap((page) => page.items) ?? [];
  const numberOf = (which: string) => which === 'latest' ? asset.latest.version : asset.labels[which] ?? Number(which);
  const after = numberOf(search.after ?? 'latest');
  const before = search.before ? numberOf(search.before) : after - 1;
  if (asset.latest.version === 1) return <Panel title="What changed"><Nothing>This is the first version; there is nothing before it.</Nothing></Panel>;
  const choices = (keep: number) => {
    const known = versions.map((v) => ({value: String(v.version), label: `Version ${v.version}${v.message ? ` · ${v.message.slice(0, 40)}` : ''} · ${formatAgo(v.created_at)}`}));
    return known.some((c) => c.value === String(keep)) ? known : [{value: String(keep), label: `Version ${keep}`}, ...known];
  };
  return (
    <>
      <div className="filters">
        <Select size="xs" w={330} aria-label="From version" allowDeselect={false} value={String(before)} data={choices(before)} onChange={(value) => setSearch({before: value ?? undefined}, true)} />
        <span className="quiet">to</span>
        <Select size="xs" w={330} aria-label="To version" allowDeselect={false} value={String(after)} data={choices(after)} onChange={(value) => setSearch({after: value ?? undefined, before: String(before)}, true)} />
      </div>
      {before >= 1 && before !== after ? <Compared id={id} from={before} to={after} /> : <Panel title="What changed"><Nothing>Choose two versions that differ.</Nothing></Panel>}
    </>
  );
}

const kOps = {added: ['added', 'good'], removed: ['removed', 'bad'], changed: ['changed', 'warn']} as const;

function Compared({id, from, to}: {id: AssetId; from: number; to: number}) {
  const query = useInfiniteQuery(caseDiffQuery(id, String(from), String(to)));
  const counts = query.data?.pages[0];
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Panel title={`From version ${from} to ${to}`} tools={counts && <span className="quiet" role="status">{(['added', 'changed', 'removed', 'unchanged'] as const).map((name) => `${formatInteger(counts[name])} ${name}`).join(', ')}</span>}>
      {query.isPending && <PageLoading />}
      {query.isError && <ErrorNotice error={query.error} what="The two could not be compared" onRetry={() => void query.refetch()} />}
      {query.isSuccess && !items.length && <Nothing>All cases are the same.</Nothing>}
      {items.length > 0 && <ul className="changes" aria-label="Changed cases">{items.map((item) => <Change key={item.id} item={item} />)}</ul>}
      {query.hasNextPage && <Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button>}
    </Panel>
  );
}

function Change({item}: {item: CaseDiff['items'][number]}) {
  const [word, tone] = kOps[item.op];
  const before = item.before as Record<string, unknown> | null;
  const after = item.after as Record<string, unknown> | null;
  const fields = before && after ? changedFields(before, after) : [];
  return (
    <li>
      <div className="change-head"><Tag tone={tone}>{word}</Tag><span className="anywhere">{inALine((after ?? before)?.input).slice(0, 300)}</span></div>
      <div className="quiet mono anywhere" style={{marginBottom: 6}}>{item.id}</div>
      {fields.map((field) => (
        <div key={field} style={{marginBottom: 6}}>
          <div className="quiet">{field}</div>
          {before![field] !== undefined && <pre className="code wrap"><del>{shown(before![field])}</del></pre>}
          {after![field] !== undefined && <pre className="code wrap"><ins>{shown(after![field])}</ins></pre>}
        </div>
      ))}
      {!(before && after) && (after ?? before)?.expected !== undefined && <pre className="code wrap">{shown((after ?? before)!.expected)}</pre>}
    </li>
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2) ?? '';
}
