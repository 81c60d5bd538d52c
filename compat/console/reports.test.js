// Reports in Chromium: from a search to files that are checked with the command; schedules; what a page that cannot be kept
// fresh says.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { promisify } = require('node:util');
const { Demo, mixed } = require('../node/demo.js');
const { LOOKS, Line, launch, open, signInWithToken } = require('./browser.js');

const run = promisify(execFile);

let browser;
let demo;
let folder;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidings-reports-'));
  [browser, demo] = await Promise.all([launch(), Demo.start()]);
  await demo.publish(mixed(300, demo.told.USER_ID, []));
});
after(async () => {
  await browser?.close();
  await demo?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

async function admin(where = demo) {
  const page = await signInWithToken(await open(browser, where), demo.told.ADMIN_TOKEN);
  page.on('dialog', (dialog) => dialog.accept());
  return page;
}

const verify = (...words) => run(process.env.TIDINGS_BIN, ['report', 'verify', ...words], { cwd: folder });
const finished = (page) => page.locator('.state').getByText('finished', { exact: true }).waitFor();

test('a search becomes a report that is fetched and checked, and a changed byte is found', async () => {
  const page = await admin();
  await page.goto('/console/search?event_type=UPLOAD');
  const found = Number((await page.locator('.title p').textContent()).match(/^(\d+) events/)[1]);
  assert.ok(found >= 100, `${found} events`);
  await page.getByRole('link', { name: 'Make a report of this' }).click();
  assert.equal(await page.getByLabel('Types').inputValue(), 'UPLOAD');
  await page.getByLabel('Name', { exact: true }).fill('Uploads <b>of</b> ours');
  await page.getByLabel('Kept for').fill('3');
  for (const column of ['session_id', 'additional_details']) await page.getByLabel(column).uncheck();
  // The server makes it while the page is looked at: the page is not loaded again.
  await page.getByRole('button', { name: 'Make the report' }).click();
  await page.waitForURL(/reports\/[0-9a-f]+$/);
  await page.evaluate(() => { window.isTheSame = true; });
  await finished(page);
  assert.equal(await page.evaluate(() => window.isTheSame), true);
  assert.equal(await page.locator('dl.facts dd').first().textContent(), String(found));
  const names = [];
  for (const link of await page.locator('.files a').all()) {
    const saving = page.waitForEvent('download');
    await link.click();
    const file = await saving;
    names.push(file.suggestedFilename());
    await file.saveAs(path.join(folder, file.suggestedFilename()));
  }
  assert.deepEqual(names, ['manifest.json', 'part-00001.csv']);

  const command = await page.locator('pre').textContent();
  const words = command.trim().match(/^tidings report verify (\.) (--fingerprint) ([0-9a-f-]+)$/).slice(1);
  assert.match((await verify(...words)).stdout, new RegExp(`is whole and unchanged: ${found} events in 1 parts`));
  const part = path.join(folder, 'part-00001.csv');
  const bytes = fs.readFileSync(part);
  const lines = bytes.toString().trimEnd().split('\n');
  assert.equal(lines.length, found + 1, 'a line for each event, and the names of the columns');
  assert.ok(lines[0].startsWith('created_at,') && !lines[0].includes('session_id'), lines[0]);
  bytes[Math.floor(bytes.length / 2)] ^= 1;
  fs.writeFileSync(part, bytes);
  await assert.rejects(verify(...words), ({ code, stderr }) => code !== 0 && stderr.includes('part-00001.csv'));

  // It can be found again, and be deleted.
  await page.getByRole('link', { name: 'All reports' }).click();
  const row = page.getByRole('row').filter({ hasText: 'Uploads <b>of</b> ours' });
  assert.match(await row.textContent(), /CSV · type: UPLOAD/);
  await row.getByRole('button', { name: /^Delete/ }).click();
  await page.getByText('No reports').waitFor();
  assert.deepEqual(page.complaints, []);
});

test('a list that is open shows when a report is finished', async () => {
  const page = await admin();
  // Three at a time: the third waits for its turn, if only for a moment.
  const asked = ['csv', 'ndjson', 'parquet'].map(async (format) => {
    const answer = await fetch(`${demo.baseUrl}/api/v1/reports`, {
      method: 'POST',
      headers: { authorization: `Bearer ${demo.told.ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ format, name: `All as ${format}` }),
    });
    assert.equal(answer.status, 201);
  });
  await Promise.all(asked);
  await page.goto('/console/reports');
  for (const format of ['csv', 'ndjson', 'parquet']) {
    const row = page.getByRole('row').filter({ hasText: `All as ${format}` });
    await row.getByText('finished', { exact: true }).waitFor();
    assert.match(await row.textContent(), /[1-9]\d* events/);
  }
  // What was a page of something going on is at rest.
  assert.equal(await page.locator('[data-refresh]').count(), 0);
});

test('a report is made every week until its schedule is ended', async () => {
  const page = await admin();
  await page.goto('/console/reports/new?created_after=2026-01-01');
  await page.getByLabel('Name', { exact: true }).fill('Every week');
  await page.getByLabel('Made').selectOption('week');
  await page.getByLabel('Format').selectOption('ndjson');
  // What has no columns shows none.
  assert.equal(await page.getByLabel('event_id').isVisible(), false);
  await page.getByRole('button', { name: 'Make the report' }).click();
  await page.getByRole('alert').getByText('leave the times out').waitFor();
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Every week');
  await page.getByLabel('From (UTC)').fill('');
  await page.getByRole('button', { name: 'Make the report' }).click();
  const row = page.getByRole('row').filter({ hasText: 'Every week' });
  await row.getByText('every Monday').waitFor();
  await row.getByRole('button', { name: 'End Every week' }).click();
  await page.getByText('No schedules').waitFor();
});

test('a page whose server is gone says so, and goes on when it is back', async () => {
  const line = await Line.to(demo);
  const page = await admin(line);
  // Only a page of something going on asks again by itself; Health always does.
  await page.clock.install();
  await page.goto('/console/health');
  line.cut();
  await page.clock.runFor(16_000);
  await page.getByText('The server does not answer').waitFor();
  line.mend();
  await page.clock.runFor(16_000);
  await page.locator('#stale').waitFor({ state: 'hidden' });
  await page.close();
  await line.close();
});

test('without script a report is asked for and fetched', async () => {
  const page = await open(browser, demo, LOOKS.light, { javaScriptEnabled: false });
  await page.goto('/console/sign-in');
  await page.locator('summary').click();
  await page.getByLabel('Access token').fill(demo.told.ADMIN_TOKEN);
  await page.getByRole('button', { name: 'Sign in with the token' }).click();
  await page.goto('/console/reports/new');
  await page.getByLabel('Name', { exact: true }).fill('Without script');
  await page.getByRole('button', { name: 'Make the report' }).click();
  const files = page.locator('.files a');
  while (!(await files.count())) await page.reload();
  assert.equal(await files.count(), 2);
});
