// SPDX-License-Identifier: Apache-2.0
// Answers beside each other, case by case; those of the others are marked word by word against the first.
import {Button, SegmentedControl, Select} from '@mantine/core';
import {useQuery} from '@tanstack/react-query';
import {getRouteApi, Link} from '@tanstack/react-router';
import {useMemo, useState} from 'react';
import {caseQuery} from '../api/datasets';
import {parseAssetName, type AssetId} from '../lib/asset';
import {inALine} from '../lib/dataset';
import {formatInteger, plural} from '../lib/format';
import {answerText, isScore, metricNames, shownCases, type CaseAnswers, type ComparedCase, type Variant} from '../lib/run-compare';
import {datasetOf, formatMean} from '../lib/runs';
import type {Show} from '../lib/search-runs';
import {wordDiff} from '../lib/word-diff';
import {useSetSearch} from '../ui/controls';
import {Nothing, Panel, Tag} from '../ui/marks';
import {PageLoading} from '../ui/notices';
import {VerdictMark} from '../ui/run-marks';
import {WordDiffText} from '../ui/word-diff';

const route = getRouteApi('/app/runs/compare');
const kStep = 10;
const kNothing: AssetId = {owner: '', kind: 'dataset', name: ''};
const kNone: Record<Show, string> = {
  differ: 'All answers are the same, and so are their scores.', better: 'No case is better than in A.', worse: 'No case is worse than in A.', all: 'There are no results yet.',
};

export function ComparedCases({variants, cases, ready, unpaired, basis}: {variants: Variant[]; cases: ComparedCase[]; ready: boolean; unpaired: (string | null)[]; basis: string}) {
  const {show = 'differ', metric} = route.useSearch();
  const setSearch = useSetSearch();
  const [most, setMost] = useState(kStep);
  // Columns of other cases have nothing to be laid beside.
  const columns = useMemo(() => variants.map((_, i) => i).filter((i) => !unpaired[i]), [variants, unpaired]);
  const paired = useMemo(() => cases.flatMap((one) => {
    const by = columns.map((i) => one.by[i] ?? null);
    return by.some(Boolean) ? [{...one, by}] : [];
  }), [cases, columns]);
  const shown = useMemo(() => shownCases(paired, show, metric), [paired, show, metric]);
  const labels: [Show, string][] = [['differ', 'Differ'], ['better', 'Better than A'], ['worse', 'Worse than A'], ['all', 'All']];
  const change = (changes: Record<string, string | undefined>) => {
    setMost(kStep);
    setSearch(changes, true);
  };
  return (
    <Panel title="Case by case" flush tools={(
      <>
        <SegmentedControl size="xs" aria-label="Which cases" value={show} onChange={(value) => change({show: value === 'differ' ? undefined : value})} data={labels.map(([value, label]) => ({value, label}))} />
        {(show === 'better' || show === 'worse') && <Select size="xs" w={180} aria-label="By which metric" clearable placeholder="By any verdict" value={metric ?? null} clearButtonProps={{'aria-label': 'By any verdict'}}
                                                           data={metricNames(variants).filter((name) => isScore(variants, name))} onChange={(value) => change({metric: value ?? undefined})} />}
      </>
    )}>
      {!ready && <PageLoading />}
      {ready && <p className="quiet" role="status" style={{margin: 0, padding: '10px 16px'}}>{formatInteger(shown.length)} of {plural(paired.length, 'case')}. {basis}{variants.some(({run}) => Number(run.definition.repeats ?? 1) > 1) && ' Of repeated answers the first is shown.'}</p>}
      {ready && !shown.length && <div className="part-body"><Nothing>{kNone[show]}</Nothing></div>}
      {shown.slice(0, most).map((one) => <OneCase key={one.id} one={one} variants={columns.map((i) => variants[i]!)} />)}
      {shown.length > most && <div className="part-body"><Button size="xs" variant="default" onClick={() => setMost(most + kStep)}>Show more</Button></div>}
    </Panel>
  );
}

function OneCase({one, variants}: {one: ComparedCase; variants: Variant[]}) {
  const dataset = datasetOf(variants[0]!.run.definition);
  const id = dataset && parseAssetName(dataset.asset);
  const query = useQuery({...caseQuery(id ?? kNothing, dataset?.version === undefined ? undefined : String(dataset.version), one.id), enabled: id !== null, retry: false, staleTime: 600_000});
  const first = answerText(one.by[0]?.first);
  return (
    <article className="compared" aria-label={`Case ${one.id}`}>
      <div className="change-head"><span className="mono" style={{fontWeight: 600}}>{one.id}</span>{one.tags.map((tag) => <Tag key={tag}>{tag}</Tag>)}</div>
      {query.data && <p className="prose" style={{maxWidth: 'none'}}>{inALine(query.data.input).slice(0, 600)}{query.data.expected !== undefined && <span className="quiet"> Expected: {inALine(query.data.expected).slice(0, 300)}</span>}</p>}
      <div className="compared-answers">
        {variants.map((variant, i) => <Answer key={variant.key} variant={variant} answers={one.by[i] ?? null} first={i > 0 ? first : null} />)}
      </div>
    </article>
  );
}

function Answer({variant, answers, first}: {variant: Variant; answers: CaseAnswers | null; first: string | null}) {
  const text = answerText(answers?.first);
  const diff = useMemo(() => first !== null && text !== null && first !== text ? wordDiff(first, text) : null, [first, text]);
  const label = `Answer of ${variant.key}`;
  return (
    <div>
      <h3><span className="variant-key">{variant.key}</span> {answers ? <Link className="text-link" to="/runs/$id" params={{id: variant.run.id}} search={{tab: 'cases', open: String(answers.first.item)}} aria-label={`Open the result of ${variant.key}`}>open</Link> : null}
        {first !== null && text !== null && (first === text ? <span className="quiet"> the same as A</span> : diff?.parts === null ? <span className="quiet" title={diff.why}> another text than A</span> : null)}</h3>
      {!answers ? <Nothing>This case is not among its results.</Nothing>
        : answers.first.error ? <p className="gone" style={{margin: 0}}>{answers.first.error.message || answers.first.error.code}</p>
        : text === null ? <Nothing>Its answer was not kept.</Nothing>
        : first === text ? null
        : <div className="beside-text" tabIndex={0} role="group" aria-label={label}>{diff?.parts ? <WordDiffText parts={diff.parts} /> : text || <span className="quiet">(empty)</span>}</div>}
      {answers && <p style={{margin: '6px 0 0', fontSize: 'var(--mantine-font-size-sm)'}} className="result-marks">
        {(answers.first.scores ?? []).map((score) => <span key={score.metric} title={score.reason ?? score.error}><span className="quiet">{score.metric}</span> {score.passed === undefined && score.error === undefined ? <strong className="numeric">{formatMean(score.value)}</strong> : <VerdictMark score={score} />}</span>)}
      </p>}
    </div>
  );
}
