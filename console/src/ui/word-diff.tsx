// SPDX-License-Identifier: Apache-2.0
// Two texts, marked word by word: together, or each on its own side.
import {Fragment} from 'react';
import type {WordPart} from '../lib/word-diff';

// `side`: only what is in the one text, with its own words marked.
export function WordDiffText({parts, side = 'both'}: {parts: readonly WordPart[]; side?: 'before' | 'after' | 'both'}) {
  const shown = parts.filter(({op}) => side === 'both' || op === 'equal' || op === (side === 'before' ? 'delete' : 'insert'));
  return (
    <>
      {shown.map(({op, text}, i) => op === 'insert' ? <ins key={i}>{text}</ins> : op === 'delete' ? <del key={i}>{text}</del> : <Fragment key={i}>{text}</Fragment>)}
    </>
  );
}
