// SPDX-License-Identifier: Apache-2.0
// A gate in a sentence.
import type {Gate, GateRun} from '../api/gates';
import {plural} from './format';
import type {Level} from './health';

export function shortName(evaluation: string, useCase: string): string {
  const [owner, , name] = evaluation.split('/');
  return owner === useCase || !name ? name ?? evaluation : `${owner}/${name}`;
}

export function progressOf(run: GateRun): string {
  if (!run) return '–';
  const errors = run.errors ? `, ${plural(run.errors, 'error')}` : '';
  return `${run.done} of ${run.planned}${errors}`;
}

export function describeGate(gate: Gate): {level: Level; word: string; sentence: string; findings: string[]} {
  const against = gate.baseline && gate.baseline !== gate.release ? ` against ${gate.use_case}@${gate.baseline}, which is active there` : '';
  const what = `${gate.use_case}@${gate.release} for ${gate.environment}${against}`;
  if (!gate.verdict) return {level: 'quiet', word: 'Under way', sentence: what, findings: []};
  const words = {pass: 'Pass', fail: 'Fail', inconclusive: 'Inconclusive', error: 'Error'} as const;
  const levels = {pass: 'ok', fail: 'bad', inconclusive: 'warn', error: 'bad'} as const;
  const findings = gate.checks.filter((check) => check.verdict !== 'pass' || gate.checks.length === 1)
    .map((check) => gate.checks.length === 1 ? check.reason : `${shortName(check.evaluation, gate.use_case)}: ${check.reason}`);
  return {level: levels[gate.verdict], word: words[gate.verdict], sentence: what, findings};
}
