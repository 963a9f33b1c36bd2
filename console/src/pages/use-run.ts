// SPDX-License-Identifier: Apache-2.0
// A run as it goes: what the server tells while it is under way takes the place of what was asked for.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {useEffect, useRef, useState} from 'react';
import {ApiError} from '../api/client';
import {hasEnded, runQuery, type Run} from '../api/runs';
import {timeLeft} from '../lib/runs';

export interface Following {
  state: 'off' | 'connecting' | 'on' | 'broken';
  left: number | null;  // milliseconds that the rest takes at the pace since the page was opened
}

const kAskAgain = 3_000;

export function useRun(id: string) {
  const client = useQueryClient();
  const [state, setState] = useState<Following['state']>('off');
  const query = useQuery({
    ...runQuery(id), retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status === 404),
    // Where nothing can be followed, it is asked for.
    refetchInterval: ({state: {data}}) => data && !hasEnded(data) && state === 'broken' ? kAskAgain : false,
  });
  const live = query.data !== undefined && !hasEnded(query.data);
  const began = useRef<{at: number; done: number} | null>(null);
  const [left, setLeft] = useState<number | null>(null);

  useEffect(() => {
    if (!live) {
      setState('off');
      return;
    }
    setState('connecting');
    began.current = null;
    setLeft(null);
    const {queryKey} = runQuery(id);
    const source = new EventSource(`/api/v1/runs/${encodeURIComponent(id)}/stream`);
    const take = (event: Event) => {
      const run = JSON.parse((event as MessageEvent<string>).data) as Run;
      began.current ??= {at: Date.now(), done: run.done};
      setLeft(timeLeft(began.current, run, Date.now()));
      client.setQueryData(queryKey, (before) => before && {...before, ...run});
    };
    source.addEventListener('progress', take);
    source.addEventListener('end', (event) => {
      source.close();
      take(event);
      // Lists, and what was counted of its results, are old now.
      void client.invalidateQueries({queryKey: ['runs']});
    });
    source.onopen = () => setState('on');
    source.onerror = () => setState(source.readyState === EventSource.CLOSED ? 'broken' : 'connecting');
    return () => source.close();
  }, [live, id, client]);

  return {query, run: query.data, following: {state, left} satisfies Following};
}
