// SPDX-License-Identifier: Apache-2.0
// One case, as people read it: what goes in, what a good answer says, what it rests on, where it came from.
import {Link} from '@tanstack/react-router';
import type {ReactNode} from 'react';
import type {Case} from '../api/datasets';
import {parseTurn} from '../lib/chat';
import {inALine} from '../lib/dataset';
import {Copy} from '../ui/bits';
import {TurnCard} from '../ui/conversation';
import {JsonView} from '../ui/json-view';
import {Facts, Nothing, Tag} from '../ui/marks';

export function CaseView({one}: {one: Case}) {
  return (
    <>
      <Part title="What goes in"><CaseInput input={one.input} /></Part>
      <Part title="What a good answer says">{one.expected === undefined ? <Nothing>Nothing is said; judges and rules decide.</Nothing> : <Value value={one.expected} label="Expected" />}</Part>
      {one.context !== undefined && <Part title="What it may rest on"><Value value={one.context} label="Context" /></Part>}
      <Part title="About it">
        <Facts items={[
          ['Name', <span key="n" className="mono">{one.id} <Copy text={one.id} label="Copy the name" /></span>],
          ['Split', one.split ?? 'none'],
          ['Tags', one.tags?.length ? <span key="t" className="tag-row">{one.tags.map((tag) => <Tag key={tag}>{tag}</Tag>)}</span> : 'none'],
          ...(one.cluster ? [['Belongs to', one.cluster] as [string, ReactNode]] : []),
        ]} />
      </Part>
      {one.provenance !== undefined && <Part title="Where it came from"><Provenance value={one.provenance} /></Part>}
      {one.metadata !== undefined && <Part title="Further fields"><JsonView text={JSON.stringify(one.metadata)} label="Metadata" /></Part>}
    </>
  );
}

function Part({title, children}: {title: string; children: ReactNode}) {
  return <section className="case-part"><h3>{title}</h3>{children}</section>;
}

export function CaseInput({input}: {input: unknown}) {
  if (typeof input === 'string') return <p className="prose case-text">{input}</p>;
  if (Array.isArray(input)) return <>{input.map((message: Record<string, unknown>, i) => <TurnCard key={i} turn={parseTurn(message)} />)}</>;
  return <Members value={input as Record<string, unknown>} />;
}

function Members({value}: {value: Record<string, unknown>}) {
  return (
    <dl className="case-members">
      {Object.entries(value).map(([name, member]) => <div key={name}><dt className="mono">{name}</dt><dd>{typeof member === 'object' && member !== null ? <JsonView text={JSON.stringify(member)} label={name} /> : String(member)}</dd></div>)}
    </dl>
  );
}

function Value({value, label}: {value: unknown; label: string}) {
  if (typeof value === 'string') return <p className="prose case-text">{value}</p>;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return <ul className="case-list">{value.map((item, i) => <li key={i} className="prose">{item}</li>)}</ul>;
  return <JsonView text={JSON.stringify(value)} label={label} />;
}

function Provenance({value}: {value: unknown}) {
  if (typeof value !== 'object' || value === null) return <p className="prose">{inALine(value)}</p>;
  const members = Object.entries(value as Record<string, unknown>);
  return (
    <Facts items={members.map(([name, member]) => [name.replaceAll('_', ' '), name === 'invocation' && typeof member === 'string'
      ? <Link key={name} className="text-link" to="/invocations/$id" params={{id: member}}>{member}</Link> : <span key={name} className="anywhere">{inALine(member)}</span>])} />
  );
}
