// SPDX-License-Identifier: Apache-2.0
// The server under test: the one named by the environment, or one of our own on a temporary directory.
import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const {port} = probe.address();
      probe.close(() => done(port));
    });
  });
}

export async function startServer() {
  if (process.env.SLIPWAY_URL && process.env.SIGN_IN_TOKEN) {
    return {url: process.env.SLIPWAY_URL.replace(/\/$/, ''), token: process.env.SIGN_IN_TOKEN, stop: async () => {}};
  }
  const binary = resolve(process.env.SLIPWAY_BIN ?? '../../build/release/src/app/slipway');
  const data = mkdtempSync(join(tmpdir(), 'slipway-browser-'));
  const port = await freePort();
  // No provider of the machine's own: the simulated one answers.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OPENAI|ANTHROPIC|OLLAMA|SLIPWAY)_/.test(name)));
  const child = spawn(binary, ['--data-dir', data, 'serve', '--address', '127.0.0.1', '--port', String(port)], {cwd: data, env, stdio: ['ignore', 'pipe', 'pipe']});
  let output = '';
  const link = await new Promise((found, failed) => {
    const look = (piece) => {
      output += piece;
      const match = /(https?:\/\/\S+)\/sign-in#token=(\S+)/.exec(output);
      if (match) found(match);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.on('error', failed);
    child.on('exit', (code) => failed(new Error(`the server ended with ${code}:\n${output}`)));
  }).catch((error) => {
    rmSync(data, {recursive: true, force: true});
    throw error;
  });
  return {
    url: `http://127.0.0.1:${port}`, token: link[2],
    async stop() {
      const ended = new Promise((done) => child.on('exit', done));
      child.kill('SIGTERM');
      await ended;
      rmSync(data, {recursive: true, force: true});
    },
  };
}
