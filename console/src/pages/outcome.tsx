// SPDX-License-Identifier: Apache-2.0
// How a call ended: tokens, cost, times, and the way to its record.
import {Alert, Badge, Group} from '@mantine/core';
import {Link} from '@tanstack/react-router';
import {formatDuration, formatInteger, formatUsd} from '../lib/format';
import {tokensPerSecond} from '../lib/timing';
import type {Answer} from './run-chat';

export function Outcome({answer}: {answer: Answer}) {
  const {summary} = answer;
  const rate = summary ? tokensPerSecond({...summary, queue_ms: null, connect_ms: null, upstream_ms: null}, summary.usage.output) : null;
  const total = (...parts: (number | null)[]) => parts.every((p) => p === null) ? null : parts.reduce<number>((sum, p) => sum + (p ?? 0), 0);
  return (
    <div style={{padding: '0 12px 9px'}}>
      {answer.error && <Alert color="red" variant="light" role="alert" my={6} styles={{message: {color: 'var(--mantine-color-error)'}}}>{answer.error}</Alert>}
      <Group gap={6} mt={2} data-testid="outcome" style={{fontSize: 'var(--mantine-font-size-xs)', color: 'var(--mantine-color-dimmed)'}} className="numeric">
        {answer.stopped && <Badge variant="outline" color="gray" size="sm" c="var(--mantine-color-dimmed)">stopped</Badge>}
        {summary && <>
          <span>{formatInteger(total(summary.usage.input, summary.usage.cache_read, summary.usage.cache_write))} tokens in, {formatInteger(total(summary.usage.output, summary.usage.reasoning))} out{summary.usage.estimated ? ' (estimated)' : ''}</span>
          <span>· {summary.cost_usd === null ? 'cost unknown' : formatUsd(summary.cost_usd)}</span>
          <span>· {formatDuration(summary.duration_ms)}{summary.first_token_ms !== null && `, first token ${formatDuration(summary.first_token_ms)}`}{rate !== null && `, ${rate.toFixed(0)} tokens/s`}</span>
          <span>· {summary.response_model}</span>
        </>}
        {answer.invocationId && <Link to="/invocations/$id" params={{id: answer.invocationId}} style={{color: 'var(--mantine-color-anchor)'}}>Open the invocation</Link>}
      </Group>
    </div>
  );
}
