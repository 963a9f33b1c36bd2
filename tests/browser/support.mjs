// SPDX-License-Identifier: Apache-2.0
// What the cases share: a browser that reports everything suspicious, axe, screenshots, calls to the API.
import assert from 'node:assert/strict';
import {existsSync, mkdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {AxeBuilder} from '@axe-core/playwright';
import {chromium} from 'playwright-core';

const shots = join(dirname(fileURLToPath(import.meta.url)), 'screenshots');
const kFlags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export async function openBrowser() {
  const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));
  if (!executablePath) throw new Error('no Chromium was found; install it (apt-get install chromium) or name it in CHROMIUM');
  mkdirSync(shots, {recursive: true});
  return chromium.launch({executablePath, args: kFlags});
}

export class World {
  constructor(browser, server) {
    this.browser = browser;
    this.url = server.url;
    this.token = server.token;
    this.trouble = [];  // console errors, policy violations, uncaught errors
    this.strangers = new Set();  // requests to anywhere else
    this.signedIn = undefined;
    this.name = '';  // of the case that runs
  }

  // A fresh browser window; signed in as soon as the sign-in case has been through.
  // `state` opens it as somebody else.
  async open({scheme = 'light', width = 1440, height = 900, signedIn = true, motion = 'no-preference', state = signedIn ? this.signedIn : undefined} = {}) {
    const context = await this.browser.newContext({
      baseURL: this.url, viewport: {width, height}, colorScheme: scheme, reducedMotion: motion, acceptDownloads: true,
      ...(state ? {storageState: state} : {}),
    });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], {origin: this.url});
    const origin = new URL(this.url).origin;
    await context.route('**/*', (route) => {
      const url = new URL(route.request().url());
      if (url.origin !== origin && !['data:', 'blob:'].includes(url.protocol)) {
        this.strangers.add(url.href);
        return route.abort();
      }
      return route.continue();
    });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => this.trouble.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      // A refused request is reported as an error by the browser; the cases look at those themselves.
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) this.trouble.push(`console: ${message.text()}`);
    });
    return page;
  }

  async with(options, body) {
    const page = await this.open(options);
    try {
      await body(page);
    } catch (error) {
      await this.shot(page, `failed-${this.name.replace(/\W+/g, '-')}`).catch(() => {});  // what was to be seen
      throw error;
    } finally {
      await page.context().close();
    }
  }

  shot(page, name) {
    return page.screenshot({path: join(shots, `${name}.png`)});
  }

  // Asks the control API with the page's session.
  async api(page, path) {
    const response = await page.request.get(`/api/v1${path}`);
    assert.equal(response.status(), 200, `GET ${path}: ${await response.text()}`);
    return response.json();
  }

  // A call as a program makes it.
  async call(secret, body, path = '/v1/chat/completions') {
    return fetch(this.url + path, {
      method: 'POST', headers: {'Content-Type': 'application/json', Authorization: `Bearer ${secret}`}, body: JSON.stringify(body),
    });
  }
}

export async function checkAccess(page, where) {
  // What fades in is judged once it is there. A transition begins some frames after its cause: at rest is a page in which
  // nothing has moved for a while.
  await page.evaluate(async () => {
    const moving = () => document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity);
    for (let quietSince = performance.now(), frames = 0; frames < 6 || performance.now() - quietSince < 150; ++frames) {
      await new Promise(requestAnimationFrame);
      if (!moving().length) continue;
      await Promise.all(moving().map((a) => a.finished.catch(() => {})));
      quietSince = performance.now();
      frames = 0;
    }
  });
  const {violations} = await new AxeBuilder({page}).analyze();
  const report = violations.map((v) => `${v.id} (${v.impact}): ${v.help}\n` + v.nodes.slice(0, 4).map((n) => `    ${n.html.slice(0, 200)}\n    ${n.failureSummary?.replaceAll('\n', '\n    ')}`).join('\n'));
  assert.equal(violations.length, 0, `axe on ${where}:\n${report.join('\n')}`);
}

// Asks again until the answer is true: records become visible a moment after the call.
export async function until(what, ask, timeoutMs = 20_000) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) assert.fail(`waited in vain until ${what}`);
    await new Promise((done) => setTimeout(done, 200));
  }
}

// What a program would do with the page's session.
export async function send(page, method, path, data) {
  const session = await (await page.request.get('/api/v1/session')).json();
  const response = await page.request.fetch(`/api/v1${path}`, {method, data, headers: {'X-CSRF-Token': session.csrf_token}});
  assert.ok(response.ok(), `${method} ${path}: ${response.status()} ${await response.text()}`);
  return response.json();
}

// Picks from a list that opens.
export async function choose(page, scope, label, option) {
  await scope.getByRole('combobox', {name: label}).click();
  await page.getByRole('option', {name: option}).first().click();
}
