// SPDX-License-Identifier: Apache-2.0
// One gate: "May this version ship, and why?" The verdict, its evaluations, and the report.
import '../app/governance.css';
import {Button, Menu} from '@mantine/core';
import {IconDownload} from '@tabler/icons-react';
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {lazy, Suspense, useEffect} from 'react';
import {gateQuery, gateReportQuery, reportAddress, type Gate, type GateRun} from '../api/gates';
import {describeGate, progressOf, shortName} from '../lib/gate';
import {AnswerCard} from '../ui/answer';
import {Copy, TopBar} from '../ui/bits';
import {Ago, EvidenceMark, Facts, Panel} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';

const MarkdownView = lazy(() => import('../ui/markdown').then((m) => ({default: m.MarkdownView})));
const route = getRouteApi('/app/gates/$slug/$id');

export function GatePage() {
  const {slug, id} = route.useParams();
  const query = useQuery(gateQuery(slug, id));
  const gate = query.data;
  const queryClient = useQueryClient();
  const verdict = gate?.verdict;
  useEffect(() => {
    // The verdict is evidence now: a release's page that was open before doesn't know it.
    if (verdict) void queryClient.invalidateQueries({queryKey: ['releases', slug]});
  }, [queryClient, slug, verdict]);
  return (
    <>
      <TopBar title={gate ? `Gate of ${gate.use_case}@${gate.release}` : 'Gate'}>
        {gate && <Button size="xs" variant="default" renderRoot={(props) => (
          <Link {...props} to="/releases/$slug/$number" params={{slug, number: String(gate.release)}} search={{tab: 'evidence'}} />)}>The release</Button>}
        {gate?.verdict && <Reports gate={gate} />}
      </TopBar>
      <div className="page">
        {query.isPending && <PageLoading />}
        {query.isError && <ErrorNotice error={query.error} what="The gate could not be loaded" onRetry={() => void query.refetch()} />}
        {gate && (
          <>
            <AnswerCard {...describeGate(gate)} />
            <div className="columns">
              <div>
                <GateChecks gate={gate} />
                {gate.verdict && <Report gate={gate} />}
              </div>
              <Panel title="Facts">
                <Facts items={[
                  ['Started', <><Ago at={gate.created_at} /> by {gate.author}</>], ['Decided', <Ago key="d" at={gate.ended_at} never="not yet" />],
                  ['Release', <span key="r" className="mono">{gate.release_digest.replace(/^sha256:/, '').slice(0, 16)}… <Copy text={gate.release_digest} label="Copy the release’s digest" /></span>],
                  ['Gate', <span key="g" className="mono">{gate.id.slice(0, 18)}… <Copy text={gate.id} label="Copy the gate’s id" /></span>],
                ]} />
              </Panel>
            </div>
          </>
        )}
      </div>
    </>
  );
}

export function GateChecks({gate}: {gate: Gate}) {
  return (
    <Panel title="Evaluations" flush>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Evaluations of the gate">
        <table className="data-table">
          <thead><tr><th scope="col">Evaluation</th><th scope="col">Verdict</th><th scope="col">This release</th><th scope="col">What is active</th></tr></thead>
          <tbody>{gate.checks.map((check) => (
            <tr key={check.evaluation}>
              <th scope="row">{shortName(check.evaluation, gate.use_case)}</th>
              <td>{check.verdict ? <EvidenceMark result={check.verdict} /> : <span className="quiet">under way</span>}</td>
              <td>{check.run ? <RunLink run={check.run} /> : '–'}</td>
              <td>{check.baseline ? <><RunLink run={check.baseline} />{check.baseline_reused && <span className="quiet">, from before</span>}</> : '–'}</td>
            </tr>))}</tbody>
        </table>
      </div>
    </Panel>
  );
}

function RunLink({run}: {run: NonNullable<GateRun>}) {
  return <Link className="text-link" to="/runs/$id" params={{id: run.id}}>{progressOf(run)}</Link>;
}

function Report({gate}: {gate: Gate}) {
  const query = useQuery(gateReportQuery(gate.use_case, gate.id));
  return (
    <Panel title="Report">
      {query.isPending && <PageLoading />}
      {query.isError && <ErrorNotice error={query.error} what="The report could not be loaded" onRetry={() => void query.refetch()} />}
      {query.data !== undefined && <Suspense fallback={<PageLoading />}><MarkdownView text={query.data} /></Suspense>}
    </Panel>
  );
}

function Reports({gate}: {gate: Gate}) {
  const several = gate.checks.length > 1;
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target><Button size="xs" variant="default" leftSection={<IconDownload size={14} aria-hidden />}>Download</Button></Menu.Target>
      <Menu.Dropdown>
        {gate.checks.filter((check) => check.verdict).map((check) => (
          <Menu.Item key={check.evaluation} component="a" href={reportAddress(gate, 'html', check.evaluation)} download={`gate-${gate.use_case}.html`}>
            Page with plots and all cases{several && `: ${shortName(check.evaluation, gate.use_case)}`}</Menu.Item>))}
        {([['markdown', 'Markdown'], ['junit', 'JUnit XML'], ['json', 'JSON'], ['text', 'Text']] as const).map(([format, label]) => (
          <Menu.Item key={format} component="a" href={reportAddress(gate, format)} download>{label}</Menu.Item>))}
      </Menu.Dropdown>
    </Menu>
  );
}
