// SPDX-License-Identifier: Apache-2.0
// The sentence with which a page begins, and the next step beside it.
import {IconAlertTriangle, IconCircleCheck, IconCircleX, IconMoonStars, type Icon as Shape} from '@tabler/icons-react';
import type {ReactNode} from 'react';
import type {Level} from '../lib/health';

const kIcons = {ok: IconCircleCheck, warn: IconAlertTriangle, bad: IconCircleX, quiet: IconMoonStars};

export function AnswerCard({level, label = 'Verdict', word, sentence, findings = [], icon, children}: {
  level: Level; label?: string; word?: string; sentence: ReactNode; findings?: readonly string[]; icon?: Shape; children?: ReactNode;
}) {
  const Icon = icon ?? kIcons[level];
  return (
    <section className="card verdict" data-level={level} aria-label={label}>
      <span className="verdict-icon"><Icon size={24} aria-hidden /></span>
      <div style={{minWidth: 0, flex: 1, overflowWrap: 'anywhere'}}>
        <p aria-live="polite">{word && <strong>{word}: </strong>}{sentence}</p>
        {findings.length > 0 && <ul>{findings.map((finding) => <li key={finding}>{finding}</li>)}</ul>}
      </div>
      {children && <div className="verdict-actions">{children}</div>}
    </section>
  );
}
