// SPDX-License-Identifier: Apache-2.0
// Try a model the way a program would call it. Every call is recorded, under the use case `playground`.
import {Button, Group, JsonInput, Menu, NumberInput, Select, Stack, Switch, Text, Textarea, Tooltip} from '@mantine/core';
import {useMediaQuery} from '@mantine/hooks';
import {notifications} from '@mantine/notifications';
import {IconChevronDown, IconCode, IconEraser, IconLink, IconMessage2Bolt, IconPlayerStop, IconSend2} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {useLocation, useSearch} from '@tanstack/react-router';
import {useEffect, useRef, useState, type FormEvent, type KeyboardEvent} from 'react';
import {modelsQuery, sessionQuery} from '../api/queries';
import {parseTurn, type ToolCall} from '../lib/chat';
import {buildRequest, kNoSettings, readRequest, toolsProblem, type Message, type Settings} from '../lib/playground';
import {cleanShell} from '../lib/search';
import {decodeShared, encodeShared} from '../lib/share';
import {curlCommand, nodeProgram, pythonProgram} from '../lib/snippets';
import {TopBar} from '../ui/bits';
import {copyText} from '../ui/clipboard';
import {TurnCard} from '../ui/conversation';
import {EmptyState} from '../ui/notices';
import {Outcome} from './outcome';
import type {Answer} from './run-chat';
import {usePlayground, type Entry} from './use-playground';

export function PlaygroundPage() {
  const {environment} = cleanShell(useSearch({strict: false}));
  const {data: session} = useQuery(sessionQuery);
  const hash = useLocation({select: (location) => location.hash});
  const environments = session?.environments.map((e) => e.name) ?? [];
  const [settings, setSettings] = useState<Settings>({...kNoSettings, environment: environment ?? environments[0] ?? ''});
  const set = (changes: Partial<Settings>) => setSettings((before) => ({...before, ...changes}));
  const {entries, setEntries, running, run, stop} = usePlayground();
  const [draft, setDraft] = useState('');
  // Where there is little room, the conversation has it and the settings open on demand.
  const narrow = useMediaQuery('(max-width: 900px)', undefined, {getInitialValueInEffect: false});
  const [open, setOpen] = useState(false);
  const models = useQuery({...modelsQuery(settings.environment || undefined), enabled: settings.environment !== ''});
  const chat = (models.data ?? []).filter((m) => m.operations.includes('chat') && m.environment === settings.environment);
  const model = chat.find((m) => m.name === settings.model);

  // A shared link or a recorded call: its last question lands in the input, ready to be sent.
  useEffect(() => {
    const shared = hash.startsWith('p=') ? decodeShared(hash.slice(2)) : null;
    if (!shared) return;
    const read = readRequest(shared.request, shared.environment);
    setSettings((before) => ({...read.settings, environment: read.settings.environment || before.environment}));
    const last = read.messages.at(-1);
    const asks = last?.role === 'user' && typeof last.content === 'string';
    setEntries((asks ? read.messages.slice(0, -1) : read.messages).map((message) => ({message})));
    setDraft(asks ? last.content as string : '');
  }, [hash, setEntries]);

  useEffect(() => {
    if (chat.length && !settings.model) set({model: chat[0]!.name});
  // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [chat.length, settings.model]);

  const problem = toolsProblem(settings.tools);
  const ready = !running && settings.model !== '' && settings.environment !== '' && !problem;
  const openCalls = waitingCalls(entries);
  const send = (more: Message[]) => {
    if (ready) void run(settings, [...entries, ...more.map((message) => ({message}))]);
  };
  const ask = () => {
    if (!ready || !draft.trim()) return;
    send([{role: 'user', content: draft}]);
    setDraft('');
  };
  const again = () => {
    const last = entries.findLastIndex((entry) => !entry.answer);
    void run(settings, entries.slice(0, last + 1));
  };
  const request = () => buildRequest(settings, [...entries.map((e) => e.message), ...(draft.trim() ? [{role: 'user', content: draft}] : [])]);

  return (
    <>
      <TopBar title="Playground">
        <Group gap="xs">
          {entries.length > 0 && <Button size="xs" variant="default" leftSection={<IconEraser size={15} aria-hidden />} disabled={!!running} onClick={() => setEntries([])}>Start over</Button>}
          <Share settings={settings} request={request} />
        </Group>
      </TopBar>
      <div className="bench">
        <section className="bench-settings" aria-label="Settings" tabIndex={0}>
          {narrow && (
            <Button fullWidth size="sm" variant="default" justify="space-between" aria-expanded={open} aria-controls="bench-fields" onClick={() => setOpen(!open)}
                    rightSection={<IconChevronDown size={15} aria-hidden style={{transform: open ? 'rotate(180deg)' : undefined}} />}>{[settings.model || 'No model', settings.environment].join(' · ')}</Button>
          )}
          <Stack gap="sm" id="bench-fields" display={narrow && !open ? 'none' : undefined} mt={narrow ? 'sm' : 0}>
            <Select size="sm" label="Environment" data={environments} allowDeselect={false} value={settings.environment} onChange={(value) => set({environment: value ?? '', model: ''})} />
            <Select size="sm" label="Model" searchable data={[...new Set([...chat.map((m) => m.name), ...(settings.model ? [settings.model] : [])])]} allowDeselect={false} value={settings.model || null}
                    placeholder={models.isPending ? 'Loading…' : 'None in this environment'} onChange={(value) => set({model: value ?? ''})}
                    description={model ? model.simulated ? 'Simulated: its answers are made up' : model.price ? `$${model.price.input ?? '–'} in, $${model.price.output ?? '–'} out per million tokens` : 'Its price is not known' : undefined} />
            <Textarea size="sm" label="System message" autosize minRows={2} maxRows={10} value={settings.system} onChange={(e) => set({system: e.currentTarget.value})} placeholder="You are…" />
            <Group grow gap="sm">
              <Setting label="Temperature" value={settings.temperature} onChange={(temperature) => set({temperature})} min={0} max={2} step={0.1} />
              <Setting label="Top p" value={settings.topP} onChange={(topP) => set({topP})} min={0} max={1} step={0.05} />
            </Group>
            <Group grow gap="sm">
              <Setting label="Max. tokens" value={settings.maxTokens} onChange={(maxTokens) => set({maxTokens})} min={1} step={64} whole />
              <Setting label="Seed" value={settings.seed} onChange={(seed) => set({seed})} step={1} whole />
            </Group>
            <JsonInput size="sm" label="Tools" description="A JSON list, as in the API" autosize minRows={2} maxRows={14} value={settings.tools} onChange={(tools) => set({tools})} error={problem}
                       formatOnBlur placeholder='[{"type": "function", …}]' styles={{input: {fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12}}} />
            <Switch size="sm" label="Stream the answer" checked={settings.stream} onChange={(e) => set({stream: e.currentTarget.checked})} />
          </Stack>
        </section>
        <section className="bench-talk" aria-label="Conversation">
          <Turns entries={entries} running={running} />
          <div className="bench-input">
            {!running && entries.at(-1)?.answer?.error && <Group mb="xs"><Button size="compact-sm" variant="default" onClick={again}>Try again</Button></Group>}
            {openCalls.length > 0 && !running ? <ToolResults key={openCalls.map((c) => c.id).join()} calls={openCalls} onSend={send} />
              : <Ask draft={draft} onDraft={setDraft} onSend={ask} running={!!running} onStop={stop} ready={ready} />}
          </div>
        </section>
      </div>
    </>
  );
}

function Setting({label, value, onChange, whole, ...limits}: {
  label: string; value: number | null; onChange: (value: number | null) => void; min?: number; max?: number; step: number; whole?: boolean;
}) {
  return <NumberInput size="sm" label={label} placeholder="default" allowDecimal={!whole} value={value ?? ''} onChange={(v) => onChange(typeof v === 'number' ? v : null)} {...limits} />;
}

function Ask({draft, onDraft, onSend, running, onStop, ready}: {
  draft: string; onDraft: (text: string) => void; onSend: () => void; running: boolean; onStop: () => void; ready: boolean;
}) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onSend();
  };
  return (
    <div style={{display: 'flex', gap: 10, alignItems: 'flex-end'}}>
      <Textarea size="sm" style={{flex: 1}} aria-label="Your message" placeholder="Your message. Enter sends it, Shift+Enter makes a new line." autosize minRows={2} maxRows={12} autoFocus
                value={draft} onChange={(e) => onDraft(e.currentTarget.value)} onKeyDown={onKeyDown} />
      {running ? <Button color="red.9" leftSection={<IconPlayerStop size={16} aria-hidden />} onClick={onStop}>Stop</Button>
        : <Button leftSection={<IconSend2 size={16} aria-hidden />} onClick={onSend} disabled={!ready || !draft.trim()}>Send</Button>}
    </div>
  );
}

// Tool calls of the last answer; the conversation goes on with their results.
function waitingCalls(entries: Entry[]): ToolCall[] {
  return entries.at(-1)?.answer?.turn.toolCalls ?? [];
}

function ToolResults({calls, onSend}: {calls: ToolCall[]; onSend: (messages: Message[]) => void}) {
  const [results, setResults] = useState<Record<string, string>>({});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSend(calls.map((call) => ({role: 'tool', tool_call_id: call.id, content: results[call.id] ?? ''})));
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Text size="sm">The model wants to use {calls.length === 1 ? 'a tool' : `${calls.length} tools`}. Play the tool: say what it returns.</Text>
        {calls.map((call) => (
          <Textarea key={call.id} size="sm" label={`Result of ${call.name}`} autosize minRows={1} maxRows={8} value={results[call.id] ?? ''}
                    onChange={(e) => {
                      const text = e.currentTarget.value;
                      setResults((before) => ({...before, [call.id]: text}));
                    }} />
        ))}
        <Group justify="flex-end"><Button type="submit" leftSection={<IconSend2 size={16} aria-hidden />}>Send {calls.length === 1 ? 'the result' : 'the results'}</Button></Group>
      </Stack>
    </form>
  );
}

function Turns({entries, running}: {entries: Entry[]; running: Answer | null}) {
  const box = useRef<HTMLDivElement>(null);
  const follow = useRef(true);
  useEffect(() => {
    if (follow.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [entries, running]);
  if (!entries.length && !running) {
    return (
      <div className="bench-turns">
        <EmptyState icon={<IconMessage2Bolt size={40} stroke={1.4} aria-hidden />} title="Ask something">
          <p className="empty-text">The call takes the way every call takes: it is checked, priced and recorded, and found under Invocations afterwards.</p>
        </EmptyState>
      </div>
    );
  }
  return (
    // Readers hear a message when it is whole, not word by word.
    <div ref={box} className="bench-turns" role="log" aria-label="Messages" aria-live="polite" aria-busy={running !== null} tabIndex={0}
         onScroll={(e) => (follow.current = e.currentTarget.scrollHeight - e.currentTarget.scrollTop - e.currentTarget.clientHeight < 40)}>
      {entries.map((entry, i) => <TurnCard key={i} turn={entry.answer?.turn ?? parseTurn(entry.message)} note={entry.answer?.finishReason ? `ended: ${entry.answer.finishReason}` : undefined}>
        {entry.answer && <Outcome answer={entry.answer} />}
      </TurnCard>)}
      {running && <TurnCard turn={running.turn} streaming />}
    </div>
  );
}

function Share({settings, request}: {settings: Settings; request: () => Record<string, unknown>}) {
  const narrow = useMediaQuery('(max-width: 560px)');
  const copy = (text: string, what: string) => {
    void copyText(text).then((done) => notifications.show(
        done ? {message: `${what} is in the clipboard.`} : {color: 'red', message: 'The browser does not allow copying here.'}));
  };
  const origin = window.location.origin;
  const link = () => `${origin}/playground#p=${encodeShared({environment: settings.environment, request: request()})}`;
  return (
    <>
      <Tooltip label="The link carries the settings and the messages">
        <Button size="xs" variant="default" leftSection={<IconLink size={15} aria-hidden />} onClick={() => copy(link(), 'The link')}>{narrow ? 'Link' : 'Copy link'}</Button>
      </Tooltip>
      <Menu position="bottom-end" shadow="md">
        <Menu.Target><Button size="xs" variant="default" leftSection={<IconCode size={15} aria-hidden />} rightSection={<IconChevronDown size={14} aria-hidden />}>Code</Button></Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => copy(curlCommand(origin, 'chat', JSON.stringify(request())), 'The curl command')}>Copy as curl</Menu.Item>
          <Menu.Item onClick={() => copy(pythonProgram(origin, request()), 'The Python program')}>Copy as Python</Menu.Item>
          <Menu.Item onClick={() => copy(nodeProgram(origin, request()), 'The Node program')}>Copy as Node</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
