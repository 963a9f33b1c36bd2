// SPDX-License-Identifier: Apache-2.0
// One result: what was asked, what a good answer says beside what was answered, and what each metric makes of it.
import {ActionIcon, Kbd, Switch, Tooltip} from '@mantine/core';
import {IconChevronDown, IconChevronUp, IconX} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {Link} from '@tanstack/react-router';
import {useMemo, useState, type ReactNode} from 'react';
import {caseQuery} from '../api/datasets';
import type {RunDetail, RunResult} from '../api/runs';
import {parseAssetName, type AssetId} from '../lib/asset';
import {parseTurn} from '../lib/chat';
import {formatDuration, formatInteger, formatUsd} from '../lib/format';
import {answerText} from '../lib/run-compare';
import {datasetOf, formatMean, repeatsOf} from '../lib/runs';
import {nearest, wordDiff} from '../lib/word-diff';
import {Copy} from '../ui/bits';
import {TurnCard} from '../ui/conversation';
import {Facts, Nothing, Tag} from '../ui/marks';
import {ErrorNotice, PageLoading} from '../ui/notices';
import {VerdictMark} from '../ui/run-marks';
import {WordDiffText} from '../ui/word-diff';
import {CaseInput} from './dataset-case';

const kNothing: AssetId = {owner: '', kind: 'dataset', name: ''};

export function ResultPanel({run, result, before, after, onStep, onClose}: {
  run: RunDetail; result: RunResult; before: boolean; after: boolean; onStep: (by: number) => void; onClose: () => void;
}) {
  return (
    <>
      <div className="panel-head">
        <h2 style={{margin: 0, marginRight: 'auto'}} className="truncate">Case <span className="mono" style={{fontWeight: 400, color: 'var(--mantine-color-dimmed)'}}>{result.case}</span></h2>
        <Tooltip label={<>Previous <Kbd size="xs">k</Kbd></>}><ActionIcon variant="subtle" color="gray" c="inherit" aria-label="Previous result" disabled={!before} onClick={() => onStep(-1)}><IconChevronUp size={18} aria-hidden /></ActionIcon></Tooltip>
        <Tooltip label={<>Next <Kbd size="xs">j</Kbd></>}><ActionIcon variant="subtle" color="gray" c="inherit" aria-label="Next result" disabled={!after} onClick={() => onStep(1)}><IconChevronDown size={18} aria-hidden /></ActionIcon></Tooltip>
        <Copy text={() => window.location.href} label="Copy the link" />
        <Tooltip label={<>Close <Kbd size="xs">Esc</Kbd></>}><ActionIcon variant="subtle" color="gray" c="inherit" aria-label="Close" onClick={onClose}><IconX size={18} aria-hidden /></ActionIcon></Tooltip>
      </div>
      <div className="panel-body" tabIndex={0} role="region" aria-label="Details of the result">
        {result.error && <ErrorNotice what={`No answer: ${result.error.code}`} error={result.error.message} />}
        <ResultBody run={run} result={result} />
        <Part title="About it">
          <Facts items={[
            ...(run.cells.length > 1 ? [['Variant', run.cells[result.cell]?.label ?? formatInteger(result.cell)] as [string, ReactNode]] : []),
            ...(repeatsOf(run.definition) > 1 ? [['Answer', `${result.repeat + 1} of ${repeatsOf(run.definition)}`] as [string, ReactNode]] : []),
            ['Call', result.invocation ? <Link key="i" className="text-link" to="/invocations/$id" params={{id: result.invocation}}>Open the invocation</Link> : 'none: nothing was called'],
            ...(result.model ? [['Model', result.model] as [string, ReactNode]] : []),
            ['Latency', `${formatDuration(result.latency_ms || null)}${result.first_token_ms === undefined ? '' : `, first token after ${formatDuration(result.first_token_ms)}`}`],
            ['Tokens', `${formatInteger(result.input_tokens)} in, ${formatInteger(result.output_tokens)} out`], ['Cost', formatUsd(result.cost_usd)],
            ...(result.attempts > 1 ? [['Attempts', formatInteger(result.attempts)] as [string, ReactNode]] : []),
            ...(result.finish_reason ? [['Ended by', result.finish_reason.replaceAll('_', ' ')] as [string, ReactNode]] : []),
            ...(result.cluster ? [['Belongs to', result.cluster] as [string, ReactNode]] : []),
            ['Tags', result.tags?.length ? <span key="t" className="tag-row">{result.tags.map((tag) => <Tag key={tag}>{tag}</Tag>)}</span> : 'none'],
          ]} />
        </Part>
      </div>
    </>
  );
}

function Part({title, tools, children}: {title: string; tools?: ReactNode; children: ReactNode}) {
  return <section className="case-part"><div style={{display: 'flex', alignItems: 'center', gap: 10, marginBottom: 6}}><h3 style={{margin: 0, marginRight: 'auto'}}>{title}</h3>{tools}</div>{children}</section>;
}

// The case is looked up in the version that was pinned: the latest may say something else.
function ResultBody({run, result}: {run: RunDetail; result: RunResult}) {
  const dataset = datasetOf(run.definition);
  const id = dataset && parseAssetName(dataset.asset);
  const query = useQuery({...caseQuery(id ?? kNothing, dataset?.version === undefined ? undefined : String(dataset.version), result.case), enabled: id !== null, retry: false, staleTime: 600_000});
  const one = query.data;
  return (
    <>
      {query.isError && <ErrorNotice error={query.error} what="The case could not be looked up" onRetry={() => void query.refetch()} />}
      <Part title="Scores"><Scores result={result} /></Part>
      {query.isLoading && <PageLoading />}
      {one && <Part title="What was asked"><CaseInput input={one.input} /></Part>}
      {!query.isLoading && <Beside expected={one?.expected} result={result} />}
    </>
  );
}

function Scores({result}: {result: RunResult}) {
  const scores = result.scores ?? [];
  if (result.status === 'error') return <Nothing>There is no answer to judge. An error is no fail: no metric counts it.</Nothing>;
  if (!scores.length) return <Nothing>No metric is for this case.</Nothing>;
  return (
    <ul className="score-list">
      {scores.map((score) => (
        <li key={score.metric}>
          <span className="score-name">{score.metric}</span><VerdictMark score={score} /><span className="score-value numeric">{score.error === undefined ? formatMean(score.value) : '–'}</span>
          <span className="score-why">{score.error ?? score.reason ?? ''}</span>
        </li>
      ))}
    </ul>
  );
}

// Several good answers: the one that the answer is nearest to is compared.
function expectedTexts(expected: unknown): string[] {
  if (expected === undefined || expected === null) return [];
  if (Array.isArray(expected)) return expected.map((one) => typeof one === 'string' ? one : JSON.stringify(one, null, 2));
  return [typeof expected === 'string' ? expected : JSON.stringify(expected, null, 2)];
}

function Beside({expected, result}: {expected: unknown; result: RunResult}) {
  const [marked, setMarked] = useState(true);
  const answer = answerText(result);
  const texts = expectedTexts(expected);
  const compared = nearest(texts, answer ?? '');
  const diff = useMemo(() => texts.length && answer !== null ? wordDiff(compared, answer) : null, [texts.length, compared, answer]);
  const parts = marked ? diff?.parts ?? null : null;
  return (
    <Part title="Expected and answered" tools={diff?.parts && <Switch size="xs" label="Mark what differs" checked={marked} onChange={(e) => setMarked(e.currentTarget.checked)} />}>
      <div className="beside">
        <div>
          <h3>What a good answer says{texts.length > 1 && `: the nearest of ${texts.length}`}</h3>
          {texts.length ? <div className="beside-text" tabIndex={0} role="group" aria-label="Expected">{parts ? <WordDiffText parts={parts} side="before" /> : compared}</div> : <Nothing>Nothing is said; judges and rules decide.</Nothing>}
        </div>
        <div>
          <h3>The answer</h3>
          {answer !== null ? <div className="beside-text" tabIndex={0} role="group" aria-label="Answer">{parts ? <WordDiffText parts={parts} side="after" /> : answer || <span className="quiet">(empty)</span>}</div>
            : <Nothing>{result.status === 'error' ? 'There is none.' : 'It was not kept: the environment’s capture policy keeps no bodies.'}</Nothing>}
        </div>
      </div>
      {diff && !diff.parts && <p className="quiet" style={{margin: '6px 0 0'}}>{diff.why}</p>}
      {texts.length > 1 && <p className="quiet" style={{margin: '6px 0 0'}}>Also good: {texts.filter((text) => text !== compared).map((text) => `“${text.slice(0, 120)}”`).join(', ')}</p>}
      {result.message !== undefined && Boolean(result.answer) && <div style={{marginTop: 10}}><TurnCard turn={parseTurn({role: 'assistant', ...(result.message as Record<string, unknown>)})} /></div>}
    </Part>
  );
}
