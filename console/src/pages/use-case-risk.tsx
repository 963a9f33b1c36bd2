// SPDX-License-Identifier: Apache-2.0
// May it go ahead: the answers to the risk questions, what follows from them, and who has said what.
import {Button} from '@mantine/core';
import {useQuery} from '@tanstack/react-query';
import {Link} from '@tanstack/react-router';
import {useState} from 'react';
import {approvalsQuery, questionnaireQuery, type Review, type UseCaseDetail} from '../api/governance';
import {formatDay} from '../lib/format';
import {capital} from '../lib/governance';
import {Ago, Nothing, Panel, ReviewMark, TierMark} from '../ui/marks';
import {PageLoading} from '../ui/notices';
import {ReviewForm} from './review-form';
import {GivenAnswers, tierLabel} from './use-case-form';

export function RiskTab({useCase}: {useCase: UseCaseDetail}) {
  const {data: questionnaire} = useQuery(questionnaireQuery);
  const tier = questionnaire?.tiers.find((t) => t.name === useCase.tier);
  return (
    <div className="columns">
      <div>
        <Panel title="Reviews"><Reviews useCase={useCase} /></Panel>
        <Panel title="Risk questions" flush tools={useCase.state !== 'retired' && <Link className="text-link" to="/use-cases/$slug/edit" params={{slug: useCase.slug}}>Change answers</Link>}>
          {questionnaire ? <GivenAnswers questionnaire={questionnaire} answers={useCase.answers} /> : <PageLoading />}
        </Panel>
      </div>
      <div>
        <Panel title="Risk" tools={<TierMark tier={useCase.tier ? tierLabel(questionnaire, useCase.tier) : null} />}>
          {tier ? <p className="prose">{tier.description}</p> : <Nothing>It has no tier until every question is answered.</Nothing>}
          {useCase.risk_reasons.length > 0 && <><h3>Why</h3><ul style={{margin: '4px 0 0', paddingLeft: 18}}>{useCase.risk_reasons.map((reason) => <li key={reason}>{reason}</li>)}</ul></>}
        </Panel>
      </div>
    </div>
  );
}

export function Reviews({useCase, decidable = true}: {useCase: UseCaseDetail; decidable?: boolean}) {
  const {data: mine} = useQuery({...approvalsQuery(true), enabled: decidable});
  const [open, setOpen] = useState('');
  const known = new Map(useCase.reviews.map((review) => [review.discipline, review]));
  const missing = (discipline: string): Review => ({discipline, state: 'missing', reviewer: null, comment: '', conditions: [], decided_at: null, expires_at: null});
  const reviews = [...useCase.required_reviews.map((discipline) => known.get(discipline) ?? missing(discipline)), ...useCase.reviews.filter((r) => !useCase.required_reviews.includes(r.discipline))];
  if (!reviews.length) return <Nothing>{useCase.tier ? 'Its tier asks for no review.' : 'Which reviews are needed follows from the risk questions.'}</Nothing>;
  return (
    <ul className="plain-list">
      {reviews.map((review) => {
        const may = decidable && mine?.some((item) => item.type === 'use_case_review' && item.use_case === useCase.slug && item.discipline === review.discipline && item.may_decide);
        return (
          <li key={review.discipline} className="review">
            <div className="change-head">
              <span>{capital(review.discipline)}</span><ReviewMark state={review.state} />
              {may && open !== review.discipline && <Button size="compact-xs" variant="default" ml="auto" onClick={() => setOpen(review.discipline)}>Decide</Button>}
            </div>
            {review.reviewer && <div className="quiet">{review.reviewer}, <Ago at={review.decided_at} />{review.expires_at && <>; {Date.parse(review.expires_at) < Date.now() ? 'ended' : 'due again'} {formatDay(review.expires_at)}</>}</div>}
            {review.comment && <p className="prose">{review.comment}</p>}
            {review.conditions.length > 0 && <ul style={{margin: '4px 0 0', paddingLeft: 18}} aria-label="Conditions">{review.conditions.map((condition) => <li key={condition}>{condition}</li>)}</ul>}
            {open === review.discipline && <div className="decide"><ReviewForm useCase={useCase} discipline={review.discipline} onDone={() => setOpen('')} /></div>}
          </li>
        );
      })}
    </ul>
  );
}
