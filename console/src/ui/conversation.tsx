// SPDX-License-Identifier: Apache-2.0
// Messages as people read them. Images are shown only if the body carries them: nothing is fetched.
import {Badge, Button, Collapse, Text} from '@mantine/core';
import {IconBulb, IconPhoto, IconRobot, IconSettings, IconTool, IconUser} from '@tabler/icons-react';
import {useState, type ReactNode} from 'react';
import {turnText, type Part, type Turn} from '../lib/chat';
import {Copy} from './bits';
import {JsonView} from './json-view';

const kRoleIcons: Record<string, typeof IconUser> = {
  system: IconSettings, developer: IconSettings, user: IconUser, assistant: IconRobot, tool: IconTool, function: IconTool,
};
const kLong = 6000;

export function TurnCard({turn, note, streaming, children}: {turn: Turn; note?: ReactNode; streaming?: boolean; children?: ReactNode}) {
  const Icon = kRoleIcons[turn.role] ?? IconUser;
  const text = turnText(turn);
  return (
    <article className="turn" data-role={turn.role} aria-label={`Message of the ${turn.role}`}>
      <div className="turn-head">
        <Icon size={14} aria-hidden /><span>{turn.role}</span>
        {turn.name && <span>{turn.name}</span>}
        {turn.toolCallId && <span className="mono">{turn.toolCallId}</span>}
        <span style={{marginLeft: 'auto'}}>{note}</span>
        {text && <Copy text={text} label="Copy the text" />}
      </div>
      {turn.reasoning && <Reasoning text={turn.reasoning} />}
      {turn.parts.map((part, i) => <PartView key={i} part={part} caret={!!streaming && i === turn.parts.length - 1} />)}
      {streaming && !turn.parts.length && <div className="turn-body"><span className="caret" /></div>}
      {turn.refusal && <div className="turn-body"><Badge color="gray" variant="outline" mr="xs">refused</Badge>{turn.refusal}</div>}
      {turn.toolCalls.map((call, i) => (
        <div key={call.id || i} className="tool-call">
          <div className="tool-call-head"><IconTool size={14} aria-hidden /><strong>{call.name || 'tool'}</strong><span className="mono truncate" style={{color: 'var(--mantine-color-dimmed)'}}>{call.id}</span></div>
          <pre className="code">{prettyArguments(call.arguments)}</pre>
        </div>
      ))}
      {children}
    </article>
  );
}

function prettyArguments(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text || '{}';
  }
}

function PartView({part, caret}: {part: Part; caret: boolean}) {
  const [all, setAll] = useState(false);
  if (part.kind === 'text') {
    const cut = part.text.length > kLong && !all && !caret;
    return (
      <div className="turn-body">
        <span className={caret ? 'caret' : undefined}>{cut ? part.text.slice(0, kLong) + '…' : part.text}</span>
        {cut && <div><Button size="compact-xs" variant="subtle" onClick={() => setAll(true)}>Show all {part.text.length.toLocaleString('en-US')} characters</Button></div>}
      </div>
    );
  }
  if (part.kind === 'image') {
    return (
      <div className="turn-body">
        {/^data:image\/(png|jpeg|gif|webp|avif);base64,/.test(part.url) ? <img src={part.url} alt="Sent with the message" />
          : <span><IconPhoto size={15} aria-hidden style={{verticalAlign: -3}} /> Image at <span className="mono">{part.url.slice(0, 300)}</span></span>}
      </div>
    );
  }
  return <div className="turn-body"><Badge variant="outline" color="gray" mb={6}>{part.label}</Badge><JsonView text={JSON.stringify(part.json)} label={part.label} /></div>;
}

function Reasoning({text}: {text: string}) {
  const [open, setOpen] = useState(false);
  return (
    <div style={{padding: '6px 12px 0'}}>
      <Button size="compact-xs" variant="subtle" leftSection={<IconBulb size={14} aria-hidden />} onClick={() => setOpen(!open)} aria-expanded={open}>Reasoning</Button>
      <Collapse expanded={open}><Text size="sm" c="dimmed" style={{whiteSpace: 'pre-wrap'}}>{text}</Text></Collapse>
    </div>
  );
}
