// SPDX-License-Identifier: Apache-2.0
// A tiny plot without axes. It decorates a figure that is written beside it, so it is hidden from readers.
import {sparkPaths} from '../lib/spark';

export function Sparkline({values, color}: {values: (number | null)[]; color: string}) {
  const {line, area, dots} = sparkPaths(values, 120, 28);
  return (
    <svg className="sparkline" viewBox="0 0 120 30" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <path d={area} fill={color} opacity="0.13" />
      <path d={line} fill="none" stroke={color} strokeWidth="1.5" vectorEffect="non-scaling-stroke" strokeLinejoin="round" strokeLinecap="round" />
      <path d={dots} fill="none" stroke={color} strokeWidth="4.5" vectorEffect="non-scaling-stroke" strokeLinecap="round" />
    </svg>
  );
}
