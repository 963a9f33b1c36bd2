// SPDX-License-Identifier: Apache-2.0
// "What waits for me?": reviews of use cases and approvals of releases, each with all that is needed to decide.
import '../app/governance.css';
import {Switch} from '@mantine/core';
import {IconChecklist, IconMoodSmile, IconRocket} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {useEffect, useRef} from 'react';
import {approvalsQuery, questionnaireQuery, releaseQuery, useCaseQuery, type PendingDecision} from '../api/governance';
import {plural} from '../lib/format';
import {capital, decisionKey, formatThreshold, whereRuns} from '../lib/governance';
import {AnswerCard} from '../ui/answer';
import {TopBar} from '../ui/bits';
import {Checks} from '../ui/checks';
import {useSetSearch} from '../ui/controls';
import {Ago, Facts, Nothing, Panel, Prose, TierMark} from '../ui/marks';
import {EmptyState, ErrorNotice, PageLoading} from '../ui/notices';
import {ApprovalForm} from './approval-form';
import {ApprovalList, EvidenceList, Notes} from './release';
import {ReleaseAssets} from './release-assets';
import {ReviewForm} from './review-form';
import {GivenAnswers, tierLabel} from './use-case-form';
import {Reviews} from './use-case-risk';

const route = getRouteApi('/app/approvals');

export function ApprovalsPage() {
  const search = route.useSearch();
  const setSearch = useSetSearch();
  const query = useQuery(approvalsQuery(search.all !== 'yes'));
  const items = query.data ?? [];
  const shown = items.find((item) => decisionKey(item) === search.open) ?? (search.open ? undefined : items[0]);
  const mine = items.filter((item) => item.may_decide).length;
  return (
    <>
      <TopBar title="Approvals">
        <Switch size="sm" label="Also what others decide" checked={search.all === 'yes'} onChange={(e) => setSearch({all: e.currentTarget.checked ? 'yes' : undefined})} />
      </TopBar>
      <div className="page-fill">
        {query.isPending && <PageLoading />}
        {query.isError && <div className="page"><ErrorNotice error={query.error} what="The queue could not be loaded" onRetry={() => void query.refetch()} /></div>}
        {query.data && !items.length && (
          <EmptyState icon={<IconMoodSmile size={40} stroke={1.4} aria-hidden />} title="Nothing waits for you">
            <p className="empty-text">Reviews of use cases come here when somebody submits one, approvals of releases when a release wants to go where the policy asks for a yes.
              {search.all !== 'yes' && ' Switch on “Also what others decide” to see what waits for your colleagues.'}</p>
          </EmptyState>
        )}
        {items.length > 0 && (
          <div className="queue">
            <nav className="queue-list" aria-label="What waits">
              <p className="quiet" style={{margin: 0, padding: '10px 16px', borderBottom: '1px solid var(--line)'}} aria-live="polite">
                {mine ? `${plural(mine, 'decision')} for you${items.length > mine ? `, ${items.length - mine} for others` : ''}` : `${plural(items.length, 'decision')}, none for you`}
              </p>
              {items.map((item) => <QueueItem key={decisionKey(item)} item={item} current={item === shown} />)}
            </nav>
            <div className="queue-detail" key={shown ? decisionKey(shown) : ''}>
              {!shown && <AnswerCard level="ok" sentence="This is decided, or no longer waits for you." />}
              {shown?.type === 'use_case_review' && <ReviewDetail item={shown} />}
              {shown?.type === 'release_approval' && <ApprovalDetail item={shown} />}
            </div>
          </div>
        )}
      </div>
    </>
  );
}

function QueueItem({item, current}: {item: PendingDecision; current: boolean}) {
  const review = item.type === 'use_case_review';
  const Icon = review ? IconChecklist : IconRocket;
  const element = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (current) element.current?.scrollIntoView({block: 'nearest'});
  }, [current]);
  return (
    <Link ref={element} className="queue-item" to="/approvals" search={(prev) => ({...prev, open: decisionKey(item)})} aria-current={current}>
      <div style={{display: 'flex', gap: 8, alignItems: 'center', fontWeight: 600}}><Icon size={16} aria-hidden style={{flex: 'none'}} /><span className="truncate">{item.title}</span></div>
      <div className="quiet">{review ? `${capital(item.discipline ?? '')} review` : `Approval for ${item.environment}`}, <Ago at={item.requested_at} /></div>
      {!item.may_decide && <div className="quiet">{item.why_not}</div>}
    </Link>
  );
}

function useNext() {
  const setSearch = useSetSearch();
  return () => setSearch({open: undefined}, true);
}

function ReviewDetail({item}: {item: PendingDecision}) {
  const query = useQuery(useCaseQuery(item.use_case));
  const {data: questionnaire} = useQuery(questionnaireQuery);
  const next = useNext();
  if (query.isError) return <ErrorNotice error={query.error} what="The use case could not be loaded" onRetry={() => void query.refetch()} />;
  if (!query.data) return <PageLoading />;
  const useCase = query.data;
  const tier = questionnaire?.tiers.find((t) => t.name === useCase.tier);
  return (
    <>
      <h2 style={{fontSize: '1.25rem', marginBottom: 4}}>May {useCase.name} go ahead?</h2>
      <p className="quiet" style={{margin: '0 0 14px'}}>{item.requested_by} asked <Ago at={item.requested_at} /> for the {item.discipline} review. <Link className="text-link" to="/use-cases/$slug" params={{slug: useCase.slug}}>Open the use case</Link></p>
      <div className="columns">
        <div>
          <Panel title="What it is for"><Prose text={useCase.purpose ?? ''} none="Nobody has said." />
            <Facts items={[['Owner', useCase.owner], ['Data', useCase.data_classes.join(', ') || 'none named'], ['Quality agreed', useCase.thresholds.map(formatThreshold).join('; ') || 'none']]} /></Panel>
          <Panel title="Whom it affects"><Prose text={useCase.users_affected} none="Nobody has said." /></Panel>
          <Panel title="Risk" flush tools={<TierMark tier={tierLabel(questionnaire, useCase.tier)} />}>
            {tier && <div className="part-body"><p className="prose">{tier.description}</p></div>}
            {questionnaire && <GivenAnswers questionnaire={questionnaire} answers={useCase.answers} />}
          </Panel>
          <Panel title="What is done against the risks"><Prose text={useCase.mitigations} none="Nothing is written down." /></Panel>
          <Panel title="What it cannot do"><Prose text={useCase.known_limits} none="No limits are written down." /></Panel>
        </div>
        <div>
          <Panel title="Decide">{item.may_decide ? <ReviewForm useCase={useCase} discipline={item.discipline ?? ''} onDone={next} /> : <Nothing>{item.why_not}</Nothing>}</Panel>
          <Panel title="Reviews so far"><Reviews useCase={useCase} decidable={false} /></Panel>
        </div>
      </div>
    </>
  );
}

function ApprovalDetail({item}: {item: PendingDecision}) {
  const number = item.release ?? 0;
  const environment = item.environment ?? '';
  const query = useQuery(releaseQuery(item.use_case, number));
  const next = useNext();
  if (query.isError) return <ErrorNotice error={query.error} what="The release could not be loaded" onRetry={() => void query.refetch()} />;
  if (!query.data) return <PageLoading />;
  const release = query.data;
  const checks = release.may?.[environment]?.checks;
  return (
    <>
      <h2 style={{fontSize: '1.25rem', marginBottom: 4}}>May {release.id} go to {environment}?</h2>
      <p className="quiet" style={{margin: '0 0 14px'}}>Cut <Ago at={release.created_at} /> by {release.author}; {whereRuns(release)}. <Link className="text-link" to="/releases/$slug/$number" params={{slug: item.use_case, number: String(number)}}>Open the release</Link></p>
      <div className="columns">
        <div>
          <Notes release={release} />
          <Panel title="Exact versions" flush><ReleaseAssets assets={release.assets} /></Panel>
        </div>
        <div>
          <Panel title="Decide">{item.may_decide ? <ApprovalForm release={release} environment={environment} onDone={next} /> : <Nothing>{item.why_not}</Nothing>}</Panel>
          {checks && <Panel title={`What ${environment} asks for`}><Checks checks={checks} /></Panel>}
          <EvidenceList release={release} />
          <Panel title="Approvals so far"><ApprovalList release={release} /></Panel>
        </div>
      </div>
    </>
  );
}
