// SPDX-License-Identifier: Apache-2.0
// Metrics by run, and how each differs from the first on the same cases.
import {Link} from '@tanstack/react-router';
import {useMemo} from 'react';
import {formatDuration, formatInteger, formatPercent, formatUsd, kUnknown} from '../lib/format';
import {costAnAnswer, differenceOf, directionOf, isScore, latencyOf, metricNames, metricOf, type ComparedCase, type Measure, type Variant} from '../lib/run-compare';
import {formatInterval, formatMean, formatPoints, formatShare, formatSigned, shortName} from '../lib/runs';
import type {Estimate} from '../lib/statistics';
import {Ago, Panel} from '../ui/marks';
import {RunMark} from '../ui/run-marks';

interface Row {
  key: string;
  name: string;
  note: string;
  better: 'higher' | 'lower' | null;  // which direction is good news
  values: (number | null)[];
  show: (value: number) => string;
  delta: (value: number) => string;
  measure: Measure | null;
  bounded: boolean;
}

const kSign = (value: number, show: (size: number) => string) => `${value > 0 ? '+' : value < 0 ? '−' : '±'}${show(Math.abs(value))}`;

function rowsOf(variants: Variant[]): Row[] {
  const metrics = metricNames(variants).flatMap((name): Row[] => {
    const found = variants.map((variant) => metricOf(variant, name));
    const score = isScore(variants, name);
    const rows: Row[] = [{
      key: `mean ${name}`, name, note: 'mean', better: score ? 'higher' : null, values: found.map((one) => one?.mean ?? null), show: formatMean, delta: formatSigned, measure: {metric: name, of: 'value'}, bounded: score,
    }];
    // Where a share passes from a threshold on, how many do is another figure than the mean.
    if (found.some((one) => one && one.pass_rate !== null && (one.mean === null || Math.abs(one.pass_rate - one.mean) > 1e-9))) {
      rows.push({key: `passed ${name}`, name, note: 'share that passes', better: 'higher', values: found.map((one) => one?.pass_rate ?? null), show: formatShare, delta: formatPoints, measure: {metric: name, of: 'passed'}, bounded: true});
    }
    return rows;
  });
  return [
    ...metrics,
    {key: 'own latency', name: 'Latency', note: 'mean of an answer', better: 'lower', values: variants.map(latencyOf), show: formatDuration, delta: (value) => kSign(value, formatDuration), measure: 'latency', bounded: false},
    {key: 'own cost', name: 'Cost', note: 'of a result', better: 'lower', values: variants.map(costAnAnswer), show: formatUsd, delta: (value) => kSign(value, formatUsd), measure: 'cost', bounded: false},
    {key: 'own errors', name: 'Errors', note: 'share of the results', better: 'lower', values: variants.map(({run, cell}) => shareOfErrors(run.cells[cell])), show: formatPercent, delta: formatPercent, measure: null, bounded: false},
  ];
}

function shareOfErrors(cell: {done: number; errors: number} | undefined): number | null {
  return cell && cell.done > 0 ? cell.errors / cell.done : null;
}

export function CompareTable({variants, cases, ready, failed, unpaired, basis}: {variants: Variant[]; cases: ComparedCase[]; ready: boolean; failed: boolean; unpaired: (string | null)[]; basis: string}) {
  const rows = useMemo(() => rowsOf(variants), [variants]);
  const differences = useMemo(() => rows.map(({measure, bounded}) => variants.map((_, column) => ready && measure && column > 0 && !unpaired[column] ? differenceOf(cases, column, measure, bounded) : null)),
                              [rows, variants, ready, cases, unpaired]);
  return (
    <Panel title="Metrics by run" flush tools={<span className="quiet" role="status">{failed ? '' : ready ? basis : 'Reading the results…'}</span>}>
      <div className="scroll-x" role="region" aria-label="Figures" tabIndex={0}>
        <table className="data-table numeric compare-table">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              {variants.map(({key, run, label}) => (
                <th key={key} scope="col">
                  <span className="variant-key">{key}</span> <Link to="/runs/$id" params={{id: run.id}}>{shortName(run.evaluation)}</Link>
                  <span className="variant" title={label}>{label}</span>
                  <span className="variant"><RunMark run={run} /> <span style={{marginLeft: 6}}>{run.environment}, <Ago at={run.created_at} /></span></span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, i) => (
              <tr key={row.key}>
                <td><strong>{row.name}</strong><span className="sub">{row.note}</span></td>
                {row.values.map((value, column) => (
                  <td key={variants[column]!.key}>
                    {value === null ? kUnknown : row.show(value)}
                    {column > 0 && <Difference row={row} estimate={differences[i]?.[column] ?? null} ready={ready} why={unpaired[column] ?? null} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="quiet" style={{margin: 0, padding: '8px 12px', borderTop: '1px solid var(--line)'}}>
        Below each figure: its difference from A, on the cases that both answered, with its 95 % interval (paired t; by clusters where cases belong together). An interval that holds 0 shows no difference.
        Looking at many of them finds some by chance: what decides is the gate.
      </p>
    </Panel>
  );
}

function Difference({row, estimate, ready, why}: {row: Row; estimate: Estimate | null; ready: boolean; why: string | null}) {
  if (!row.measure) return null;
  if (why) return <span className="difference" title={why}>other cases</span>;
  if (!estimate) return <span className="difference">{ready ? '–' : '…'}</span>;
  if (!estimate.count) return <span className="difference" title={estimate.note}>no case in common</span>;
  const {interval, mean, count, note} = estimate;
  const way = directionOf(estimate);
  const tone = way === 'open' ? undefined : row.better === null ? 'info' : way === row.better ? 'good' : 'bad';
  const words = way === 'open' ? 'no difference shown' : way;
  return (
    <span className="difference" data-tone={tone} title={`${formatInteger(count)} cases. ${note}`.trim()}>
      <span>{row.delta(mean)}{interval ? ` (${formatInterval(interval, row.delta)})` : ', no interval'}</span><br />{interval ? words : note || words}
    </span>
  );
}
