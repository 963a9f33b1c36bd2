// SPDX-License-Identifier: Apache-2.0
// One audit entry: what changed, side by side, and everything that was said.
import {Button} from '@mantine/core';
import type {AuditEntry} from '../api/people-queries';
import {actionText, detailParts, show, showsObject, type Difference} from '../lib/audit';
import {formatFullTime} from '../lib/format';
import {Copy} from '../ui/bits';
import {JsonView} from '../ui/json-view';

export function EntryDetail({entry, onFilter}: {entry: AuditEntry; onFilter: (changes: Record<string, string | undefined>) => void}) {
  const {changes, facts} = detailParts(entry.detail);
  const plain = facts.filter(([, value]) => typeof value !== 'object' || value === null);
  const nested = facts.filter(([, value]) => typeof value === 'object' && value !== null);
  return (
    <>
      <p style={{marginTop: 0}}><strong>{entry.actor.name}</strong> {actionText(entry.action)}{showsObject(entry.action) && <> <strong>{entry.object}</strong></>}</p>
      <dl className="facts">
        <div><dt>Time</dt><dd><time dateTime={entry.at}>{formatFullTime(entry.at)}</time></dd></div>
        <div><dt>Who</dt><dd>{entry.actor.name} ({entry.actor.kind})</dd></div>
        <div><dt>Action</dt><dd className="mono">{entry.action}</dd></div>
        <div><dt>Object</dt><dd>{entry.object}</dd></div>
        {entry.use_case && <div><dt>Use case</dt><dd>{entry.use_case}</dd></div>}
        {entry.environment && <div><dt>Environment</dt><dd>{entry.environment}</dd></div>}
        {plain.map(([name, value]) => <div key={name}><dt>{name.replaceAll('_', ' ')}</dt><dd>{show(value)}</dd></div>)}
      </dl>
      {changes.length > 0 && <Changes changes={changes} />}
      {nested.map(([name, value]) => <section key={name}><h3>{name.replaceAll('_', ' ')}</h3><JsonView text={JSON.stringify(value)} label={name} /></section>)}
      <div style={{display: 'flex', gap: 8, flexWrap: 'wrap', margin: '18px 0'}}>
        <Button size="xs" variant="default" onClick={() => onFilter({object: entry.object})}>All about this object</Button>
        <Button size="xs" variant="default" onClick={() => onFilter({actor: entry.actor.id})} disabled={!entry.actor.id}>All by this person</Button>
      </div>
      <dl className="facts" style={{gridTemplateColumns: '1fr'}}>
        <div><dt>Digest</dt><dd className="mono">{entry.digest} <Copy text={entry.digest} label="Copy the digest" /></dd></div>
        <div><dt>Digest of the entry before</dt><dd className="mono">{entry.previous}</dd></div>
      </dl>
    </>
  );
}

function Changes({changes}: {changes: Difference[]}) {
  const named = changes.some((change) => change.path);
  return (
    <section>
      <h3>What changed</h3>
      <div className="card scroll-x" role="region" aria-label="What changed" tabIndex={0}>
        <table className="data-table">
          <thead><tr>{named && <th scope="col">Field</th>}<th scope="col">Before</th><th scope="col">After</th></tr></thead>
          <tbody>
            {changes.map(({path, before, after}, i) => (
              <tr key={i}>
                {named && <td>{path}</td>}
                <td style={{overflowWrap: 'anywhere'}}>{before === null ? '–' : <del className="gone">{before}</del>}</td>
                <td style={{overflowWrap: 'anywhere'}}>{after === null ? '–' : <ins className="come">{after}</ins>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
