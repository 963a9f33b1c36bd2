// SPDX-License-Identifier: Apache-2.0
// Two texts, word by word: what is only in the first, only in the second, or in both.
import {diffWordsWithSpace} from 'diff';

export interface WordPart {
  op: 'equal' | 'insert' | 'delete';
  text: string;
}

// Beyond these a diff takes longer than anybody waits, and says nothing that could be read.
const kMostCharacters = 60_000;
const kMostMilliseconds = 200;
// Texts that share less than this differ everywhere; marks would only be in the way.
const kLeastShared = 0.15;

export type WordDiff = {parts: WordPart[]; why: null} | {parts: null; why: string};

export function wordDiff(before: string, after: string): WordDiff {
  if (before.length + after.length > kMostCharacters) return {parts: null, why: 'The texts are too long to be compared word by word.'};
  const found = diffWordsWithSpace(before, after, {timeout: kMostMilliseconds});
  if (!found) return {parts: null, why: 'The texts differ too much to be compared word by word.'};
  const parts = found.map(({added, removed, value}): WordPart => ({op: added ? 'insert' : removed ? 'delete' : 'equal', text: value}));
  if (shared(parts) < kLeastShared) return {parts: null, why: 'The texts have next to nothing in common, so no words are marked.'};
  return {parts, why: null};
}

// How much of the longer text is in both; white space says nothing. 1 for two empty texts.
function shared(parts: readonly WordPart[]): number {
  const size = {equal: 0, insert: 0, delete: 0};
  for (const {op, text} of parts) size[op] += text.replace(/\s+/g, '').length;
  const longer = size.equal + Math.max(size.insert, size.delete);
  return longer ? size.equal / longer : 1;
}

// Of several texts the one that shares most words with the other: of several good answers, the one an answer is nearest to.
export function nearest(texts: readonly string[], to: string): string {
  const words = (text: string) => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
  const wanted = words(to);
  let best = texts[0] ?? '';
  let most = -1;
  for (const text of texts) {
    const own = words(text);
    const common = [...own].filter((word) => wanted.has(word)).length;
    const score = own.size + wanted.size ? 2 * common / (own.size + wanted.size) : 0;
    if (score > most) {
      best = text;
      most = score;
    }
  }
  return best;
}
