// SPDX-License-Identifier: Apache-2.0
// Cuts text that holds JSON (a document, or the lines of an event stream) into pieces to colour.
// k: a key, s: a string, n: a number, w: true, false or null; without kind: everything between.

export interface JsonToken {
  kind?: 'k' | 's' | 'n' | 'w';
  text: string;
}

// One pass, no nesting: every alternative starts with a different character.
const kPattern = /("(?:[^"\\\n]|\\.)*")(\s*:)?|(-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|\b(true|false|null)\b/g;

export function tokenizeJson(text: string): JsonToken[] {
  const tokens: JsonToken[] = [];
  let at = 0;
  for (const match of text.matchAll(kPattern)) {
    if (match.index > at) tokens.push({text: text.slice(at, match.index)});
    const [whole, string, colon, number] = match;
    if (string !== undefined) {
      tokens.push({kind: colon ? 'k' : 's', text: string});
      if (colon) tokens.push({text: colon});
    } else {
      tokens.push({kind: number !== undefined ? 'n' : 'w', text: whole});
    }
    at = match.index + whole.length;
  }
  if (at < text.length) tokens.push({text: text.slice(at)});
  return tokens;
}
