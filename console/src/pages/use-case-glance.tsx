// SPDX-License-Identifier: Apache-2.0
// A use case in six figures: its risk and reviews, and what it has cost and how well it has worked for a month.
import {useComputedColorScheme} from '@mantine/core';
import {useInfiniteQuery, useQuery} from '@tanstack/react-query';
import {Link} from '@tanstack/react-router';
import type {ReactNode} from 'react';
import {questionnaireQuery, releasesQuery, useCaseFiguresQuery, type UseCaseDetail} from '../api/governance';
import {seriesColors, statusFill, type Scheme} from '../app/theme';
import {formatCount, formatDuration, formatPercent, formatUsd, plural} from '../lib/format';
import {qualityOf} from '../lib/governance';
import {Sparkline} from '../ui/sparkline';
import {tierLabel} from './use-case-form';

const kRange = {range: '30d'} as const;

interface TileProps {
  useCase: UseCaseDetail;
  tab: 'risk' | 'figures';
  label: string;
  value: ReactNode;
  note?: string;
  tone?: 'good' | 'bad';
  children?: ReactNode;
}

function Tile({useCase, tab, label, value, note, tone, children}: TileProps) {
  return (
    <Link className="card tile" to="/use-cases/$slug" params={{slug: useCase.slug}} search={{tab, ...(tab === 'figures' ? kRange : {})}}>
      <span className="tile-label">{label}</span>
      <span className="tile-value numeric">{value}</span>
      <span className="tile-change" data-tone={tone}>{note && <span className="truncate" title={note}>{note}</span>}</span>
      {children}
    </Link>
  );
}

export function UseCaseGlance({useCase}: {useCase: UseCaseDetail}) {
  const scheme = useComputedColorScheme('light') as Scheme;
  const {data: questionnaire} = useQuery(questionnaireQuery);
  const {data} = useQuery(useCaseFiguresQuery(useCase.slug, kRange, undefined));
  const releases = useInfiniteQuery(releasesQuery(useCase.slug)).data?.pages[0]?.items;
  const totals = data?.totals;
  const called = totals !== undefined && totals.requests > 0;
  const quality = releases && qualityOf(useCase.thresholds, releases);
  const series = data?.series ?? [];
  const color = seriesColors[scheme][0]!;
  const reviews = useCase.required_reviews.length;
  const given = reviews - useCase.reviews_open;
  return (
    <section className="tiles" aria-label="At a glance">
      <Tile useCase={useCase} tab="risk" label="Risk" value={useCase.tier ? tierLabel(questionnaire, useCase.tier).replace(/ risk$/i, '') : 'not rated'} note={useCase.tier ? undefined : 'the questions are open'} />
      <Tile useCase={useCase} tab="risk" label="Reviews" value={reviews ? `${given} of ${reviews}` : '–'} tone={reviews && useCase.reviews_open && useCase.state !== 'draft' ? 'bad' : undefined}
            note={reviews ? useCase.reviews_open ? `${plural(useCase.reviews_open, 'is', 'are')} open` : 'all given' : 'none asked for'} />
      <Tile useCase={useCase} tab="figures" label="Cost in 30 days" value={called ? formatUsd(totals.cost_usd) : '–'} note={called ? `${formatUsd(Number(totals.cost_usd) / totals.requests)} a call` : data && 'no calls'}>
        {called && <Sparkline values={series.map((point) => Number(point.cost_usd))} color={color} />}
      </Tile>
      <Tile useCase={useCase} tab="figures" label="Calls in 30 days" value={totals ? formatCount(totals.requests) : '–'} note={called ? `p95 ${formatDuration(totals.duration_ms.p95)}` : undefined}>
        {called && <Sparkline values={series.map((point) => point.requests)} color={color} />}
      </Tile>
      <Tile useCase={useCase} tab="figures" label="Error rate" value={called ? formatPercent(totals.error_rate) : '–'} note={called ? `${formatCount(totals.errors)} of ${formatCount(totals.requests)}` : undefined}>
        {called && <Sparkline values={series.map((point) => point.errors)} color={statusFill[scheme].upstream_error} />}
      </Tile>
      <Tile useCase={useCase} tab="figures" label="Quality" value={quality?.value ?? '–'} note={quality?.note} tone={quality?.tone} />
    </section>
  );
}
