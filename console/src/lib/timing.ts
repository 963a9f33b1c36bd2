// SPDX-License-Identifier: Apache-2.0
// Cuts one call's duration into the pieces a person asks about.

export interface Timing {
  duration_ms: number;
  queue_ms: number | null;
  connect_ms: number | null;
  first_token_ms: number | null;
  upstream_ms: number | null;
}
export interface Segment {
  kind: 'queue' | 'connect' | 'wait' | 'stream' | 'provider' | 'finish';
  label: string;
  start_ms: number;
  length_ms: number;
}

// The pieces lie end to end and add up to the duration; clocks that disagree by a little are clamped.
export function timingSegments(timing: Timing): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  const add = (kind: Segment['kind'], label: string, until: number) => {
    const end = Math.min(Math.max(until, at), timing.duration_ms);
    if (end > at) segments.push({kind, label, start_ms: at, length_ms: end - at});
    at = end;
  };
  const queued = timing.queue_ms ?? 0;
  add('queue', 'In Slipway', queued);
  add('connect', 'Connecting', queued + (timing.connect_ms ?? 0));
  if (timing.first_token_ms !== null) {
    add('wait', 'Waiting for the first token', timing.first_token_ms);
    add('stream', 'Streaming', timing.duration_ms);
  } else if (timing.upstream_ms !== null) {
    add('provider', 'Waiting for the provider', queued + timing.upstream_ms);
    add('finish', 'Finishing', timing.duration_ms);
  } else {
    add('queue', 'In Slipway', timing.duration_ms);
  }
  return segments;
}

// Output tokens a second while streaming; null where it says nothing.
export function tokensPerSecond(timing: Timing, output: number | null): number | null {
  if (timing.first_token_ms === null || output === null || output < 2) return null;
  const seconds = (timing.duration_ms - timing.first_token_ms) / 1000;
  return seconds > 0.005 ? (output - 1) / seconds : null;
}
