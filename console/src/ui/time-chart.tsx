// SPDX-License-Identifier: Apache-2.0
// One plot over time: hover for figures, click to open the calls behind a point, drag to zoom in. The same
// figures are one button away as a table, for those who would rather read.
import {ActionIcon, Tooltip, useComputedColorScheme} from '@mantine/core';
import {useReducedMotion} from '@mantine/hooks';
import {IconChartLine, IconTable} from '@tabler/icons-react';
import type {EChartsType} from 'echarts/core';
import {useEffect, useId, useRef, useState, type ReactNode} from 'react';
import {formatFullTime} from '../lib/format';
import {axisLabel} from '../lib/range';

export interface Series {
  name: string;
  color: string;
  values: (number | null)[];
}

interface Props {
  title: string;
  summary: string;  // the plot in a sentence, for screen readers
  kind: 'bar' | 'line';
  times: number[];
  stepMs: number;
  series: Series[];
  format: (value: number | null) => string;
  onPick: (from: number, to: number, series?: string) => void;
  onZoom: (from: number, to: number) => void;
  className: string;
  extra?: ReactNode;
}

const kGroup = 'overview';

export function TimeChart(props: Props) {
  const [asTable, setAsTable] = useState(false);
  const id = useId();
  const Icon = asTable ? IconChartLine : IconTable;
  const label = asTable ? `Show ${props.title.toLowerCase()} as a plot` : `Show ${props.title.toLowerCase()} as a table`;
  return (
    <section className={`card plot ${props.className}`} aria-labelledby={id}>
      <div className="plot-head">
        <h2 id={id}>{props.title}</h2>
        {props.extra}
        <Tooltip label={label}>
          <ActionIcon variant="subtle" size="sm" c="var(--mantine-color-dimmed)" onClick={() => setAsTable(!asTable)} aria-label={label} aria-pressed={asTable}>
            <Icon size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
      <div className="plot-body">{asTable ? <AsTable {...props} /> : <Plot {...props} />}</div>
    </section>
  );
}

export function Legend({series}: {series: {name: string; color: string}[]}) {
  return (
    <ul className="legend" style={{margin: 0, gap: '2px 10px', fontSize: 'var(--mantine-font-size-xs)', justifyContent: 'flex-end'}} aria-label="Legend">
      {series.map(({name, color}) => <li key={name}><i style={{background: color}} />{name}</li>)}
    </ul>
  );
}

function AsTable({title, times, series, format, onPick, stepMs}: Props) {
  return (
    <div className="plot-table" role="region" aria-label={`${title} as a table`} tabIndex={0}>
      <table className="data-table numeric">
        <thead><tr><th scope="col">From</th>{series.map((s) => <th key={s.name} scope="col" className="right">{s.name}</th>)}</tr></thead>
        <tbody>
          {times.map((at, i) => (
            <tr key={at}>
              <td><a href="#main" onClick={(event) => {
                event.preventDefault();
                onPick(at, at + stepMs);
              }}>{formatFullTime(new Date(at).toISOString())}</a></td>
              {series.map((s) => <td key={s.name} className="right">{format(s.values[i] ?? null)}</td>)}
            </tr>
          )).reverse()}
        </tbody>
      </table>
    </div>
  );
}

function Plot(props: Props) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const scheme = useComputedColorScheme('light');
  const still = useReducedMotion();
  const [ready, setReady] = useState(false);
  const drawn = useRef(false);
  const {times, series} = props;

  useEffect(() => {
    let gone = false;
    let observer: ResizeObserver | undefined;
    void import('./echarts').then(({init, connect}) => {
      if (gone || !element.current) return;
      const made = init(element.current, undefined, {renderer: 'canvas'});
      made.group = kGroup;
      connect(kGroup);
      observer = new ResizeObserver(() => made.resize());
      observer.observe(element.current);
      listen(made, latest);
      chart.current = made;
      setReady(true);
    });
    return () => {
      gone = true;
      observer?.disconnect();
      chart.current?.dispose();
      chart.current = null;
      drawn.current = false;
    };
  }, []);

  useEffect(() => {
    if (!ready || !chart.current) return;
    // Only what is new moves: figures that come in while somebody looks don't start the plot anew.
    chart.current.setOption(optionsOf(latest.current, scheme === 'dark', !!still || drawn.current), {notMerge: true});
    drawn.current = true;
    chart.current.dispatchAction({type: 'takeGlobalCursor', key: 'brush', brushOption: {brushType: 'lineX', brushMode: 'single'}});
  }, [ready, times, series, scheme, still]);

  return <div ref={element} role="img" aria-label={`${props.title}. ${props.summary}`} style={{height: '100%', width: '100%'}} />;
}

function listen(chart: EChartsType, latest: {current: Props}) {
  let dragged = false;
  let picked: string | undefined;
  chart.on('brushEnd', (event) => {
    const areas = (event as {areas?: {coordRange?: [number, number]}[]}).areas;
    const range = areas?.[0]?.coordRange;
    chart.dispatchAction({type: 'brush', areas: []});
    if (!range || range[0] === range[1]) return;
    const {times, stepMs, onZoom} = latest.current;
    const from = times[Math.max(0, range[0])];
    const to = times[Math.min(times.length - 1, range[1])];
    if (from === undefined || to === undefined || from === to) return;
    dragged = true;
    setTimeout(() => (dragged = false), 50);
    onZoom(from, to + stepMs);
  });
  chart.on('click', (event) => {
    picked = event.seriesName;
  });
  chart.getZr().on('click', (event) => {
    const series = picked;
    picked = undefined;
    // The brush reports first or later; a drag is never a click as well.
    setTimeout(() => {
      if (dragged || !chart.containPixel('grid', [event.offsetX, event.offsetY])) return;
      const index = Number(chart.convertFromPixel({xAxisIndex: 0}, event.offsetX));
      const {times, stepMs, onPick} = latest.current;
      const at = times[Math.round(index)];
      if (at !== undefined) onPick(at, at + stepMs, series);
    }, 10);
  });
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function optionsOf({kind, times, stepMs, series, format}: Props, dark: boolean, still: boolean) {
  const text = dark ? '#9aa6b5' : '#556170';
  const line = dark ? '#2f3844' : '#e6ebf0';
  const span = times.length * stepMs;
  const bars = kind === 'bar';
  const whole = series.every((s) => s.values.every((value) => value === null || Number.isInteger(value)));
  return {
    // A line is uncovered from left to right, and points that stand alone would come last, one by one.
    animation: !still && (bars || !series.some((s) => isSparse(s.values))),
    animationDuration: 250,
    animationDurationUpdate: 150,
    grid: {left: 4, right: 10, top: 14, bottom: 2, containLabel: true},
    brush: {toolbox: [], xAxisIndex: 0, brushStyle: {color: 'rgba(79,159,195,0.18)', borderColor: 'rgba(79,159,195,0.6)', borderWidth: 1},
            throttleType: 'debounce', throttleDelay: 0, outOfBrush: {colorAlpha: 1}},
    tooltip: {
      trigger: 'axis' as const,
      axisPointer: {type: bars ? 'shadow' as const : 'line' as const},
      confine: true,
      backgroundColor: dark ? '#10151b' : '#ffffff',
      borderColor: line,
      padding: [7, 10],
      textStyle: {color: dark ? '#d5dae1' : '#1c2530', fontSize: 12},
      formatter: (points: unknown) => {
        const list = points as {dataIndex: number; seriesIndex: number}[];
        const at = times[list[0]?.dataIndex ?? 0];
        if (at === undefined) return '';
        const rows = list.map(({dataIndex, seriesIndex}) => series[seriesIndex] && ({...series[seriesIndex], value: series[seriesIndex].values[dataIndex] ?? null}))
            .filter((row) => row !== undefined).filter((row) => !bars || series.length < 3 || row.value);
        const body = rows.map((row) =>
          `<tr><td><span style="display:inline-block;width:9px;height:9px;border-radius:2px;margin-right:6px;background:${row.color}"></span>${escapeHtml(row.name)}</td>` +
          `<td style="text-align:right;padding-left:14px;font-variant-numeric:tabular-nums;font-weight:600">${escapeHtml(format(row.value))}</td></tr>`).join('');
        return `<div style="margin-bottom:3px">${escapeHtml(formatFullTime(new Date(at).toISOString()))}</div><table style="border-collapse:collapse">${body || '<tr><td>nothing</td></tr>'}</table>`;
      },
    },
    xAxis: {
      type: 'category' as const,
      data: times.map((at) => axisLabel(at, span)),
      boundaryGap: bars,
      axisTick: {show: false},
      axisLine: {lineStyle: {color: line}},
      axisLabel: {color: text, fontSize: 11, hideOverlap: true},
    },
    yAxis: {
      type: 'value' as const,
      min: 0,
      splitNumber: 4,
      ...(whole ? {minInterval: 1} : {}),
      splitLine: {lineStyle: {color: line}},
      axisLabel: {color: text, fontSize: 11, formatter: (value: number) => format(value)},
    },
    series: series.map((s) => bars ? {
      type: 'bar' as const, name: s.name, stack: 'all', data: s.values, itemStyle: {color: s.color}, barCategoryGap: times.length > 60 ? '10%' : '22%',
      barMaxWidth: 40, emphasis: {focus: 'none' as const},
    } : {
      type: 'line' as const, name: s.name, data: s.values, itemStyle: {color: s.color}, lineStyle: {color: s.color, width: 1.8},
      showSymbol: times.length < 3 || isSparse(s.values), showAllSymbol: true, symbolSize: 5, connectNulls: false, emphasis: {focus: 'none' as const},
    }),
  };
}

// A point without neighbours draws no line, so it needs its symbol.
function isSparse(values: (number | null)[]): boolean {
  return values.some((value, i) => value !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null);
}
