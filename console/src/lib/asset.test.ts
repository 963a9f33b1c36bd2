// SPDX-License-Identifier: Apache-2.0
import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {nameProblem, parseAssetName, patchOf} from './asset';

const id = {owner: 'support', kind: 'prompt' as const, name: 'answer'};

describe('patchOf', () => {
  // What is copied out of the console must go into a real checkout.
  it('is taken by git apply', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-patch-'));
    try {
      const file = join(folder, 'prompts/answer.yaml');
      mkdirSync(join(folder, 'prompts'));
      const apply = (patch: string) => execFileSync('git', ['apply', '-'], {cwd: folder, input: patch});
      const first = 'model: main\nmessages:\n  - role: system\n    content: Be kind.\n';
      apply(await patchOf(id, null, first));
      expect(readFileSync(file, 'utf8')).toBe(first);
      const second = first.replace('kind', 'brief') + 'parameters:\n  temperature: 0\n';
      apply(await patchOf(id, first, second));
      expect(readFileSync(file, 'utf8')).toBe(second);
      writeFileSync(file, 'other\n');
      expect(() => execFileSync('git', ['apply', '-'], {cwd: folder, input: 'no patch', stdio: 'pipe'})).toThrow();
    } finally {
      rmSync(folder, {recursive: true, force: true});
    }
  });
  it('is empty where nothing changed', async () => {
    expect(await patchOf(id, 'a\n', 'a\n')).toBe('');
  });
});

it('reads names of assets', () => {
  expect(parseAssetName('shared/guardrail/standard')).toEqual({owner: 'shared', kind: 'guardrail', name: 'standard'});
  expect(parseAssetName('support/prompt/answer:3')?.name).toBe('answer');
  expect(parseAssetName('support@3')).toBeNull();
  expect(parseAssetName('support/potato/answer')).toBeNull();
  expect(nameProblem('answer.v2')).toBeNull();
  expect(nameProblem('Answer')).toMatch(/small letter/);
  expect(nameProblem('an swer')).toMatch(/only/);
});
