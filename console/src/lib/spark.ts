// SPDX-License-Identifier: Apache-2.0
// SVG paths of a sparkline; gaps where a value is unknown, and dots where one has no neighbours to draw a line to.
export function sparkPaths(values: (number | null)[], width: number, height: number): {line: string; area: string; dots: string} {
  const known = values.filter((value): value is number => value !== null);
  if (!known.length) return {line: '', area: '', dots: ''};
  const top = Math.max(...known, 0) || 1;
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const unknown = (i: number) => (values[i] ?? null) === null;
  const bottom = height + 1;
  let line = '';
  let area = '';
  let dots = '';
  let start: number | null = null;
  let last = 0;
  values.forEach((value, i) => {
    const x = round(i * step);
    if (value === null) {
      if (start !== null) area += `L${last} ${bottom}Z`;
      start = null;
      return;
    }
    const y = round(1 + (1 - value / top) * (height - 1));
    // A line of no length with round ends.
    if (unknown(i - 1) && unknown(i + 1)) dots += `M${x} ${y}L${x} ${y}`;
    else line += `${start === null ? 'M' : 'L'}${x} ${y}`;
    area += start === null ? `M${x} ${bottom}L${x} ${y}` : `L${x} ${y}`;
    if (start === null) start = x;
    last = x;
  });
  if (start !== null) area += `L${last} ${bottom}Z`;
  return {line, area, dots};
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
