// SPDX-License-Identifier: Apache-2.0
// One call, whole: how it ended and why, where the time went, what it cost, what was said.
import {Button, Collapse, Tabs} from '@mantine/core';
import {IconMessage2Bolt} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {Link} from '@tanstack/react-router';
import {useMemo, useState, type ReactNode} from 'react';
import {ApiError} from '../api/client';
import {invocationQuery} from '../api/queries';
import type {Invocation, InvocationDetail} from '../api/types';
import {looksLikeEventStream} from '../lib/sse';
import {parseJson, parseRequest, parseResponse} from '../lib/chat';
import {formatDuration, formatFullTime, formatInteger, formatUsd, formatBytes} from '../lib/format';
import {curlCommand} from '../lib/snippets';
import {encodeShared} from '../lib/share';
import {timingSegments, tokensPerSecond} from '../lib/timing';
import {tokenRows} from '../lib/token-rows';
import {Copy, kStatusMeaning, StatusMark} from './bits';
import {TurnCard} from './conversation';
import {JsonView} from './json-view';
import {ErrorNotice, PageLoading} from './notices';

export function InvocationView({id}: {id: string}) {
  // A call seen live may take a moment until it can be looked up.
  const query = useQuery({...invocationQuery(id), retry: (count, error) => count < 4 && error instanceof ApiError && (error.status === 404 || error.status === 0), retryDelay: 600});
  if (query.isPending) return <PageLoading />;
  if (query.isError) {
    const gone = query.error instanceof ApiError && query.error.status === 404;
    return <ErrorNotice error={query.error} what={gone ? 'There is no such invocation, or it is past its retention' : 'The invocation could not be loaded'} onRetry={() => void query.refetch()} />;
  }
  return <Whole call={query.data} />;
}

function Whole({call}: {call: InvocationDetail}) {
  return (
    <>
      <Outcome call={call} />
      <Timing call={call} />
      <TokensAndCost call={call} />
      <Actions call={call} />
      <Tabs defaultValue="messages" keepMounted={false} mt="md">
        <Tabs.List mb="sm">
          <Tabs.Tab value="messages">Messages</Tabs.Tab>
          <Tabs.Tab value="request">Request</Tabs.Tab>
          <Tabs.Tab value="response">Response</Tabs.Tab>
          <Tabs.Tab value="details">Details</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="messages"><Messages call={call} /></Tabs.Panel>
        <Tabs.Panel value="request"><Body text={call.request_body} label="Request body" /></Tabs.Panel>
        <Tabs.Panel value="response"><Body text={call.response_body} label="Response body" /></Tabs.Panel>
        <Tabs.Panel value="details"><Details call={call} /></Tabs.Panel>
      </Tabs>
    </>
  );
}

function Outcome({call}: {call: Invocation}) {
  return (
    <section aria-label="Outcome" style={{marginBottom: 16}}>
      <div style={{display: 'flex', flexWrap: 'wrap', gap: '4px 14px', alignItems: 'center', fontSize: '1rem'}}>
        <StatusMark status={call.status} code={call.http_status} />
        <strong>{call.response_model || call.requested_model || call.operation}</strong>
        <span style={{color: 'var(--mantine-color-dimmed)', fontSize: 'var(--mantine-font-size-sm)'}}>{formatFullTime(call.started_at)}</span>
      </div>
      {call.status !== 'ok' && (
        <p style={{margin: '6px 0 0', overflowWrap: 'anywhere'}}>
          {call.error?.message || kStatusMeaning[call.status]}
          {call.error?.code && <span className="mono" style={{color: 'var(--mantine-color-dimmed)'}}> {call.error.code}</span>}
          {call.upstream_status !== null && call.upstream_status >= 400 && <span style={{color: 'var(--mantine-color-dimmed)'}}> The provider answered {call.upstream_status}.</span>}
        </p>
      )}
    </section>
  );
}

function Timing({call}: {call: Invocation}) {
  const segments = timingSegments(call);
  const rate = tokensPerSecond(call, call.usage.output);
  const summary = segments.map((s) => `${s.label} ${formatDuration(s.length_ms)}`).join(', ');
  return (
    <section aria-label="Timing" className="card" style={{padding: '11px 14px', marginBottom: 12}}>
      <div style={{display: 'flex', justifyContent: 'space-between', alignItems: 'baseline', marginBottom: 7}}>
        <h2 style={{margin: 0, fontSize: 'var(--mantine-font-size-md)'}}>{formatDuration(call.duration_ms)} in all</h2>
        <span style={{fontSize: 'var(--mantine-font-size-sm)', color: 'var(--mantine-color-dimmed)'}}>
          {[call.first_token_ms !== null && `first token after ${formatDuration(call.first_token_ms)}`, rate !== null && `${rate.toFixed(0)} tokens/s`,
            call.attempts > 1 && `${call.attempts} attempts`].filter(Boolean).join(' · ')}
        </span>
      </div>
      <div className="timing" role="img" aria-label={summary}>
        {segments.map((s, i) => <div key={i} className={`timing-${s.kind}`} style={{flexGrow: s.length_ms / call.duration_ms * 1000, flexBasis: 0}} title={`${s.label}: ${formatDuration(s.length_ms)}`} />)}
      </div>
      <ul className="legend">
        {segments.map((s, i) => <li key={i}><i className={`timing-${s.kind}`} />{s.label} <strong className="numeric">{formatDuration(s.length_ms)}</strong></li>)}
      </ul>
    </section>
  );
}

function TokensAndCost({call}: {call: InvocationDetail}) {
  const rows = tokenRows(call);
  const known = call.cost_usd !== null;
  return (
    <section aria-label="Tokens and cost" className="card scroll-x" style={{marginBottom: 12}} tabIndex={0}>
      <table className="data-table numeric">
        <thead><tr><th scope="col">Tokens{call.usage.estimated ? ' (estimated)' : ''}</th><th scope="col" className="right">Count</th>
          <th scope="col" className="right">$ per million</th><th scope="col" className="right">Cost</th></tr></thead>
        <tbody>
          {rows.map(({name, label, count, line}) => (
            <tr key={name}>
              <td>{label}</td><td className="right">{formatInteger(count)}</td>
              <td className="right">{line ? formatUsd(line.usd_per_million) : '–'}</td>
              <td className="right">{line ? formatUsd(line.usd) : '–'}</td>
            </tr>
          ))}
          {!rows.length && <tr><td colSpan={4} style={{color: 'var(--mantine-color-dimmed)'}}>No tokens were reported.</td></tr>}
          <tr>
            <td colSpan={3}><strong>Cost</strong>{!known && <span style={{color: 'var(--mantine-color-dimmed)'}}> {rows.length ? 'unknown: the price table has no entry for this model' : 'nothing to price'}</span>}</td>
            <td className="right"><strong>{formatUsd(call.cost_usd)}</strong></td>
          </tr>
        </tbody>
      </table>
    </section>
  );
}

function Actions({call}: {call: InvocationDetail}) {
  const request = useMemo(() => parseJson(call.request_body), [call.request_body]);
  const chat = typeof request === 'object' && request !== null && 'messages' in request;
  return (
    <div style={{display: 'flex', flexWrap: 'wrap', gap: 8}}>
      {call.request_body !== null && <Copy iconOnly={false} label="Copy as curl" text={() => curlCommand(window.location.origin, call.operation, call.request_body)} />}
      <Copy iconOnly={false} label="Copy link" text={`${window.location.origin}/invocations/${call.id}`} />
      {chat && (
        <Button size="xs" variant="default" leftSection={<IconMessage2Bolt size={15} aria-hidden />} component={Link} to="/playground"
                hash={`p=${encodeShared({environment: call.environment, request: request as Record<string, unknown>})}`}>Try in the playground</Button>
      )}
    </div>
  );
}

function NotKept({what}: {what: string}) {
  return <p style={{color: 'var(--mantine-color-dimmed)'}}>{what} was not kept. The environment’s capture policy decides that: with <code>capture: full</code> bodies are stored.</p>;
}

function Messages({call}: {call: InvocationDetail}) {
  const request = useMemo(() => parseRequest(call.request_body), [call.request_body]);
  const response = useMemo(() => parseResponse(call.response_body), [call.response_body]);
  const [tools, setTools] = useState(false);
  if (call.request_body === null && call.response_body === null) return <NotKept what="What was said" />;
  return (
    <>
      {request.parameters.length > 0 && (
        <p className="mono" style={{color: 'var(--mantine-color-dimmed)', margin: '0 0 10px', overflowWrap: 'anywhere'}}>
          {request.parameters.map(([name, value]) => `${name}: ${JSON.stringify(value)?.slice(0, 120)}`).join(' · ')}
        </p>
      )}
      {request.tools.length > 0 && (
        <div style={{marginBottom: 10}}>
          <Button size="compact-xs" variant="subtle" onClick={() => setTools(!tools)} aria-expanded={tools}>
            {request.tools.length === 1 ? '1 tool offered' : `${request.tools.length} tools offered`}: {request.tools.map((t) => t.name).join(', ').slice(0, 80)}
          </Button>
          <Collapse expanded={tools}><JsonView text={JSON.stringify(request.tools.map((t) => t.json))} label="Tools" /></Collapse>
        </div>
      )}
      {request.turns.map((turn, i) => <TurnCard key={i} turn={turn} />)}
      {request.inputs.map((input, i) => <TurnCard key={i} turn={{role: 'input', parts: [{kind: 'text', text: input}], toolCalls: []}} />)}
      {response.choices.map((choice, i) => (
        <TurnCard key={`a${i}`} turn={choice.turn} note={[response.choices.length > 1 && `choice ${i + 1}`, choice.finishReason && `ended: ${choice.finishReason}`, response.events > 0 && `${response.events} events`].filter(Boolean).join(' · ')} />
      ))}
      {response.vectors && <p>{response.vectors.count} {response.vectors.count === 1 ? 'vector' : 'vectors'} of {response.vectors.dimensions} dimensions.</p>}
      {response.error && <p style={{color: 'var(--mantine-color-error)'}}>{response.error}</p>}
      {request.kind === 'other' && !response.choices.length && <p style={{color: 'var(--mantine-color-dimmed)'}}>Not a conversation. The request and the response are in their own tabs.</p>}
    </>
  );
}

function Body({text, label}: {text: string | null; label: string}) {
  if (text === null) return <NotKept what={`The ${label.toLowerCase()}`} />;
  if (text === '') return <p style={{color: 'var(--mantine-color-dimmed)'}}>Empty.</p>;
  return (
    <>
      <div style={{display: 'flex', alignItems: 'center', gap: 8, marginBottom: 6, color: 'var(--mantine-color-dimmed)', fontSize: 'var(--mantine-font-size-sm)'}}>
        {looksLikeEventStream(text) ? 'Event stream' : 'JSON'}, {formatBytes(new Blob([text]).size)}<Copy text={text} label={`Copy the ${label.toLowerCase()}`} />
      </div>
      <JsonView text={text} label={label} />
    </>
  );
}

function Details({call}: {call: InvocationDetail}) {
  const filter = (name: 'use_case' | 'model' | 'key' | 'provider' | 'environment', value: string, shown = value) =>
    value ? <Link to="/invocations" search={{[name]: value, range: '24h'}}>{shown}</Link> : null;
  const id = (value: string) => value ? <span><span className="mono">{value}</span> <Copy text={value} label="Copy" /></span> : null;
  const release = /^([a-z][a-z0-9-]*)@(\d+)$/.exec(call.release);
  const facts: [string, ReactNode][] = [
    ['Use case', filter('use_case', call.use_case)], ['Environment', filter('environment', call.environment)],
    ['Key', filter('key', call.key_id, call.key_name || call.key_id)], ['Release', release ? <Link to="/releases/$slug/$number" params={{slug: release[1]!, number: release[2]!}}>{call.release}</Link> : call.release],
    ['Provider', filter('provider', call.provider)], ['Connection', call.connection],
    ['Model asked for', call.requested_model], ['Model that answered', filter('model', call.response_model)],
    ['Operation', `${call.operation}${call.stream ? ', streamed' : ''}`], ['Surface', call.surface],
    ['Finish reason', call.finish_reason], ['HTTP status', call.http_status ?? 'client left before'],
    ['Provider’s status', call.upstream_status], ['Attempts', call.attempts],
    ['End user', call.end_user], ['Client', call.peer], ['User agent', call.user_agent],
    ['Invocation', id(call.id)], ['Request id', id(call.request_id)], ['Trace', id(call.trace_id)], ['Span', id(call.span_id)], ['Parent span', id(call.parent_span_id)],
  ];
  return (
    <dl className="facts card" style={{padding: 14}}>
      {facts.filter(([, value]) => value !== null && value !== '').map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}
