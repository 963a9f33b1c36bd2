// SPDX-License-Identifier: Apache-2.0
// The way from the first environment to the last, and what is where.
import {Button} from '@mantine/core';
import {IconArrowBackUp, IconArrowUpRight} from '@tabler/icons-react';
import {Link} from '@tanstack/react-router';
import {isMoving, type Deployment} from '../api/governance';
import {rolloutPhrase} from '../lib/governance';
import {Ago, Tag} from '../ui/marks';

interface Props {
  slug: string;
  deployments: Deployment[];
  newest?: number;
  onPromote?: (environment: string) => void;
  onRollBack?: (environment: string) => void;
}

export function Pipeline({slug, deployments, newest, onPromote, onRollBack}: Props) {
  return (
    <ol className="pipeline" aria-label="Environments in order">
      {deployments.map((deployment) => (
        <li key={deployment.environment} className="card stage" data-empty={deployment.active === null || undefined} aria-label={describe(deployment)}>
          <h2 className="stage-name">{deployment.environment}</h2>
          <div className="stage-release numeric">
            {deployment.active === null ? <span className="quiet" style={{fontWeight: 400, fontSize: '1rem'}}>nothing runs</span> : <ReleaseLink slug={slug} number={deployment.active}>{`Release ${deployment.active}`}</ReleaseLink>}
          </div>
          {deployment.active !== null && <div className="quiet"><Ago at={deployment.active_since} />{deployment.active_by && `, by ${deployment.active_by}`}</div>}
          <Beside slug={slug} deployment={deployment} />
          {deployment.active !== null && newest !== undefined && deployment.active < newest && !isMoving(deployment) && <div className="quiet">{newest - deployment.active} behind the newest</div>}
          {(onPromote ?? onRollBack) && (
            <div className="stage-tools">
              {onPromote && !isMoving(deployment) && newest !== undefined && (
                <Button size="compact-sm" variant={deployment.active === newest ? 'default' : 'light'} leftSection={<IconArrowUpRight size={14} aria-hidden />} aria-label={`Promote here: to ${deployment.environment}`}
                        onClick={() => onPromote(deployment.environment)}>Promote here</Button>
              )}
              {onRollBack && deployment.active !== null && deployment.previous !== null && (
                <Button size="compact-sm" variant="default" leftSection={<IconArrowBackUp size={14} aria-hidden />} aria-label={`Roll back ${deployment.environment}`}
                        onClick={() => onRollBack(deployment.environment)}>Roll back</Button>
              )}
            </div>
          )}
        </li>
      ))}
    </ol>
  );
}

function describe({environment, active, candidate, rollout}: Deployment): string {
  return `${environment}: ${active === null ? 'nothing runs' : `release ${active}`}${candidate !== null && rollout ? `, release ${candidate} with ${rollout.percent} percent` : ''}`;
}

export function ReleaseLink({slug, number, children}: {slug: string; number: number; children?: string}) {
  return <Link to="/releases/$slug/$number" params={{slug, number: String(number)}} className={children ? undefined : 'text-link'}>{children ?? `@${number}`}</Link>;
}

// What stands beside the active release: a candidate with its share, or one that is kept warm.
function Beside({slug, deployment: {candidate, standby, rollout, previous}}: {slug: string; deployment: Deployment}) {
  if (candidate !== null && rollout && (rollout.state === 'running' || rollout.state === 'paused')) {
    return (
      <div>
        <div style={{display: 'flex', gap: 6, alignItems: 'center', flexWrap: 'wrap', marginBottom: 5}} className="quiet">
          <ReleaseLink slug={slug} number={candidate} /> <Tag tone={rollout.state === 'paused' ? 'quiet' : 'warn'}>{rollout.percent} %</Tag> {rolloutPhrase(rollout)}
        </div>
        <div className="split" aria-hidden><i style={{width: `${rollout.percent}%`, marginLeft: 'auto'}} /></div>
      </div>
    );
  }
  if (standby !== null) return <div className="quiet"><ReleaseLink slug={slug} number={standby} /> stands by, warm</div>;
  if (previous !== null) return <div className="quiet">before: <ReleaseLink slug={slug} number={previous} /></div>;
  return null;
}
