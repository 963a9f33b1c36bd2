// SPDX-License-Identifier: Apache-2.0
import type {PromotionCheck} from '../api/governance';
import {checkName} from '../lib/governance';
import {CheckMark} from './marks';

// What a promotion asks for, what is not met first.
export function Checks({checks, label = 'Checks'}: {checks: PromotionCheck['checks']; label?: string}) {
  if (!checks.length) return <p className="quiet" style={{margin: 0}}>No checks.</p>;
  return (
    <ul className="checks" aria-label={label}>
      {[...checks].sort((a, b) => Number(a.ok) - Number(b.ok)).map((check) => (
        <li key={check.name}><CheckMark ok={check.ok} /><span><strong>{checkName(check.name)}</strong>{check.detail && `: ${check.detail}`}</span></li>
      ))}
    </ul>
  );
}
