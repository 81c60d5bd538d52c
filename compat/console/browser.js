// A browser, and people who sign in with it.
'use strict';

const net = require('node:net');
const { once } = require('node:events');
const { chromium } = require('playwright-core');

// What a browser does of its own accord is switched off: the tests talk to this machine only.
const ALONE = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
// A busy machine takes its time; whatever takes longer is broken.
const PATIENCE_MS = 30_000;

// How a page is looked at.
const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true },
};

function launch() {
  const executablePath = process.env.CHROMIUM;
  if (!executablePath) throw new Error('CHROMIUM must name a Chromium; `cargo xtask test compat` sets it');
  return chromium.launch({ executablePath, args: ALONE });
}

// A window of its own, with its own cookies. What the page complains of (errors, refusals by the security policy) is kept
// in `complaints`.
async function open(browser, demo, look = LOOKS.light, more = {}) {
  const context = await browser.newContext({ ...look, timezoneId: 'Asia/Kathmandu', baseURL: demo.baseUrl, ...more });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
  return page;
}

async function signInWithToken(page, token) {
  await page.goto('/console/sign-in');
  const other = page.getByText('Sign in with an access token');
  await other.click();
  await page.getByLabel('Access token').fill(token);
  await page.getByRole('button', { name: 'Sign in with the token' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  return page;
}

// A line to the server that can be cut and mended.
class Line {
  static async to(demo) {
    const line = new Line();
    line.sockets = new Set();
    line.isCut = false;
    const { hostname, port } = new URL(demo.baseUrl);
    line.server = net.createServer((near) => {
      if (line.isCut) return near.destroy();
      const far = net.connect(Number(port), hostname);
      for (const [socket, other] of [[near, far], [far, near]]) {
        line.sockets.add(socket);
        socket.on('error', () => other.destroy());
        socket.on('close', () => { line.sockets.delete(socket); other.destroy(); });
        socket.pipe(other);
      }
      return undefined;
    });
    line.server.listen(0, '127.0.0.1');
    await once(line.server, 'listening');
    line.baseUrl = `http://127.0.0.1:${line.server.address().port}`;
    return line;
  }

  cut() {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend() {
    this.isCut = false;
  }

  async close() {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }
}

module.exports = { LOOKS, Line, launch, open, signInWithToken };
