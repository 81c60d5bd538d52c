// The console in Chromium: signing in, the live view, search, holds, applications, what keyboards and browsers without script
// get. Reports have a file of their own.
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const { after, before, test } = require('node:test');
const { Demo } = require('../node/demo.js');
const { LOOKS, Line, launch, open, signInWithToken } = require('./browser.js');

let browser;
let demo;

before(async () => {
  [browser, demo] = await Promise.all([launch(), Demo.start()]);
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

// An event of the enterprise feed whose item has this name.
function deed(name, more = {}) {
  return {
    event_type: 'UPLOAD',
    feed: 'enterprise',
    created_by: { type: 'user', id: demo.told.USER_ID, name: 'Mara Lindqvist', login: 'mara@halden.example' },
    source: { item_type: 'file', item_id: '1526617490031', item_name: name },
    ...more,
  };
}

async function admin(look, more) {
  return signInWithToken(await open(browser, demo, look, more), demo.told.ADMIN_TOKEN);
}

// The assertion with which an application signs in as itself.
function signed({ boxAppSettings, enterpriseID }, audience) {
  const { clientID, appAuth } = boxAppSettings;
  const coded = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = {
    iss: clientID, sub: enterpriseID, box_sub_type: 'enterprise', aud: audience, jti: crypto.randomUUID(),
    exp: Math.floor(Date.now() / 1000) + 30,
  };
  const text = `${coded({ alg: 'RS256', typ: 'JWT', kid: appAuth.publicKeyID })}.${coded(claims)}`;
  const key = crypto.createPrivateKey({ key: appAuth.privateKey, passphrase: appAuth.passphrase });
  return `${text}.${crypto.sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

const row = (page, text) => page.locator('#events tr', { hasText: text });
const isLive = (page) => page.locator('#live-state[data-state=on]').waitFor();

test('a person signs in with a one-time code, and out again', async () => {
  const page = await admin();
  await page.goto(`/console/people/${demo.told.COADMIN_ID}`);
  await page.getByRole('button', { name: 'Make a one-time code' }).click();
  const code = await page.locator('code.secret').textContent();

  const theirs = await open(browser, demo);
  await theirs.goto('/console/live?actor=mara');
  await theirs.getByLabel('Login').fill('ines@halden.example');
  await theirs.getByLabel('One-time code').fill('not the code');
  await theirs.getByRole('button', { name: 'Sign in', exact: true }).click();
  await theirs.getByRole('alert').waitFor();
  assert.equal(await theirs.getByLabel('Login').inputValue(), 'ines@halden.example');
  await theirs.getByLabel('One-time code').fill(code);
  await theirs.getByRole('button', { name: 'Sign in', exact: true }).click();
  await theirs.waitForURL('**/console/live?actor=mara');
  // A co-admin for reports sees what is for them, and no more.
  const sections = await theirs.getByRole('navigation', { name: 'Sections' }).getByRole('link').allTextContents();
  assert.ok(sections.includes('Live') && !sections.includes('Applications') && !sections.includes('Health'), sections.join());
  const [cookie] = (await theirs.context().cookies()).filter(({ name }) => name === 'tidings_session');
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, 'Lax', '/console']);
  assert.equal(await theirs.evaluate(() => document.cookie), '');
  await theirs.getByRole('button', { name: 'Sign out' }).click();
  await theirs.getByRole('heading', { name: 'Sign in' }).waitFor();
  await theirs.goto('/console/feed');
  await theirs.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('the live view shows an event when it is published, as text, with the time of the reader', async () => {
  const page = await admin();
  await page.goto('/console/live');
  await isLive(page);
  const hostile = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
  await demo.publish([deed(hostile, { created_at: '2026-01-31T20:00:00Z' })]);
  await row(page, hostile).waitFor();
  const time = row(page, hostile).locator('time');
  assert.equal(await time.getAttribute('title'), '2026-01-31 20:00:00 UTC');
  // A quarter to six ahead: it is another day there.
  assert.match(await time.textContent(), /1.*01:45:00/);
  await row(page, hostile).getByRole('link').click();
  await page.getByRole('heading', { name: 'Who heard it, and why' }).waitFor();
  assert.ok((await page.locator('pre.json').first().textContent()).includes(JSON.stringify(hostile)));
  assert.notEqual(await page.title(), 'owned');
  assert.deepEqual(page.complaints, []);
});

test('a paused view holds events back and shows them when it goes on', async () => {
  const page = await admin();
  await page.goto('/console/live');
  await isLive(page);
  await page.getByRole('button', { name: 'Pause' }).click();
  await demo.publish([deed('while paused 1'), deed('while paused 2')]);
  await page.getByText('Paused, 2 waiting').waitFor();
  assert.equal(await row(page, 'while paused').count(), 0);
  await page.getByRole('button', { name: 'Go on' }).click();
  await row(page, 'while paused 1').waitFor();
  assert.deepEqual((await row(page, 'while paused').allTextContents()).map((text) => text.match(/paused (\d)/)[1]), ['2', '1']);
});

test('a view that was cut off shows what came meanwhile, each once', async () => {
  const line = await Line.to(demo);
  const page = await signInWithToken(await open(browser, line), demo.told.ADMIN_TOKEN);
  await page.goto('/console/live?text=cut+off');
  await isLive(page);
  await demo.publish([deed('cut off 1')]);
  await row(page, 'cut off 1').waitFor();
  line.cut();
  await page.locator('#live-state[data-state=lost]').waitFor();
  await demo.publish([deed('cut off 2'), deed('not wanted'), deed('cut off 3')]);
  line.mend();
  await isLive(page);
  await row(page, 'cut off 3').waitFor();
  const shown = (await page.locator('#events tr').allTextContents()).map((text) => text.match(/cut off (\d)/)?.[1]);
  assert.deepEqual(shown, ['3', '2', '1']);
  await page.close();
  await line.close();
});

test('filters stand in the address and hold for what comes', async () => {
  const page = await admin();
  await page.goto('/console/live');
  await page.getByLabel('Type').fill('edit');
  await page.getByLabel('Actor').fill('mara');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.waitForURL('**/console/live?type=edit&actor=mara&text=');
  await isLive(page);
  await demo.publish([deed('an upload of hers'), deed('an edit of hers', { event_type: 'EDIT' })]);
  await row(page, 'an edit of hers').waitFor();
  assert.equal(await row(page, 'an upload of hers').count(), 0);
});

test('an open view ends with its session', async () => {
  const page = await admin();
  await page.goto('/console/live');
  await isLive(page);
  const other = await page.context().newPage();
  await other.goto('/console/people');
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.getByRole('heading', { name: 'Sign in' }).waitFor();
  await demo.publish([deed('after signing out')]);
  await page.getByText('Your session has ended').waitFor();
  assert.equal(await row(page, 'after signing out').count(), 0);
});

test('a hold is placed, seen, changed, and released', async () => {
  const page = await admin();
  page.on('dialog', (dialog) => dialog.accept());
  await page.goto('/console/retention');
  await page.locator('summary', { hasText: 'Place a hold' }).click();
  await page.getByLabel('Name').fill('Case 12');
  await page.getByLabel('Why').fill('Asked for by <b>counsel</b>');
  await page.getByLabel('Only what was done from').fill('2025-03-01');
  await page.getByLabel('and before').fill('2025-04-01');
  await page.getByRole('button', { name: 'Place the hold' }).click();
  const hold = page.getByRole('row').filter({ hasText: 'Case 12' });
  await hold.getByText('in effect').waitFor();
  assert.match(await hold.textContent(), /Asked for by <b>counsel<\/b>/);
  assert.equal(await hold.locator('time').first().getAttribute('datetime'), '2025-03-01T00:00:00Z');
  // Its name, its reason and its end can be changed.
  await hold.getByRole('link', { name: 'Case 12' }).click();
  await page.getByLabel('Name').fill('Case 12b');
  await page.getByLabel('Ends by itself at').fill('2099-12-31T12:30:00');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Case 12b' }).waitFor();
  assert.equal(await page.getByLabel('Why').inputValue(), 'Asked for by <b>counsel</b>');
  assert.equal(await page.locator('dd time').last().getAttribute('datetime'), '2099-12-31T12:30:00Z');
  await page.getByRole('link', { name: 'Retention and all holds' }).click();
  await hold.getByRole('button', { name: 'Release Case 12b' }).click();
  await hold.getByText('released', { exact: true }).first().waitFor();
  assert.equal(await hold.getByRole('button').count(), 0);
  // All three deeds are in the audit log.
  await page.goto('/console/live?type=LEGAL_HOLD_POLICY_CREATE,LEGAL_HOLD_POLICY_UPDATE,LEGAL_HOLD_POLICY_DELETE');
  await page.locator('#events tr').nth(2).waitFor();
  assert.deepEqual(page.complaints, []);
});

test('an application is made, changed, and given a key whose configuration signs in', async () => {
  const page = await admin();
  page.on('dialog', (dialog) => dialog.accept());
  await page.goto('/console/applications');
  await page.locator('summary', { hasText: 'Create an application' }).click();
  await page.getByLabel('Name').fill('Portal');
  await page.getByRole('button', { name: 'Create' }).click();
  const secret = await page.locator('code.secret').textContent();
  const client = await page.locator('dd code').first().textContent();
  await page.goto(`/console/applications/${client}`);
  assert.equal(await page.getByText(secret).count(), 0, 'a secret is shown once');
  await page.getByLabel('Publish events', { exact: true }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('definition').filter({ hasText: 'Publish events' }).waitFor();

  await page.getByLabel('Client secret').fill(secret);
  await page.getByRole('button', { name: 'Make a key pair' }).click();
  const saving = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Save the configuration' }).click();
  const file = await saving;
  const config = JSON.parse(fs.readFileSync(await file.path(), 'utf8'));
  const { clientID, clientSecret, appAuth } = config.boxAppSettings;
  assert.deepEqual([clientID, clientSecret], [client, secret]);
  assert.equal(file.suggestedFilename(), `${client}_${appAuth.publicKeyID}_config.json`);
  // It is what an application needs.
  const assertion = signed(config, `${demo.baseUrl}/oauth2/token`);
  const ask = async () => fetch(`${demo.baseUrl}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', client_id: clientID, client_secret: clientSecret, assertion,
    }),
  });
  const answer = await ask();
  assert.equal(answer.status, 200, await answer.clone().text());
  assert.ok((await answer.json()).access_token);
  // Disabled it gets nothing more.
  await page.goto(`/console/applications/${client}`);
  await page.getByRole('button', { name: 'Disable' }).click();
  await page.getByRole('button', { name: 'Enable' }).waitFor();
  assert.equal((await ask()).status, 400);
  assert.deepEqual(page.complaints, []);
});

test('periods are changed only after it was shown what would go', async () => {
  const page = await admin();
  const questions = [];
  page.on('dialog', (dialog) => { questions.push(dialog.message()); dialog.accept(); });
  await page.goto('/console/retention');
  assert.equal(await page.getByRole('button', { name: 'Save these periods' }).count(), 0);
  await page.getByLabel('User feeds', { exact: true }).fill('30');
  await page.getByRole('button', { name: 'See what would go' }).click();
  await page.getByRole('heading', { name: 'What would go by these periods' }).waitFor();
  await page.getByText('now 60; 14 to 62').waitFor();
  await page.getByRole('button', { name: 'Save these periods' }).click();
  await page.getByRole('heading', { name: 'What the next sweep removes' }).waitFor();
  assert.equal(await page.getByLabel('User feeds', { exact: true }).inputValue(), '30');
  assert.equal(questions.length, 1);
});

test('the histogram is dragged, and lists are clicked, to narrow a search', async () => {
  const at = (day, hour) => `2026-01-${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:00Z`;
  const deeds = [];
  for (let day = 1; day <= 20; day++) {
    deeds.push(deed(`searched ${day}`, { created_at: at(day, 6) }));
    deeds.push(deed(`searched edit ${day}`, { created_at: at(day, 7), event_type: 'EDIT' }));
  }
  await demo.publish(deeds);
  const page = await admin();
  await page.goto('/console/search');
  await page.getByLabel('Text').fill('searched');
  await page.getByLabel('From (UTC)').fill('2026-01-01T00:00');
  await page.getByLabel('Before (UTC)').fill('2026-01-21T00:00');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.waitForURL('**/console/search?*text=searched*');
  await page.getByText('40 events', { exact: true }).waitFor();
  // A list beside the search narrows it.
  await page.getByRole('region', { name: 'Types' }).getByRole('link', { name: 'EDIT' }).click();
  await page.getByText('20 events', { exact: true }).waitFor();
  // The right half of the histogram: the later deeds.
  const chart = page.locator('#histogram');
  const { x, y, width, height } = await chart.boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.75, y + height / 2, { steps: 4 });
  await page.mouse.move(x + width, y + height / 2, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL('**/console/search?*created_after=2026-01-1*');
  await page.getByText('20 events', { exact: true }).waitFor({ state: 'detached' });
  const rows = await page.locator('.found tbody tr').allTextContents();
  const days = rows.map((text) => Number(text.match(/searched edit (\d+)/)[1]));
  assert.ok(days.length >= 8 && days.length <= 12, `about half of the days: ${days}`);
  assert.deepEqual(days, [...days].sort((one, other) => other - one), 'newest first');
  assert.equal(days[0], 20);
  // The address is the search: it can be kept and opened again, and each filter taken away.
  await page.reload();
  assert.equal(await page.locator('.found tbody tr').count(), days.length);
  await page.getByRole('link', { name: /Remove the filter from/ }).click();
  await page.waitForURL((url) => !url.searchParams.has('created_after'));
  assert.deepEqual(page.complaints, []);
});

test('everything is reached by keyboard', async () => {
  const page = await admin();
  await page.goto('/console/people');
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.name);
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await page.goto('/console/live');
  const reached = new Set();
  for (let press = 0; press < 25; press++) {
    await page.keyboard.press('Tab');
    reached.add(await focused());
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, 'none', `${await focused()} shows that it has the focus`);
  }
  for (const name of ['Live', 'People', 'Sign out', 'Pause', 'type', 'actor', 'text', 'Filter']) {
    assert.ok(reached.has(name), `${name} is reached; ${[...reached].join(', ')}`);
  }
});

test('without script pages show events, forms and UTC', async () => {
  const page = await open(browser, demo, LOOKS.light, { javaScriptEnabled: false });
  await demo.publish([deed('without script', { created_at: '2026-02-03T04:05:06Z' })]);
  await page.goto('/console/sign-in');
  await page.locator('summary').click();
  await page.getByLabel('Access token').fill(demo.told.ADMIN_TOKEN);
  await page.getByRole('button', { name: 'Sign in with the token' }).click();
  await page.goto('/console/live?text=without+script');
  assert.equal(await row(page, 'without script').locator('time').textContent(), '2026-02-03 04:05:06 UTC');
});
