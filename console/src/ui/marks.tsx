// SPDX-License-Identifier: Apache-2.0
// States as people tell them apart: a word, a colour and a shape.
import {
  IconAlertTriangle, IconBan, IconCircleCheck, IconCircleDashed, IconCircleX, IconClockExclamation, IconHistory, IconHourglass, IconPencil, IconQuestionMark,
  IconArchive, type Icon,
} from '@tabler/icons-react';
import type {ReactNode} from 'react';
import type {Evidence, Review, UseCaseState} from '../api/governance';
import {formatAgo, formatFullTime} from '../lib/format';
import {capital, kReviewLabels, kStateLabels} from '../lib/governance';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet' | 'info';

// Colours of words and icons; each reaches a contrast of 4.5 : 1 in both schemes.
export const kTones: Record<Tone, string> = {
  good: 'var(--status-ok)', warn: 'var(--status-client_error)', bad: 'var(--status-upstream_error)', quiet: 'var(--status-interrupted)', info: 'var(--status-blocked)',
};

export function Mark({icon: Shape, tone, children}: {icon: Icon; tone: Tone; children: ReactNode}) {
  return <span className="status" style={{color: kTones[tone]}}><Shape size={15} stroke={2} aria-hidden />{children}</span>;
}

export function Tag({tone = 'quiet', children}: {tone?: Tone; children: ReactNode}) {
  return <span className="tag" style={{color: kTones[tone]}}>{children}</span>;
}

const kStates: Record<UseCaseState, [Icon, Tone]> = {
  draft: [IconPencil, 'quiet'], in_review: [IconHourglass, 'warn'], approved: [IconCircleCheck, 'good'], retired: [IconArchive, 'quiet'],
};
export function UseCaseMark({state}: {state: UseCaseState}) {
  const [icon, tone] = kStates[state];
  return <Mark icon={icon} tone={tone}>{kStateLabels[state]}</Mark>;
}

const kReviews: Record<Review['state'], [Icon, Tone]> = {
  missing: [IconCircleDashed, 'warn'], approved: [IconCircleCheck, 'good'], approved_with_conditions: [IconCircleCheck, 'good'], rejected: [IconBan, 'bad'],
  expired: [IconClockExclamation, 'bad'], outdated: [IconHistory, 'warn'],
};
export function ReviewMark({state}: {state: Review['state']}) {
  const [icon, tone] = kReviews[state];
  return <Mark icon={icon} tone={tone}>{kReviewLabels[state]}</Mark>;
}

const kVerdicts: Record<Evidence['result'], [Icon, Tone, string]> = {
  pass: [IconCircleCheck, 'good', 'Pass'], fail: [IconCircleX, 'bad', 'Fail'], inconclusive: [IconQuestionMark, 'warn', 'Inconclusive'],
  error: [IconAlertTriangle, 'bad', 'Error'],
};
export function EvidenceMark({result}: {result: Evidence['result']}) {
  const [icon, tone, label] = kVerdicts[result];
  return <Mark icon={icon} tone={tone}>{label}</Mark>;
}

export function CheckMark({ok}: {ok: boolean}) {
  return ok ? <IconCircleCheck size={16} color={kTones.good} role="img" aria-label="Met" /> : <IconCircleX size={16} color={kTones.bad} role="img" aria-label="Not met" />;
}

// The higher of the tiers are set off; which there are the questionnaire says.
export function TierMark({tier}: {tier: string | null | undefined}) {
  if (!tier) return <span style={{color: 'var(--mantine-color-dimmed)'}}>not rated</span>;
  const tone: Tone = /high|unacceptable|prohibited|forbidden|critical/i.test(tier) ? 'bad' : /limited|medium|moderate/i.test(tier) ? 'warn' : 'quiet';
  return <Tag tone={tone}>{capital(tier)}</Tag>;
}

export function Ago({at, never = 'never'}: {at: string | null | undefined; never?: string}) {
  return at ? <time dateTime={at} title={formatFullTime(at)} className="numeric">{formatAgo(at)}</time> : <>{never}</>;
}

export function Facts({items}: {items: [string, ReactNode][]}) {
  return <dl className="facts">{items.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

// A card with a heading of its own.
export function Panel({title, tools, children, flush}: {title: string; tools?: ReactNode; children: ReactNode; flush?: boolean}) {
  const id = `panel-${title.toLowerCase().replace(/\W+/g, '-')}`;
  return (
    <section className="card part" aria-labelledby={id}>
      <div className="part-head"><h2 id={id}>{title}</h2>{tools}</div>
      <div className={flush ? undefined : 'part-body'}>{children}</div>
    </section>
  );
}

export function Nothing({children}: {children: ReactNode}) {
  return <p className="empty-text" style={{margin: 0}}>{children}</p>;
}

export function Prose({text, none}: {text: string; none: string}) {
  return text.trim() ? <p className="prose">{text}</p> : <Nothing>{none}</Nothing>;
}
