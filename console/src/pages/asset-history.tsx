// SPDX-License-Identifier: Apache-2.0
// How an asset came to be as it is: its versions, and any two of them compared.
import {Button, SegmentedControl} from '@mantine/core';
import {useInfiniteQuery, useQuery} from '@tanstack/react-query';
import {getRouteApi} from '@tanstack/react-router';
import {useState} from 'react';
import {assetDiffQuery, assetVersionsQuery, type AssetDetail} from '../api/governance';
import {type AssetId} from '../lib/asset';
import {formatFullTime} from '../lib/format';
import {Copy} from '../ui/bits';
import {Changes, PatchView} from '../ui/changes';
import {useSetSearch} from '../ui/controls';
import {Ago, Nothing, Panel, Tag} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';

const route = getRouteApi('/app/catalogue/$owner/$kind/$name');

export function AssetHistory({id, asset}: {id: AssetId; asset: AssetDetail}) {
  const search = route.useSearch();
  const setSearch = useSetSearch();
  const query = useInfiniteQuery(assetVersionsQuery(id));
  const versions = query.data?.pages.flatMap((page) => page.items) ?? [];
  const numberOf = (which: string) => which === 'latest' ? asset.latest.version : asset.labels[which] ?? Number(which);
  const after = numberOf(search.after ?? 'latest');
  const before = search.before ? numberOf(search.before) : after - 1;
  return (
    <div className="columns columns-even">
      <Panel title="Versions" flush>
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The history could not be loaded" onRetry={() => void query.refetch()} />}
        {query.data && (
          <div className="scroll-x" role="region" aria-label="List of versions" tabIndex={0}>
            <table className="data-table">
              <thead><tr><th scope="col">Before</th><th scope="col">After</th><th scope="col">Version</th><th scope="col">What changed</th><th scope="col">When</th></tr></thead>
              <tbody>
                {versions.map((v) => (
                  <tr key={v.version}>
                    <td><input type="radio" name="before" aria-label={`Compare from version ${v.version}`} checked={v.version === before} disabled={v.version >= after} onChange={() => setSearch({before: String(v.version)}, true)} /></td>
                    <td><input type="radio" name="after" aria-label={`Compare with version ${v.version}`} checked={v.version === after} onChange={() => setSearch({after: String(v.version), ...(before >= v.version ? {before: undefined} : {before: String(before)})}, true)} /></td>
                    <td className="numeric" style={{whiteSpace: 'nowrap'}}><strong>{v.version}</strong> {v.labels.map((label) => <Tag key={label} tone="info">{label}</Tag>)}</td>
                    <td style={{minWidth: 140}}>{v.message || <span className="quiet">no message</span>}<span className="sub">{v.author}</span></td>
                    <td style={{whiteSpace: 'nowrap'}} title={formatFullTime(v.created_at)}><Ago at={v.created_at} /></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {query.hasNextPage && <div className="part-body"><Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
      </Panel>
      {before >= 1 ? <Compare id={id} before={before} after={after} /> : <Panel title="What changed"><Nothing>This is the first version; there is nothing before it.</Nothing></Panel>}
    </div>
  );
}

function Compare({id, before, after}: {id: AssetId; before: number; after: number}) {
  const [view, setView] = useState('fields');
  const query = useQuery(assetDiffQuery(id, String(before), String(after)));
  return (
    <Panel title={`From version ${before} to ${after}`} tools={(
      <>
        {query.data && view === 'text' && <Copy text={query.data.text} label="Copy the diff" />}
        <SegmentedControl size="xs" aria-label="Show the changes as" value={view} onChange={setView} data={[{value: 'fields', label: 'Fields'}, {value: 'text', label: 'Diff'}]} />
      </>
    )}>
      {query.isPending && <PageLoading />}
      {query.isError && <ErrorNotice error={query.error} what="The two could not be compared" onRetry={() => void query.refetch()} />}
      {query.data && (view === 'fields' ? <Changes changes={query.data.changes} /> : <PatchView text={query.data.text} label={`Unified diff from version ${before} to ${after}`} />)}
    </Panel>
  );
}
