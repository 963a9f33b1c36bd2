// SPDX-License-Identifier: Apache-2.0
import {IconCircleCheck, IconCircleX} from '@tabler/icons-react';
import {Link} from '@tanstack/react-router';
import type {Release} from '../api/governance';
import {plural} from '../lib/format';
import {Ago, Mark, Nothing, Tag} from '../ui/marks';

export function ReleaseTable({slug, items}: {slug: string; items: Release[]}) {
  if (!items.length) return <div className="part-body"><Nothing>No release yet. A release pins exact versions of everything the use case is made of, and says what changed.</Nothing></div>;
  return (
    <div className="scroll-x" role="region" aria-label="List of releases" tabIndex={0}>
      <table className="data-table">
        <thead><tr>{['Release', 'What it brings', 'Where', 'Evidence', 'Approvals', 'Cut'].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          {items.map((release) => (
            <tr key={release.number}>
              <td style={{whiteSpace: 'nowrap'}}><Link to="/releases/$slug/$number" params={{slug, number: String(release.number)}}>{release.id}</Link></td>
              <td style={{minWidth: 200}}>{release.message || <span className="quiet">no message</span>}<span className="sub">{plural(release.assets.length, 'asset')}</span></td>
              <td><Where environments={release.environments} /></td>
              <td><EvidenceSum evidence={release.evidence} /></td>
              <td><ApprovalSum approvals={release.approvals} /></td>
              <td style={{whiteSpace: 'nowrap'}}><Ago at={release.created_at} /><span className="sub">{release.author}</span></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const kTones = {active: 'good', candidate: 'warn', standby: 'quiet', previous: 'quiet'} as const;

export function Where({environments}: {environments: Release['environments']}) {
  const places = Object.entries(environments);
  if (!places.length) return <span className="quiet">nowhere</span>;
  return <>{places.map(([environment, state]) => <span key={environment} className="here"><Tag tone={kTones[state]}>{environment}{state === 'active' ? '' : `: ${state}`}</Tag></span>)}</>;
}

export function EvidenceSum({evidence}: {evidence: Release['evidence']}) {
  if (!evidence.length) return <span className="quiet">none</span>;
  const bad = evidence.filter((e) => e.result !== 'pass').length;
  const stale = evidence.filter((e) => e.stale).length;
  if (bad) return <Mark icon={IconCircleX} tone="bad">{bad} of {evidence.length} no pass</Mark>;
  return <Mark icon={IconCircleCheck} tone={stale ? 'warn' : 'good'}>{plural(evidence.length, 'pass', 'passes')}{stale ? `, ${stale} stale` : ''}</Mark>;
}

export function ApprovalSum({approvals}: {approvals: Release['approvals']}) {
  if (!approvals.length) return <span className="quiet">none</span>;
  const rejected = approvals.filter((a) => a.decision === 'reject').length;
  if (rejected) return <Mark icon={IconCircleX} tone="bad">{rejected} rejected</Mark>;
  return <Mark icon={IconCircleCheck} tone="good">{plural(approvals.length, 'approval')}</Mark>;
}
