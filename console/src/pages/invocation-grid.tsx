// SPDX-License-Identifier: Apache-2.0
// The table of calls. Only the rows in view exist; the rest is height.
import {useElementSize, useMergedRef} from '@mantine/hooks';
import {useVirtualizer} from '@tanstack/react-virtual';
import {useEffect, useRef, type KeyboardEvent, type ReactNode, type Ref} from 'react';
import type {Invocation} from '../api/types';
import {formatCount, formatDuration, formatFullTime, formatShortTime, formatUsd} from '../lib/format';
import {StatusMark} from '../ui/bits';

interface Column {
  id: string;
  header: string;
  width: string;
  right?: boolean;
  from: number;  // shown from this width of the table on
  cell: (call: Invocation) => ReactNode;
}

function inputTokens({usage}: Invocation): number | null {
  const parts = [usage.input, usage.cache_read, usage.cache_write].filter((n) => n !== null);
  return parts.length ? parts.reduce((a, b) => a + b, 0) : null;
}
function outputTokens({usage}: Invocation): number | null {
  return usage.output === null ? null : usage.output + (usage.reasoning ?? 0);
}

const kColumns: Column[] = [
  {id: 'status', header: 'Status', width: '118px', from: 0, cell: (c) => <StatusMark status={c.status} />},
  {id: 'time', header: 'Time', width: 'var(--time-width)', from: 0, cell: (c) => <time dateTime={c.started_at} title={formatFullTime(c.started_at)}>{formatShortTime(c.started_at)}</time>},
  {id: 'use_case', header: 'Use case', width: 'minmax(90px, 136px)', from: 640, cell: (c) => <span title={`${c.use_case}, key ${c.key_name}, ${c.environment}`}>{c.use_case || '–'}</span>},
  {id: 'model', header: 'Model', width: 'minmax(110px, 164px)', from: 480, cell: (c) => c.response_model || c.requested_model || '–'},
  {id: 'preview', header: 'Input', width: 'minmax(110px, 1fr)', from: 0, cell: (c) => c.error?.message && c.status !== 'ok' ? <span style={{color: `var(--status-${c.status})`}}>{c.error.message}</span> : c.input_preview || <span style={{color: 'var(--mantine-color-dimmed)'}}>{c.operation}</span>},
  {id: 'tokens', header: 'Tokens in / out', width: '112px', right: true, from: 900, cell: (c) => `${formatCount(inputTokens(c))} / ${formatCount(outputTokens(c))}`},
  {id: 'cost', header: 'Cost', width: '82px', right: true, from: 780, cell: (c) => formatUsd(c.cost_usd)},
  {id: 'first', header: 'First token', width: '84px', right: true, from: 1020, cell: (c) => formatDuration(c.first_token_ms)},
  {id: 'duration', header: 'Duration', width: '76px', right: true, from: 560, cell: (c) => formatDuration(c.duration_ms)},
];

const kRowHeight = 38;
const kHeadHeight = 32;

export function InvocationGrid({ref, items, active, openId, onActive, onStep, onOpen, onEnd, loadingMore, footer, hasMore}: {
  ref: Ref<HTMLDivElement>; items: Invocation[]; active: string | null; openId: string | undefined; onActive: (id: string) => void;
  onStep: (by: number) => void; onOpen: (id: string, byKey?: boolean) => void; onEnd: () => void; loadingMore: boolean; footer?: string; hasMore: boolean;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const {ref: sized, width} = useElementSize<HTMLDivElement>();
  const merged = useMergedRef(scroller, sized, ref);
  const columns = kColumns.filter((column) => width >= column.from);
  const rows = useVirtualizer({count: items.length, getScrollElement: () => scroller.current, estimateSize: () => kRowHeight, overscan: 12, scrollPaddingStart: kHeadHeight,
                               getItemKey: (i) => items[i]!.id});
  // Newest first: if the oldest is of today, no row needs its day.
  const oldest = items.at(-1);
  const today = !oldest || new Date(oldest.started_at).toDateString() === new Date().toDateString();
  const virtual = rows.getVirtualItems();
  const lastShown = virtual.at(-1)?.index ?? -1;

  useEffect(() => {
    if (hasMore && lastShown >= items.length - 15) onEnd();
  }, [hasMore, lastShown, items.length, onEnd]);

  const activeIndex = items.findIndex((call) => call.id === active);
  const followed = useRef<string | null>(null);
  useEffect(() => {
    if (active && activeIndex >= 0 && followed.current !== active) rows.scrollToIndex(activeIndex, {align: 'auto'});
    followed.current = active;
  }, [active, activeIndex, rows]);

  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -Infinity, End: Infinity};
    if (event.key in steps) {
      event.preventDefault();
      onStep(steps[event.key]!);
    } else if (event.key === 'Enter' && activeIndex >= 0) {
      event.preventDefault();
      onOpen(items[activeIndex]!.id, true);
    }
  };
  const onFocus = () => {
    if (activeIndex < 0 && items[0]) onActive(items[0].id);
  };

  return (
    <div className="grid-wrap">
      <div ref={merged} className="grid numeric" role="grid" aria-label="Invocations" aria-rowcount={hasMore ? -1 : items.length + 1} tabIndex={0}
           aria-activedescendant={activeIndex >= 0 && virtual.some((v) => v.index === activeIndex) ? `row-${active}` : undefined}
           onKeyDown={onKeyDown} onFocus={onFocus} style={{['--columns' as string]: columns.map((c) => c.width).join(' '), ['--time-width' as string]: today ? '64px' : '116px'}}>
        <div className="grid-head" role="row" aria-rowindex={1}>
          {columns.map((c) => <div key={c.id} role="columnheader" className={c.right ? 'right' : undefined}>{c.header}</div>)}
        </div>
        <div role="rowgroup" style={{height: rows.getTotalSize(), position: 'relative'}}>
          {virtual.map(({index, start, key}) => {
            const call = items[index]!;
            return (
              <div key={key} id={`row-${call.id}`} role="row" aria-rowindex={index + 2} aria-selected={call.id === openId} className="grid-row"
                   data-active={call.id === active || undefined} style={{transform: `translateY(${start}px)`}} onClick={() => onOpen(call.id)}>
                {columns.map((c) => <div key={c.id} role="gridcell" className={c.right ? 'right' : undefined}>{c.cell(call)}</div>)}
              </div>
            );
          })}
        </div>
      </div>
      {(loadingMore || footer) && (
        <div style={{padding: '6px 20px', color: 'var(--mantine-color-dimmed)', fontSize: 'var(--mantine-font-size-sm)', borderTop: '1px solid var(--line)'}} role="status">
          {loadingMore ? `Looking further back… ${footer ?? ''}` : footer}
        </div>
      )}
    </div>
  );
}
