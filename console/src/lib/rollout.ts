// SPDX-License-Identifier: Apache-2.0
// Plans for canaries, as people write them: "5 % 30 min, 25 % 60 min".

export interface Step {
  percent: number;
  minutes: number;
}

export const kCanaryPresets: Record<string, {label: string; steps: Step[]}> = {
  careful: {label: 'Careful: five steps in a day', steps: [{percent: 1, minutes: 60}, {percent: 5, minutes: 180}, {percent: 20, minutes: 360}, {percent: 50, minutes: 720}, {percent: 100, minutes: 0}]},
  normal: {label: 'Steady: four steps in two hours', steps: [{percent: 5, minutes: 30}, {percent: 25, minutes: 30}, {percent: 50, minutes: 60}, {percent: 100, minutes: 0}]},
  quick: {label: 'Quick: three steps in ten minutes', steps: [{percent: 10, minutes: 5}, {percent: 50, minutes: 5}, {percent: 100, minutes: 0}]},
};

export function formatSteps(steps: readonly Step[]): string {
  return steps.map(({percent, minutes}) => minutes ? `${percent} % ${minutes} min` : `${percent} %`).join(', ');
}

// The steps, or what is wrong with the text.
export function parseSteps(text: string): Step[] | string {
  const steps: Step[] = [];
  for (const part of text.split(',').map((p) => p.trim()).filter(Boolean)) {
    const match = /^(\d+(?:\.\d+)?)\s*%(?:\s*(?:for\s*)?(\d+(?:\.\d+)?)\s*(min|m|h)?)?$/.exec(part);
    if (!match) return `“${part}” is not a step; write it as “5 % 30 min”`;
    const percent = Number(match[1]);
    if (percent <= 0 || percent > 100) return `${match[1]} % is not between 0 and 100`;
    if (steps.length && percent <= steps.at(-1)!.percent) return 'Each step takes more than the one before';
    steps.push({percent, minutes: Number(match[2] ?? 0) * (match[3] === 'h' ? 60 : 1)});
  }
  return steps.length ? steps : 'At least one step is needed';
}
