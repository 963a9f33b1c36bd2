// SPDX-License-Identifier: Apache-2.0
// Several figures of several things at once: an axis a figure, a line a thing. The same figures are one button away as a table.
import {ActionIcon, Tooltip, useComputedColorScheme} from '@mantine/core';
import {useReducedMotion} from '@mantine/hooks';
import {IconChartLine, IconTable} from '@tabler/icons-react';
import type {EChartsType} from 'echarts/core';
import {useEffect, useId, useRef, useState} from 'react';
import {seriesColors, type Scheme} from '../app/theme';
import {kUnknown} from '../lib/format';
import {rangeOf, type Axis} from '../lib/run-compare';

interface Line {
  key: string;
  label: string;
}
interface Props {
  title: string;
  summary: string;  // the plot in a sentence
  axes: Axis[];
  lines: Line[];
}

// More lines than colours are told apart by their dashes.
const kDashes = ['solid', 'dashed', 'dotted'] as const;

export function ParallelPlot(props: Props) {
  const {title, summary, axes, lines} = props;
  const [asTable, setAsTable] = useState(false);
  const scheme = useComputedColorScheme('light') as Scheme;
  const id = useId();
  const colors = seriesColors[scheme];
  const Icon = asTable ? IconChartLine : IconTable;
  const label = asTable ? `Show ${title.toLowerCase()} as a plot` : `Show ${title.toLowerCase()} as a table`;
  return (
    <section className="card plot part" aria-labelledby={id}>
      <div className="plot-head">
        <h2 id={id}>{title}</h2>
        <Tooltip label={label}>
          <ActionIcon variant="subtle" size="sm" c="var(--mantine-color-dimmed)" onClick={() => setAsTable(!asTable)} aria-label={label} aria-pressed={asTable}><Icon size={16} aria-hidden /></ActionIcon>
        </Tooltip>
      </div>
      <p className="quiet" style={{margin: '0 0 6px'}}>{summary}</p>
      {asTable ? (
        <div className="scroll-x" role="region" aria-label={`${title} as a table`} tabIndex={0}>
          <table className="data-table numeric">
            <thead><tr><th scope="col">Figure</th>{lines.map(({key, label: name}) => <th key={key} scope="col" className="right" title={name}>{key}</th>)}</tr></thead>
            <tbody>{axes.map(({name, values, format}) => <tr key={name}><td>{name}</td>{values.map((value, i) => <td key={lines[i]!.key} className="right">{value === null ? kUnknown : format(value)}</td>)}</tr>)}</tbody>
          </table>
        </div>
      ) : (
        <>
          <div className="parallel-body"><Plot {...props} scheme={scheme} /></div>
          <ul className="legend" aria-label="Legend">
            {lines.map(({key, label: name}, i) => (
              <li key={key}><svg width="26" height="8" aria-hidden><line x1="0" y1="4" x2="26" y2="4" stroke={colors[i % colors.length]} strokeWidth="2.5" strokeDasharray={['', '7 4', '2 3'][Math.floor(i / colors.length) % 3]} /></svg> <strong>{key}</strong> {name}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Plot({title, summary, axes, lines, scheme}: Props & {scheme: Scheme}) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const [ready, setReady] = useState(false);
  const still = useReducedMotion();
  useEffect(() => {
    let gone = false;
    let observer: ResizeObserver | undefined;
    void import('./echarts-parallel').then(({init}) => {
      if (gone || !element.current) return;
      const made = init(element.current, undefined, {renderer: 'canvas'});
      observer = new ResizeObserver(() => made.resize());
      observer.observe(element.current);
      chart.current = made;
      setReady(true);
    });
    return () => {
      gone = true;
      observer?.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => {
    if (ready) chart.current?.setOption(optionsOf(axes, lines, scheme, !!still), {notMerge: true});
  }, [ready, axes, lines, scheme, still]);
  return <div ref={element} role="img" aria-label={`${title}. ${summary}`} style={{width: '100%', height: '100%'}} />;
}

function optionsOf(axes: Axis[], lines: Line[], scheme: Scheme, still: boolean) {
  const dark = scheme === 'dark';
  const text = dark ? '#9aa6b5' : '#556170';
  const line = dark ? '#4a5665' : '#b9c3ce';
  const colors = seriesColors[scheme];
  return {
    animation: !still, animationDuration: 250,
    parallel: {left: 60, right: 70, top: 34, bottom: 14},
    parallelAxis: axes.map((axis, dim) => {
      const {name, lowerIsBetter, format} = axis;
      const [min, max] = rangeOf(axis);
      return {
        dim, name, min, max, inverse: lowerIsBetter, nameLocation: lowerIsBetter ? 'start' as const : 'end' as const, nameGap: 12, splitNumber: 3,
        nameTextStyle: {color: dark ? '#d5dae1' : '#1c2530', fontSize: 12, fontWeight: 600}, nameTruncate: {maxWidth: 130},
        axisLine: {lineStyle: {color: line}}, axisTick: {lineStyle: {color: line}},
        axisLabel: {color: text, fontSize: 11, showMinLabel: false, showMaxLabel: false, formatter: (value: number) => format(value)},
      };
    }),
    series: lines.map(({key}, i) => ({
      type: 'parallel' as const, name: key, smooth: false, inactiveOpacity: 1, data: [axes.map(({values}) => values[i] ?? NaN)],
      lineStyle: {color: colors[i % colors.length], width: 2.5, opacity: 0.95, type: kDashes[Math.floor(i / colors.length) % kDashes.length]},
    })),
  };
}
