// SPDX-License-Identifier: Apache-2.0
// Server-sent events, as the HTML standard reads them: from a whole text or piece by piece.

export interface ServerEvent {
  event: string;
  data: string;
  id: string;
}

export class EventStreamParser {
  private rest = '';
  private data: string[] = [];
  private event = '';
  private id = '';

  push(piece: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    this.rest += piece;
    let start = 0;
    for (;;) {
      const end = nextLineEnd(this.rest, start);
      if (!end) break;
      this.line(this.rest.slice(start, end.at), events);
      start = end.next;
    }
    this.rest = this.rest.slice(start);
    return events;
  }

  // The stream ended. The standard drops an unfinished event; a record of a cut stream wants to show it.
  finish(): ServerEvent[] {
    const events = this.push('\n\n');
    this.rest = '';
    return events;
  }

  private line(line: string, events: ServerEvent[]) {
    if (line === '') {
      if (this.data.length) events.push({event: this.event || 'message', data: this.data.join('\n'), id: this.id});
      this.data = [];
      this.event = '';
      return;
    }
    if (line.startsWith(':')) return;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
  }
}

// A carriage return at the very end may be half of a CRLF: wait for what follows.
function nextLineEnd(text: string, from: number): {at: number; next: number} | null {
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\n') return {at: i, next: i + 1};
    if (text[i] === '\r') {
      if (i + 1 === text.length) return null;
      return {at: i, next: text[i + 1] === '\n' ? i + 2 : i + 1};
    }
  }
  return null;
}

export function parseEventStream(text: string): ServerEvent[] {
  const parser = new EventStreamParser();
  return [...parser.push(text.startsWith('\ufeff') ? text.slice(1) : text), ...parser.finish()];
}

export function looksLikeEventStream(text: string): boolean {
  return /^\ufeff?\s*(data|event|id|retry)?:/.test(text);
}
