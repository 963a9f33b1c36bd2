// SPDX-License-Identifier: Apache-2.0
// Markdown that others wrote: raw HTML stays text, pictures become their words, links say where they lead.
import Markdown from 'markdown-to-jsx';
import type {ReactNode} from 'react';

function SafeLink({href, children}: {href?: string; children?: ReactNode}) {
  const web = href !== undefined && /^https?:\/\//.test(href);
  if (!web && !href?.startsWith('/') && !href?.startsWith('#')) return <span>{children}</span>;
  return <a href={href} {...(web ? {target: '_blank', rel: 'noreferrer noopener', title: href} : {})}>{children}</a>;
}

function PictureWords({alt, src}: {alt?: string; src?: string}) {
  return <span className="mono">[{alt || 'picture'}{src ? `: ${src}` : ''}]</span>;
}

// The page has its own first heading; those of the text stand below it.
const kLower = {h1: 'h2', h2: 'h3', h3: 'h4', h4: 'h5', h5: 'h6'} as const;

export function MarkdownView({text}: {text: string}) {
  const lower = Object.fromEntries(Object.entries(kLower).map(([from, to]) => [from, {component: to}]));
  return (
    <div className="markdown">
      <Markdown options={{
        disableParsingRawHTML: true, forceBlock: true,
        overrides: {
          ...lower, a: {component: SafeLink}, img: {component: PictureWords},
          table: {component: ({children}: {children?: ReactNode}) => <div className="scroll-x" tabIndex={0} role="group" aria-label="Table"><table className="data-table">{children}</table></div>},
        },
      }}>{text}</Markdown>
    </div>
  );
}
