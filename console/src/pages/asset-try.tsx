// SPDX-License-Identifier: Apache-2.0
// Trying a prompt: the same variables through several versions and models, side by side, with what each costs.
import {ActionIcon, Button, Group, NumberInput, Select, Stack, Switch, Textarea, Tooltip} from '@mantine/core';
import {IconPlayerPlay, IconPlayerStop, IconPlus, IconX} from '@tabler/icons-react';
import {useInfiniteQuery, useQuery, useQueryClient} from '@tanstack/react-query';
import {useRef, useState} from 'react';
import {api, errorMessage, need} from '../api/client';
import {assetVersionQuery, assetVersionsQuery, type AssetDetail, type RenderedPrompt} from '../api/governance';
import {modelsQuery, sessionQuery} from '../api/queries';
import {assetName, type AssetId} from '../lib/asset';
import {parseTurn, turnText} from '../lib/chat';
import {formatInteger, formatUsd} from '../lib/format';
import {typedVariables, variablesOf, type Variable} from '../lib/variables';
import {TurnCard} from '../ui/conversation';
import {Failure} from '../ui/dialog';
import {Nothing, Panel} from '../ui/marks';
import {validationQuery, type Draft} from './asset-editor';
import {Outcome} from './outcome';
import {lookUp, runChat, type Answer} from './run-chat';
import {SaveCase, type Tried} from './save-case';

interface Column {
  key: number;
  version: string;  // a number, a label, `latest`, or `draft`
  model: string;    // empty: what the prompt says
}

interface Result {
  rendered?: RenderedPrompt;
  answer?: Answer;
  input?: Tried['input'];
  running: boolean;
  problem?: string;
}

const kMostColumns = 4;

export function AssetTry({id, asset, draft}: {id: AssetId; asset: AssetDetail; draft: Draft | null}) {
  const queryClient = useQueryClient();
  const {data: session} = useQuery(sessionQuery);
  const environments = session?.environments.map((e) => e.name) ?? [];
  const [environment, setEnvironment] = useState(environments[0] ?? '');
  const versions = useInfiniteQuery(assetVersionsQuery(id)).data?.pages.flatMap((page) => page.items) ?? [];
  const models = (useQuery({...modelsQuery(environment || undefined), enabled: environment !== ''}).data ?? []).filter((m) => m.environment === environment && m.operations.includes('chat'));
  const nextKey = useRef(2);
  const [columns, setColumns] = useState<Column[]>(() => draft ? [{key: 0, version: 'latest', model: ''}, {key: 1, version: 'draft', model: ''}] : [{key: 0, version: 'latest', model: ''}]);
  const [texts, setTexts] = useState<Record<string, string>>({});
  const [message, setMessage] = useState('');
  const [tried, setTried] = useState(false);
  const [results, setResults] = useState<Record<number, Result>>({});
  const abort = useRef<AbortController | null>(null);

  const checked = useQuery({...validationQuery(id, draft?.text ?? ''), enabled: draft !== null}).data;
  const draftContent = draft && checked?.problems.length === 0 ? checked.content ?? null : null;
  const variables = variablesOf(columns.some((c) => c.version === 'draft') && draftContent ? draftContent : asset.content);
  const {values, problems} = typedVariables(variables, texts);
  const running = Object.values(results).some((r) => r.running);

  const contentOf = async (version: string) => version === 'draft' ? draftContent : (await queryClient.fetchQuery(assetVersionQuery(id, version))).content;
  const update = (key: number, changes: Partial<Result>) => setResults((before) => ({...before, [key]: {...(before[key] ?? {running: false}), ...changes}}));

  const one = async (column: Column, call: boolean, signal: AbortSignal) => {
    update(column.key, {running: true, problem: undefined, answer: undefined, rendered: undefined});
    try {
      if (column.version === 'draft' && !draftContent) throw new Error('What is being edited has problems; solve them first');
      // A version knows only its own variables.
      const known = new Set(variablesOf(await contentOf(column.version)).map((v) => v.name));
      const own = Object.fromEntries(Object.entries(values).filter(([name]) => known.has(name)));
      const source = column.version === 'draft' ? {content: draftContent!, owner: id.owner} : {asset: `${assetName(id)}:${column.version}`};
      const messages = message.trim() ? {messages: [{role: 'user', content: message}]} : {};
      const rendered = await need(api.POST('/api/v1/prompts/render', {signal, body: {...source, variables: own, ...messages}}));
      update(column.key, {rendered, input: Object.keys(own).length || !message.trim() ? own : [{role: 'user', content: message}]});
      if (!call) return;
      const model = column.model || rendered.model || String(rendered.request.model ?? '');
      const answer = await runChat({...rendered.request, model, environment, stream: true}, signal, (so_far) => update(column.key, {answer: so_far}));
      update(column.key, {answer});
      if (!answer.summary && answer.invocationId) update(column.key, {answer: {...answer, summary: await lookUp(answer.invocationId)}});
    } catch (error) {
      if (!signal.aborted) update(column.key, {problem: errorMessage(error)});
    } finally {
      update(column.key, {running: false});
    }
  };
  const run = (call: boolean) => {
    setTried(true);
    if (Object.keys(problems).length || running) return;
    const controller = new AbortController();
    abort.current = controller;
    for (const column of columns) void one(column, call, controller.signal);
  };
  const add = () => {
    // The version before is what most want to see beside the latest.
    const used = new Set(columns.map((c) => c.version));
    const version = used.has('latest') && asset.latest.version > 1 && !used.has(String(asset.latest.version - 1)) ? String(asset.latest.version - 1) : 'latest';
    setColumns([...columns, {key: nextKey.current++, version, model: ''}]);
  };
  const choices = [
    {value: 'latest', label: `Latest (${asset.latest.version})`}, ...(draft ? [{value: 'draft', label: 'What is being edited'}] : []),
    ...versions.map((v) => ({value: String(v.version), label: `Version ${v.version}${v.labels.length ? ` (${v.labels.join(', ')})` : ''}`})),
  ];
  return (
    <>
      <Panel title="What goes in" tools={<Select size="xs" w={150} aria-label="Environment" allowDeselect={false} data={environments} value={environment} onChange={(value) => setEnvironment(value ?? '')} />}>
        <form onSubmit={(event) => {
          event.preventDefault();
          run(true);
        }}>
          <Stack gap="sm">
            {!variables.length && <Nothing>The prompt takes no variables.</Nothing>}
            <div style={{display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 300px), 1fr))', gap: 12}}>
              {variables.map((variable) => <Field key={variable.name} variable={variable} value={texts[variable.name] ?? variable.initial} error={tried ? problems[variable.name] : undefined}
                                                  onChange={(value) => setTexts((before) => ({...before, [variable.name]: value}))} />)}
            </div>
            <Textarea label="Message of the caller" description="If callers send messages of their own beside the variables" autosize minRows={1} maxRows={8} value={message} onChange={(e) => setMessage(e.currentTarget.value)} />
            <Group gap="xs">
              {running ? <Button leftSection={<IconPlayerStop size={16} aria-hidden />} variant="default" onClick={() => abort.current?.abort()}>Stop</Button>
                : <Button type="submit" leftSection={<IconPlayerPlay size={16} aria-hidden />}>{columns.length > 1 ? `Run all ${columns.length}` : 'Run'}</Button>}
              <Button variant="default" disabled={running} onClick={() => run(false)}>Only render</Button>
              <span className="quiet" style={{marginLeft: 'auto'}}>Each run is a call: recorded and priced like any.</span>
            </Group>
          </Stack>
        </form>
      </Panel>
      <div className="tries-scroll" role="region" aria-label="Side by side" tabIndex={0}>
        <div className="tries" style={{'--tries': columns.length} as React.CSSProperties}>
          {columns.map((column, i) => (
            <section key={column.key} className="card try" aria-label={`Column ${i + 1}`} aria-busy={results[column.key]?.running}>
              <div className="part-head">
                <Select size="xs" style={{flex: '1 1 120px'}} aria-label={`Version in column ${i + 1}`} allowDeselect={false} data={choices} value={column.version}
                        onChange={(value) => setColumns(columns.map((c) => c.key === column.key ? {...c, version: value ?? 'latest'} : c))} />
                <Select size="xs" style={{flex: '1 1 120px'}} aria-label={`Model in column ${i + 1}`} searchable allowDeselect={false} data={[{value: '', label: 'The prompt’s model'}, ...new Set(models.map((m) => m.name))]} value={column.model}
                        onChange={(value) => setColumns(columns.map((c) => c.key === column.key ? {...c, model: value ?? ''} : c))} />
                {columns.length > 1 && <Tooltip label="Take away"><ActionIcon variant="subtle" c="var(--mantine-color-dimmed)" aria-label={`Take column ${i + 1} away`} onClick={() => setColumns(columns.filter((c) => c.key !== column.key))}><IconX size={16} aria-hidden /></ActionIcon></Tooltip>}
              </div>
              <div className="try-body"><Shown result={results[column.key]} owner={id.owner} asset={`${assetName(id)}:${column.version}`} /></div>
            </section>
          ))}
        </div>
      </div>
      {columns.length < kMostColumns && <Button mt="sm" size="xs" variant="default" leftSection={<IconPlus size={15} aria-hidden />} onClick={add}>Compare with another</Button>}
    </>
  );
}

function Field({variable, value, error, onChange}: {variable: Variable; value: string; error: string | undefined; onChange: (value: string) => void}) {
  const shared = {label: variable.name, description: variable.description || undefined, error, withAsterisk: variable.required};
  if (variable.values.length) return <Select {...shared} data={variable.values} clearable={!variable.required} value={value || null} onChange={(next) => onChange(next ?? '')} />;
  if (variable.type === 'number' || variable.type === 'integer') {
    return <NumberInput {...shared} allowDecimal={variable.type === 'number'} value={value === '' ? '' : Number(value)} onChange={(next) => onChange(next === '' ? '' : String(next))} />;
  }
  if (variable.type === 'boolean') return <Switch mt={22} label={variable.name} description={variable.description || undefined} checked={value === 'true'} onChange={(e) => onChange(String(e.currentTarget.checked))} />;
  const json = variable.type === 'list' || variable.type === 'object';
  return <Textarea {...shared} autosize minRows={json ? 2 : 1} maxRows={8} value={value} placeholder={json ? (variable.type === 'list' ? '["…"]' : '{"…": "…"}') : undefined} onChange={(e) => onChange(e.currentTarget.value)}
                   styles={json ? {input: {fontFamily: 'var(--mantine-font-family-monospace)'}} : undefined} />;
}

function Shown({result, owner, asset}: {result: Result | undefined; owner: string; asset: string}) {
  if (!result) return <Nothing>Run it to see what it answers.</Nothing>;
  const {rendered, answer, input, running, problem} = result;
  return (
    <Stack gap="sm">
      {problem && <Failure error={new Error(problem)} />}
      {rendered && (
        <details open={!answer}>
          <summary className="quiet" style={{cursor: 'pointer'}}>
            What is sent{rendered.input_tokens !== null && `: ${formatInteger(rendered.input_tokens)} tokens${rendered.tokens_exact ? '' : ' (estimated)'}`}{rendered.cost_usd != null && `, ${formatUsd(rendered.cost_usd)} to read`}
          </summary>
          <div style={{marginTop: 8}}>{(Array.isArray(rendered.request.messages) ? rendered.request.messages : []).map((turn, i) => <TurnCard key={i} turn={parseTurn(turn)} />)}</div>
        </details>
      )}
      {answer && <TurnCard turn={answer.turn} streaming={running}>{!running && <Outcome answer={answer} />}</TurnCard>}
      {answer && input && !running && !answer.error && (
        <div><SaveCase tried={{owner, input, answer: turnText(answer.turn), provenance: {source: 'try', prompt: asset, ...(answer.invocationId ? {invocation: answer.invocationId} : {})}}} /></div>
      )}
    </Stack>
  );
}
