// SPDX-License-Identifier: Apache-2.0
import {execFileSync} from 'node:child_process';
import {describe, expect, it} from 'vitest';
import {curlCommand, nodeProgram, pythonLiteral, pythonProgram, shellQuote} from './snippets';

// Asks a real shell what it makes of the words.
function shellWords(command: string): string[] {
  return execFileSync('sh', ['-c', `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }\nSLIPWAY_API_KEY=from-env\n${command}`]).toString().split('\0').slice(0, -1);
}

const kNasty = `it's "quoted" $HOME \`date\` \\ ! * \n{"a": 'b'} ünï 日本`;

describe('curl', () => {
  it('quotes so that a shell reads the same back', () => {
    expect(execFileSync('sh', ['-c', `printf %s ${shellQuote(kNasty)}`]).toString()).toBe(kNasty);
  });
  it('makes the same request', () => {
    const body = {model: 'm', messages: [{role: 'user', content: kNasty}]};
    const words = shellWords(curlCommand('http://localhost:8080', 'chat', JSON.stringify(body)));
    expect(words[0]).toBe('http://localhost:8080/v1/chat/completions');
    expect(words).toContain('Authorization: Bearer from-env');
    expect(words).toContain('Content-Type: application/json');
    expect(JSON.parse(words[words.indexOf('-d') + 1]!)).toEqual(body);
  });
  it('does not buffer a stream, and names other endpoints', () => {
    expect(curlCommand('http://h', 'chat', '{"stream": true}')).toMatch(/^curl -N /);
    expect(curlCommand('http://h', 'chat', '{"stream": false}')).toMatch(/^curl '/);
    expect(curlCommand('http://h', 'embeddings', '{}')).toContain('/v1/embeddings');
    expect(curlCommand('http://h', 'list_models', null)).not.toContain('-d');
  });
  it('shows a body that is not JSON as it is', () => {
    const words = shellWords(curlCommand('http://h', 'chat', '{broken'));
    expect(words.at(-1)).toBe('{broken');
  });
  it('carries a secret only if given one', () => {
    expect(curlCommand('http://h', 'chat', '{}', 'slw_x')).toContain('slw_x');
    expect(curlCommand('http://h', 'chat', '{}')).toContain('$SLIPWAY_API_KEY');
  });
});

describe('programs', () => {
  const request = {model: 'm', messages: [{role: 'user', content: kNasty}], stream: true, logprobs: null, parallel: false, stop: [], n: 1};
  it('writes Python that Python reads as the same value', () => {
    const code = `import json,sys\nsys.stdout.write(json.dumps(${pythonLiteral(request)}))`;
    expect(JSON.parse(execFileSync('python3', ['-c', code]).toString())).toEqual(request);
  });
  it('writes a Python program that compiles', () => {
    for (const stream of [true, false]) {
      execFileSync('python3', ['-c', 'import sys; compile(sys.argv[1], "snippet", "exec")', pythonProgram('http://h', {...request, stream})]);
    }
  });
  it('writes Node programs that parse', () => {
    for (const stream of [true, false]) {
      execFileSync(process.execPath, ['--check', '--input-type=module', '-'], {input: nodeProgram('http://h', {...request, stream})});
    }
  });
});
