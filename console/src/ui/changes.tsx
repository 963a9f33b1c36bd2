// SPDX-License-Identifier: Apache-2.0
// What changed between two versions: field by field, texts word by word.
import type {AssetChange} from '../api/governance';
import {Nothing, Tag} from './marks';

const kOps = {add: ['added', 'good'], remove: ['removed', 'bad'], change: ['changed', 'warn']} as const;
// Unchanged stretches longer than this are folded.
const kFold = 240;

export function Changes({changes}: {changes: AssetChange[]}) {
  if (!changes.length) return <Nothing>Nothing differs.</Nothing>;
  return (
    <ul className="changes" aria-label="Changes">
      {changes.map((change) => {
        const [word, tone] = kOps[change.op];
        return (
          <li key={`${change.op} ${change.path}`}>
            <div className="change-head"><code>{change.path || '(the whole)'}</code><Tag tone={tone}>{word}</Tag></div>
            {change.words.length > 0 ? <Words words={change.words} /> : (
              <>
                {change.op !== 'add' && <pre className="code"><del>{shown(change.before)}</del></pre>}
                {change.op !== 'remove' && <pre className="code"><ins>{shown(change.after)}</ins></pre>}
              </>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2) ?? '';
}

function Words({words}: {words: AssetChange['words']}) {
  return (
    <p className="words">
      {words.map(({op, text}, i) => op === 'insert' ? <ins key={i}>{text}</ins> : op === 'delete' ? <del key={i}>{text}</del>
        : <span key={i}>{text.length > kFold ? `${i ? text.slice(0, kFold / 3) : ''} … ${i < words.length - 1 ? text.slice(-kFold / 3) : ''}` : text}</span>)}
    </p>
  );
}

// A unified diff; + and - say what the colours say.
export function PatchView({text, label}: {text: string; label: string}) {
  const kind = (line: string) => /^(diff|---|\+\+\+|new file|index)/.test(line) ? 'meta' : line.startsWith('@@') ? 'hunk' : line.startsWith('+') ? 'plus' : line.startsWith('-') ? 'minus' : undefined;
  return (
    <div className="code-box">
      <pre className="code patch" tabIndex={0} role="region" aria-label={label}>
        {text.replace(/\n$/, '').split('\n').map((line, i) => <span key={i} data-kind={kind(line)}>{line || ' '}{'\n'}</span>)}
      </pre>
    </div>
  );
}
