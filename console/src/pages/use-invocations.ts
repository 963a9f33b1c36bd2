// SPDX-License-Identifier: Apache-2.0
// The list behind the table: pages from the store, and what the live tail brings on top.
import {useInfiniteQuery} from '@tanstack/react-query';
import {useEffect, useMemo, useState} from 'react';
import {invocationsQuery} from '../api/queries';
import type {Invocation} from '../api/types';
import type {RangeSearch} from '../lib/range';
import {stringifySearch, type Filters} from '../lib/search';

const kLiveLimit = 2000;

export interface Tail {
  state: 'off' | 'connecting' | 'on' | 'broken';
  skipped: number;
}

// The tail knows no full-text search: words are looked for in what the event carries.
export function matchesWords(call: Invocation, q: string): boolean {
  const text = [call.id, call.request_id, call.trace_id, call.requested_model, call.response_model, call.error?.code, call.error?.message,
                call.input_preview, call.output_preview].join(' ').toLowerCase();
  return q.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

export function useInvocations(range: RangeSearch, filters: Filters, live: boolean) {
  const query = useInfiniteQuery(invocationsQuery(range, filters));
  const [arrived, setArrived] = useState<Invocation[]>([]);
  const [tail, setTail] = useState<Tail>({state: 'off', skipped: 0});
  const scope = JSON.stringify(filters);

  useEffect(() => {
    setArrived([]);
    if (!live) {
      setTail({state: 'off', skipped: 0});
      return;
    }
    setTail({state: 'connecting', skipped: 0});
    const {q, ...rest} = JSON.parse(scope) as Filters;
    const source = new EventSource(`/api/v1/invocations/stream${stringifySearch({...rest})}`);
    // Many events in one frame become one render.
    let waiting: Invocation[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      const batch = waiting.reverse();
      waiting = [];
      setArrived((before) => [...batch, ...before].slice(0, kLiveLimit));
    };
    source.addEventListener('invocation', (event) => {
      const call = JSON.parse((event as MessageEvent<string>).data) as Invocation;
      if (q && !matchesWords(call, q)) return;
      waiting.push(call);
      timer ??= setTimeout(flush, 120);
    });
    source.addEventListener('skipped', (event) => {
      const {count} = JSON.parse((event as MessageEvent<string>).data) as {count: number};
      setTail((before) => ({...before, skipped: before.skipped + count}));
    });
    source.onopen = () => setTail((before) => ({...before, state: 'on'}));
    source.onerror = () => setTail((before) => ({...before, state: source.readyState === EventSource.CLOSED ? 'broken' : 'connecting'}));
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [live, scope]);

  const items = useMemo(() => {
    const stored = query.data?.pages.flatMap((page) => page.items) ?? [];
    if (!arrived.length) return stored;
    const seen = new Set<string>();
    return [...arrived, ...stored].filter((call) => !seen.has(call.id) && seen.add(call.id));
  }, [query.data, arrived]);

  return {query, items, tail};
}
