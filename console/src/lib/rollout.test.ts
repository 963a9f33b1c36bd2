// SPDX-License-Identifier: Apache-2.0
import {expect, it} from 'vitest';
import {formatSteps, kCanaryPresets, parseSteps} from './rollout';

it('reads what it writes', () => {
  for (const {steps} of Object.values(kCanaryPresets)) expect(parseSteps(formatSteps(steps))).toEqual(steps);
  expect(parseSteps('0.5% for 2 h, 100%')).toEqual([{percent: 0.5, minutes: 120}, {percent: 100, minutes: 0}]);
});

it('says what is wrong', () => {
  expect(parseSteps('')).toMatch(/At least one/);
  expect(parseSteps('five')).toMatch(/“five”/);
  expect(parseSteps('120 %')).toMatch(/between/);
  expect(parseSteps('50 % 5 min, 10 % 5 min')).toMatch(/more than/);
});
