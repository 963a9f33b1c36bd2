// SPDX-License-Identifier: Apache-2.0
// JSON with its kinds of values coloured; anything else as it is.
import {useMemo, type ReactNode} from 'react';
import {tokenizeJson} from '../lib/json-tokens';

// Colouring makes an element a value; beyond this the text is shown plain.
const kColourLimit = 200_000;
const kShowLimit = 2_000_000;

export function JsonView({text, label}: {text: string; label: string}) {
  const content = useMemo((): ReactNode => {
    const pretty = prettify(text);
    if (pretty.length > kShowLimit) return pretty.slice(0, kShowLimit) + '\n…';
    if (pretty.length > kColourLimit) return pretty;
    return tokenizeJson(pretty).map((token, i) => token.kind ? <span key={i} className={token.kind}>{token.text}</span> : token.text);
  }, [text]);
  return <div className="code-box"><pre className="code" tabIndex={0} role="region" aria-label={label}>{content}</pre></div>;
}

function prettify(text: string): string {
  if (text.length > kShowLimit) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
