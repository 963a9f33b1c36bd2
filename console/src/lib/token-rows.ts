// SPDX-License-Identifier: Apache-2.0
// The table of an invocation's tokens and what each class cost.
import type {InvocationDetail} from '../api/types';

const kClasses = [
  ['input', 'Input'], ['cache_read', 'Cache read'], ['cache_write', 'Cache write'], ['output', 'Output'], ['reasoning', 'Reasoning'],
  ['audio_input', 'Audio in'], ['audio_output', 'Audio out'],
] as const;

type Counted = Pick<InvocationDetail, 'usage' | 'cost_lines'>;

// A row for each class that was used; what was written to the cache for an hour has a price and a row of its own.
export function tokenRows(call: Counted) {
  const lines = new Map((call.cost_lines ?? []).map((line) => [line.class, line]));
  const hour = lines.get('cache_write_1h');
  return kClasses.flatMap(([name, label]) => {
    const count = call.usage[name];
    if (count === null || (count === 0 && name !== 'input' && name !== 'output')) return [];
    const row = {name: name as string, label: label as string, count, line: lines.get(name)};
    if (name !== 'cache_write' || !hour) return [row];
    return [{...row, count: count - hour.tokens}, {name: hour.class, label: 'Cache write (1 h)', count: hour.tokens, line: hour}].filter((one) => one.count > 0);
  });
}
