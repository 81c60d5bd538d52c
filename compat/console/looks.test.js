// Every page in light, in dark and on a phone: an accessibility checker finds nothing serious, nothing is wider than the
// screen, and no page complains. With PICTURES=folder each is photographed, too.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Demo, mixed } = require('../node/demo.js');
const { LOOKS, launch, open, signInWithToken } = require('./browser.js');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const SERIOUS = new Set(['serious', 'critical']);

let browser;
let demo;

before(async () => {
  [browser, demo] = await Promise.all([launch(), Demo.start('--every-type')]);
  await demo.publish(mixed(60, demo.told.USER_ID, [demo.told.USER_ID]));
  // One of each kind that has a page, with a name as long as people give.
  const long = 'Each_file_that_anybody_took_home_with_them_and_never_brought_back, whatever it was called';
  await ask('reports', { format: 'csv', name: long, filters: { event_types: ['UPLOAD', 'DOWNLOAD'], text: 'a' } });
  await ask('report-schedules', { format: 'parquet', name: long, every: 'month' });
  await ask('holds', { name: long, why: 'Asked for by counsel', created_from: '2025-03-01', until: '2099-01-01' });
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

async function ask(what, wish) {
  const answer = await fetch(`${demo.baseUrl}/api/v1/${what}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${demo.told.ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(wish),
  });
  assert.equal(answer.status, 201, await answer.text());
}

// The pages that the navigation leads to, and one of each kind that they lead to.
async function pages(page) {
  const found = new Map();
  const links = async (selector) => page.locator(selector).evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  for (const section of await links('nav.sections a, nav.tabs a')) {
    found.set(section.split('/')[2], section);
    await page.goto(section);
    for (const asking of await links('.title a.button')) found.set(`${asking.split(/[/?]/)[2]}-asked`, asking);
    for (const tab of await links('nav.tabs a')) found.set(tab.split('/')[2], tab);
    const [first] = await links('.type a, .list th[scope=row] a');
    if (first) found.set(first.split('/')[2] + '-one', first);
  }
  return found;
}

// What the checker holds against a page, in words.
async function faults(page) {
  // The page's own security policy lets no foreign script in; the debugger may run one.
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() => window.axe.run(document));
  assert.ok(passes.length > 10, 'the checker looked at the page');
  const told = ({ id, impact, help, nodes }) => `${impact} ${id}: ${help} (${nodes.map((node) => node.html).slice(0, 3).join(' | ')})`;
  return violations.filter(({ impact }) => SERIOUS.has(impact)).map(told);
}

async function look(page, name, at) {
  await page.goto(at);
  await page.locator('details').evaluateAll((all) => all.forEach((it) => { it.open = true; }));
  assert.deepEqual(await faults(page), [], `${name} (${at})`);
  const tooWide = await page.evaluate(() => document.scrollingElement.scrollWidth - window.innerWidth);
  assert.ok(tooWide <= 0, `${name} is ${tooWide} pixels too wide`);
  assert.deepEqual(page.complaints, [], name);
}

async function photograph(page, name, at) {
  const folder = process.env.PICTURES;
  if (!folder) return;
  await page.goto(at);
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

for (const [name, how] of Object.entries(LOOKS)) {
  test(`every page is in order: ${name}`, async () => {
    const page = await open(browser, demo, how);
    await look(page, 'sign-in', '/console/sign-in');
    await photograph(page, `sign-in-${name}`, '/console/sign-in');
    await signInWithToken(page, demo.told.ADMIN_TOKEN);
    const all = await pages(page);
    assert.ok(all.size >= 15, [...all.keys()].join());
    for (const [title, at] of all) {
      await look(page, title, at);
      await photograph(page, `${title}-${name}`, at);
    }
    // A page that is not there is a page, too.
    await page.goto('/console/nothing');
    assert.deepEqual(await faults(page), []);
  });
}
