// SPDX-License-Identifier: Apache-2.0
import {IconArrowDown, IconArrowUp} from '@tabler/icons-react';
import {
  createColumnHelper, createSortedRowModel, rowSortingFeature, tableFeatures, useTable,
} from '@tanstack/react-table';
import {getRouteApi, Link} from '@tanstack/react-router';
import type {OverviewGroup} from '../api/types';
import {formatCount, formatDuration, formatPercent, formatUsd} from '../lib/format';
import {cleanShell, filtersOf, kDimensionLabels, type Dimension, type Status} from '../lib/search';
import {kStatusLabels} from '../ui/bits';

const features = tableFeatures({rowSortingFeature, sortedRowModel: createSortedRowModel()});
const helper = createColumnHelper<typeof features, OverviewGroup>();

// Unknown figures sort as the smallest.
const byNumber = (value: number | null) => value ?? -1;
const columns = helper.columns([
  helper.accessor((g) => g.label || g.key, {id: 'label', header: 'Name', sortFn: (a, b) => a.original.label.localeCompare(b.original.label)}),
  helper.accessor((g) => g.totals.requests, {id: 'requests', header: 'Requests', sortFn: (a, b) => a.original.totals.requests - b.original.totals.requests}),
  helper.accessor((g) => g.totals.error_rate, {id: 'errors', header: 'Error rate', sortFn: (a, b) => a.original.totals.error_rate - b.original.totals.error_rate}),
  helper.accessor((g) => g.totals.duration_ms.p50, {id: 'p50', header: 'p50', sortFn: (a, b) => byNumber(a.original.totals.duration_ms.p50) - byNumber(b.original.totals.duration_ms.p50)}),
  helper.accessor((g) => g.totals.duration_ms.p95, {id: 'p95', header: 'p95', sortFn: (a, b) => byNumber(a.original.totals.duration_ms.p95) - byNumber(b.original.totals.duration_ms.p95)}),
  helper.accessor((g) => g.totals.first_token_ms.p95, {id: 'first', header: 'First token p95', sortFn: (a, b) => byNumber(a.original.totals.first_token_ms.p95) - byNumber(b.original.totals.first_token_ms.p95)}),
  helper.accessor((g) => tokens(g), {id: 'tokens', header: 'Tokens', sortFn: (a, b) => tokens(a.original) - tokens(b.original)}),
  helper.accessor((g) => Number(g.totals.cost_usd), {id: 'cost', header: 'Cost', sortFn: (a, b) => Number(a.original.totals.cost_usd) - Number(b.original.totals.cost_usd)}),
]);

function tokens({totals: {tokens: t}}: OverviewGroup): number {
  return t.input + t.cache_read + t.cache_write + t.output + t.reasoning;
}

export function GroupTable({groups, dimension, leftOff, total}: {groups: OverviewGroup[]; dimension: Dimension; leftOff: number; total: number}) {
  const table = useTable({features, columns, data: groups, initialState: {sorting: [{id: 'requests', desc: true}]}, getRowId: (g) => g.key});
  const search = getRouteApi('/app/').useSearch();
  if (!groups.length) return <p className="empty-text" style={{padding: '4px 16px 16px', margin: 0}}>Nothing in this range.</p>;
  const most = Math.max(...groups.map((g) => g.totals.requests), 1);
  const mostCost = Math.max(...groups.map((g) => Number(g.totals.cost_usd)), 0);
  const name = (g: OverviewGroup) => dimension === 'status' ? kStatusLabels[g.key as Status] ?? g.label : g.label || g.key || '(none)';
  return (
    <div className="scroll-x" role="region" aria-label={`By ${kDimensionLabels[dimension].toLowerCase()}`} tabIndex={0}>
      <table className="data-table numeric">
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => {
                const sorted = header.column.getIsSorted();
                return (
                  <th key={header.id} scope="col" className={header.id === 'label' ? '' : 'right'}
                      aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}>
                    <button type="button" onClick={header.column.getToggleSortingHandler()}>
                      {header.id === 'label' ? kDimensionLabels[dimension] : String(header.column.columnDef.header)}
                      {sorted === 'asc' ? <IconArrowUp size={13} aria-hidden /> : sorted === 'desc' ? <IconArrowDown size={13} aria-hidden /> : null}
                    </button>
                  </th>
                );
              })}
            </tr>
          ))}
        </thead>
        <tbody>
          {table.getRowModel().rows.map(({id, original: g}) => (
            <tr key={id}>
              <td>
                {g.key ? <Link to="/invocations" search={{...cleanShell({...search}), ...filtersOf(search), [dimension]: g.key}}>{name(g)}</Link> : name(g)}
              </td>
              <td className="right bar-cell">
                {formatCount(g.totals.requests)} <span className="visually-hidden">({formatPercent(g.totals.requests / Math.max(total, 1))} of all)</span>
                <div className="bar" style={{width: `${Math.max(1, g.totals.requests / most * 100)}%`, marginLeft: 'auto'}} aria-hidden />
              </td>
              <td className="right" style={g.totals.error_rate >= 0.05 ? {color: 'var(--status-upstream_error)', fontWeight: 600} : undefined}>{formatPercent(g.totals.error_rate)}</td>
              <td className="right">{formatDuration(g.totals.duration_ms.p50)}</td>
              <td className="right">{formatDuration(g.totals.duration_ms.p95)}</td>
              <td className="right">{formatDuration(g.totals.first_token_ms.p95)}</td>
              <td className="right">{formatCount(tokens(g))}</td>
              <td className="right bar-cell">
                {Number(g.totals.cost_usd) === 0 && g.totals.unknown_cost_requests ? 'no price' : formatUsd(g.totals.cost_usd)}
                <div className="bar" style={{width: `${mostCost ? Number(g.totals.cost_usd) / mostCost * 100 : 0}%`, marginLeft: 'auto'}} aria-hidden />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {leftOff > 0 && <p className="empty-text" style={{padding: '8px 16px', margin: 0}}>{plural(leftOff)} smaller not shown.</p>}
    </div>
  );
}

function plural(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'row is' : 'rows are'}`;
}
