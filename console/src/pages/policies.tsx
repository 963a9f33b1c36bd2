// SPDX-License-Identifier: Apache-2.0
// "What does an environment ask for before a release may go there?", and who said so.
import '../app/governance.css';
import {Button, SegmentedControl} from '@mantine/core';
import {IconPencil} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {useState} from 'react';
import {effectivePolicyQuery, policyQuery, type EffectivePolicy} from '../api/governance';
import {sessionQuery} from '../api/queries';
import {formatMinute, plural} from '../lib/format';
import {isFrozen, policyRules} from '../lib/governance';
import {cleanShell} from '../lib/search';
import {AnswerCard} from '../ui/answer';
import {Copy, TopBar} from '../ui/bits';
import {useSetSearch} from '../ui/controls';
import {Ago, Nothing, Panel, Tag} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';
import {UseCaseSelect} from '../ui/use-case-select';
import {PolicyDialog} from './policy-form';

const route = getRouteApi('/app/policies');

export function PoliciesPage() {
  const search = route.useSearch();
  const setSearch = useSetSearch();
  const {data: session} = useQuery(sessionQuery);
  const environments = session?.environments.map((e) => e.name) ?? [];
  const environment = cleanShell({...search}).environment ?? environments.at(-1) ?? '';
  const owner = search.owner ?? 'shared';
  const query = useQuery({...effectivePolicyQuery(owner, environment), enabled: environment !== ''});
  return (
    <>
      <TopBar title="Policies">
        <UseCaseSelect size="xs" w={220} aria-label="For" allowDeselect={false} before={[{value: 'shared', label: 'Every use case (shared)'}]} value={owner}
                       onChange={(value) => setSearch({owner: value === 'shared' || !value ? undefined : value})} />
      </TopBar>
      <div className="page">
        {environments.length > 1 && <SegmentedControl mb="md" size="sm" aria-label="Environment" value={environment} data={environments} onChange={(value) => setSearch({environment: value})} />}
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The policy could not be loaded" onRetry={() => void query.refetch()} />}
        {query.data && <Policy policy={query.data} owner={owner} environment={environment} />}
      </div>
    </>
  );
}

function Policy({policy, owner, environment}: {policy: EffectivePolicy; owner: string; environment: string}) {
  const {content, origins} = policy;
  const frozen = isFrozen(content);
  const gates = content.gates?.length ?? 0;
  const approvals = (content.approvals ?? []).reduce((n, a) => n + a.count, 0);
  const asks = [...(content.require_approved_use_case ? ['an approved use case'] : []), ...(gates ? [plural(gates, 'passed evaluation')] : []), ...(approvals ? [plural(approvals, 'approval')] : []),
                ...(content.require_previous_environment ? ['the environment before'] : [])];
  return (
    <>
      <AnswerCard level={frozen ? 'bad' : asks.length ? 'ok' : 'quiet'} word={frozen ? 'Frozen' : undefined}
                  sentence={frozen ? `nothing goes to ${environment} until ${formatMinute(frozen.until)}: ${frozen.reason}` : asks.length ? <>{environment} asks for {asks.slice(0, -1).join(', ')}{asks.length > 1 ? ' and ' : ''}{asks.at(-1)}</> : `${environment} takes any release`} />
      <Panel title={owner === 'shared' ? `Rules of ${environment}` : `Rules of ${environment} for ${owner}`} flush>
        <div className="scroll-x" role="region" aria-label="Rules" tabIndex={0}>
          <table className="data-table">
            <thead><tr><th scope="col">Rule</th><th scope="col">What holds</th><th scope="col">Said by</th></tr></thead>
            <tbody>
              {policyRules(policy).map(({key, name, value}) => {
                const origin = origins[key] ?? 'default';
                return (
                  <tr key={key}>
                    <td style={{fontWeight: 600, whiteSpace: 'nowrap'}}>{name}</td>
                    <td style={{minWidth: 220}}>{value.map((line) => <div key={line}>{line}</div>)}</td>
                    <td><Tag tone={origin === 'default' ? 'quiet' : origin === 'shared' ? 'info' : 'warn'}>{origin}</Tag></td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </Panel>
      <div className="columns columns-even">
        <Source owner="shared" environment={environment} />
        {owner === 'shared' ? (
          <Panel title="For one use case"><Nothing>A use case can only tighten what is said here: more approvals, more evidence, a shorter age. Choose one above to see what holds for it.</Nothing></Panel>
        ) : <Source owner={owner} environment={environment} />}
      </div>
    </>
  );
}

// What one owner has set, as the file that sets it.
function Source({owner, environment}: {owner: string; environment: string}) {
  const query = useQuery(policyQuery(owner, environment));
  const policy = query.data;
  const [editing, setEditing] = useState(false);
  const text = policy ? JSON.stringify(policy.content, null, 2) : '';
  return (
    <Panel title={owner === 'shared' ? 'Said by shared' : `Said by ${owner}`} tools={policy && (
      <>
        {policy.version > 0 && <Copy text={text} label="Copy" />}
        <Button size="compact-sm" variant="default" leftSection={<IconPencil size={14} aria-hidden />} onClick={() => setEditing(true)}>{owner === 'shared' ? 'Change' : 'Tighten'}</Button>
      </>
    )}>
      {query.isPending && <PageLoading />}
      {query.isError && <ErrorNotice error={query.error} what="It could not be loaded" onRetry={() => void query.refetch()} />}
      {policy && (policy.version === 0 ? <Nothing>Nothing; the defaults hold. A file sets it: <code>policies/{environment}.yaml</code> in a project of {owner === 'shared' ? <>owner <code>shared</code></> : <Link className="text-link" to="/use-cases/$slug" params={{slug: owner}}>{owner}</Link>}, and <code>slipway push</code>.</Nothing> : (
        <>
          <p className="quiet" style={{margin: 0}}>Version {policy.version}{policy.updated_by && `, by ${policy.updated_by}`} {policy.updated_at && <Ago at={policy.updated_at} />}</p>
          <pre className="code" tabIndex={0} role="region" aria-label={`Policy of ${owner}`} style={{padding: 0}}>{text}</pre>
        </>
      ))}
      {policy && editing && <PolicyDialog owner={owner} environment={environment} before={policy.content} onClose={() => setEditing(false)} />}
    </Panel>
  );
}
