// A demo server of our own, and drafts to publish to it: what `harness/` is for the Python suites.
'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');

const COMPAT = path.resolve(__dirname, '..');
const DEEDS = JSON.parse(fs.readFileSync(path.join(COMPAT, 'harness', 'deeds.json'), 'utf8'));

// A demo opens an empty store; a machine busy with something else may still take its time.
const READY_WITHIN_MS = 60_000;
// Small enough for any bound on a publish, large enough that 250 drafts are a few requests.
const DRAFTS_PER_PUBLISH = 50;

// Gives the first true value of `condition`; throws, naming `what`, when the time is over.
async function waitUntil(condition, withinMs, what) {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await pause(20);
  }
}

class Demo {
  static async start(...options) {
    const binary = process.env.TIDINGS_BIN;
    if (!binary) throw new Error('TIDINGS_BIN must name the tidings binary; `cargo xtask test compat` sets it');
    const demo = new Demo();
    demo.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidings-compat-'));
    const envFile = path.join(demo.folder, 'demo.env');
    const logFile = path.join(demo.folder, 'server.log');
    const log = fs.openSync(logFile, 'w');
    demo.server = spawn(binary, ['demo', '--quiet', '--port', '0', '--env', envFile, ...options], {
      cwd: demo.folder,
      stdio: ['ignore', log, log],
    });
    demo.ended = once(demo.server, 'exit');
    fs.closeSync(log);
    // Also when the tests fall over: neither a server nor its files outlive the suite.
    process.once('exit', () => {
      demo.server.kill('SIGKILL');
      fs.rmSync(demo.folder, { recursive: true, force: true });
    });
    await waitUntil(
      () => {
        if (demo.server.exitCode !== null) {
          const tail = fs.readFileSync(logFile, 'utf8').slice(-2000);
          throw new Error(`the demo server ended with status ${demo.server.exitCode}:\n${tail}`);
        }
        return fs.existsSync(envFile);
      },
      READY_WITHIN_MS,
      'the demo server to write its --env file',
    );
    demo.told = Object.fromEntries(
      fs
        .readFileSync(envFile, 'utf8')
        .split('\n')
        .filter((line) => line.includes('='))
        .map((line) => {
          const at = line.indexOf('=');
          return [line.slice(0, at), line.slice(at + 1).replace(/^'(.*)'$/, '$1')];
        }),
    );
    demo.baseUrl = demo.told.BASE_URL.replace(/\/$/, '');
    return demo;
  }

  // Publishes drafts in their order and gives the results, one for each draft.
  async publish(drafts) {
    const results = [];
    for (let start = 0; start < drafts.length; start += DRAFTS_PER_PUBLISH) {
      const batch = drafts.slice(start, start + DRAFTS_PER_PUBLISH);
      const answer = await fetch(`${this.baseUrl}/api/v1/events`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${this.told.PUBLISH_TOKEN}`,
          'content-type': 'application/x-ndjson',
        },
        body: batch.map((draft) => `${JSON.stringify(draft)}\n`).join(''),
        signal: AbortSignal.timeout(30_000),
      });
      if (!answer.ok) throw new Error(`publishing was refused with ${answer.status}: ${await answer.text()}`);
      results.push(...(await answer.json()).results);
    }
    return results;
  }

  async stop() {
    this.server.kill('SIGTERM');
    const timer = setTimeout(() => this.server.kill('SIGKILL'), 10_000);
    await this.ended;
    clearTimeout(timer);
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

// One draft from the templates. It derives nothing, so what is read is what was published here.
function deed(name, byId, { audience = [], number = 0, createdAt } = {}) {
  const text = JSON.stringify(DEEDS[name]).replaceAll('$BY', byId).replaceAll('$NUMBER', String(number));
  const draft = { ...JSON.parse(text), audience, derive: false };
  if (createdAt !== undefined) {
    for (const feed of Object.keys(DEEDS[name])) draft[feed].created_at = createdAt;
  }
  return draft;
}

// Many deeds: two in five are not file uploads, and one in five, the comment, is in `all` but not in `changes`.
function mixed(count, byId, audience) {
  const names = ['upload', 'upload', 'upload', 'folder', 'comment'];
  return Array.from({ length: count }, (_, number) => deed(names[number % names.length], byId, { audience, number }));
}

// The events of the samples, as readers get them.
function samples(feed) {
  const text = fs.readFileSync(path.join(COMPAT, 'samples', `${feed}-events.ndjson`), 'utf8');
  return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

module.exports = { Demo, waitUntil, deed, mixed, samples };
