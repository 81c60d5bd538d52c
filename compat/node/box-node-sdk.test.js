// The v10 TypeScript SDK (npm `box-node-sdk` 10), unmodified, against the real server.
'use strict';

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { BoxApiError, BoxSdkError } = require('box-node-sdk/box');
const { deserializeDateTime, serializeDateTime } = require('box-node-sdk/lib/internal/utils');

const { clientFor, follow } = require('./client');
const { Demo, deed, mixed, samples, waitUntil } = require('./demo');
const { assertEachOnce, readToEnd } = require('./reading');

const EVENTS = 250;
const PAGE = 20;
// History shows an event once its second has settled: a second in the demo, and a little for a slow machine.
const SETTLED_WITHIN_MS = 20_000;
// Well below the fifty seconds after which a poll ends by itself: an event that comes in time has woken its reader.
const WOKEN_WITHIN_MS = 10_000;

let demo;
before(async () => {
  demo = await Demo.start();
});
after(() => demo?.stop());

const client = (token) => clientFor(demo.baseUrl, token);
const admin = () => client(demo.told.ADMIN_TOKEN);
const user = () => client(demo.told.USER_TOKEN);
const toUser = (name, number = 0) => deed(name, demo.told.USER_ID, { audience: [demo.told.USER_ID], number });
const ids = (events) => events.map((event) => event.eventId);
const published = (results, feed) => results.filter((r) => r[feed] !== null).map((r) => r[feed].event_id);

function pagesOf(boxClient, streamType, filters = {}) {
  return (position, limit) =>
    boxClient.events.getEvents({ streamType, streamPosition: String(position), limit, ...filters });
}

describe('reading', () => {
  let drafts;
  let results;
  before(async () => {
    drafts = mixed(EVENTS, demo.told.USER_ID, [demo.told.USER_ID]);
    results = await demo.publish(drafts);
  });

  it('gives every event once in all', async () => {
    assertEachOnce(published(results, 'user'), ids(await readToEnd(pagesOf(user(), 'all'), PAGE)), 'all');
  });

  it('gives every change once in changes, and nothing else', async () => {
    const events = await readToEnd(pagesOf(user(), 'changes'), PAGE);
    const changes = results.filter((_, i) => drafts[i].user.event_type !== 'COMMENT_CREATE');
    assertEachOnce(published(changes, 'user'), ids(events), 'changes');
    assert.ok(events.every((event) => event.eventType !== 'COMMENT_CREATE'));
  });

  it('gives every event once in admin_logs_streaming', async () => {
    const events = await readToEnd(pagesOf(admin(), 'admin_logs_streaming'), PAGE);
    assertEachOnce(published(results, 'enterprise'), ids(events), 'admin_logs_streaming');
  });

  it('gives every event once in admin_logs, in order of time', async () => {
    const expected = published(results, 'enterprise');
    const history = pagesOf(admin(), 'admin_logs');
    await waitUntil(
      async () => ids(await readToEnd(history, PAGE, { growing: true })).includes(expected.at(-1)),
      SETTLED_WITHIN_MS,
      'admin_logs to show the last event published',
    );
    const events = await readToEnd(history, PAGE);
    assertEachOnce(expected, ids(events), 'admin_logs');
    const ours = new Set(expected);
    const times = events.filter((e) => ours.has(e.eventId)).map((e) => e.createdAt.value.getTime());
    assert.deepEqual(times, [...times].sort((a, b) => a - b));
  });

  it('shows another user none of it', async () => {
    const read = new Set(ids(await readToEnd(pagesOf(client(demo.told.OTHER_USER_TOKEN), 'all'), PAGE)));
    assert.ok(published(results, 'user').every((id) => !read.has(id)));
  });

  it('reads the feed of the user acted for', async () => {
    const asUser = admin().withAsUserHeader(demo.told.USER_ID);
    assertEachOnce(published(results, 'user'), ids(await readToEnd(pagesOf(asUser, 'all'), PAGE)), 'all, As-User');
  });

  it('filters admin_logs_streaming by type', async () => {
    const events = await readToEnd(pagesOf(admin(), 'admin_logs_streaming', { eventType: ['COMMENT_CREATE'] }), PAGE);
    const comments = results.filter((_, i) => drafts[i].enterprise.event_type === 'COMMENT_CREATE');
    assertEachOnce(published(comments, 'enterprise'), ids(events), 'admin_logs_streaming, COMMENT_CREATE');
    assert.ok(events.every((event) => event.eventType === 'COMMENT_CREATE'));
  });
});

describe('now', () => {
  for (const streamType of ['all', 'changes', 'sync', 'admin_logs', 'admin_logs_streaming']) {
    it(`gives no entries in ${streamType}, and a position to go on from`, async () => {
      const enterprise = streamType.startsWith('admin_');
      const pages = pagesOf(enterprise ? admin() : user(), streamType);
      const page = await pages('now', 100);
      assert.deepEqual([page.chunkSize, page.entries], [0, []]);
      assert.equal(typeof page.nextStreamPosition, enterprise ? 'string' : 'number');
      assert.ok(Number(page.nextStreamPosition) > 0);
      // The folder is not synced, so that stream stays as it is.
      if (streamType === 'sync') return;
      const [result] = await demo.publish([toUser('upload')]);
      const expected = result[enterprise ? 'enterprise' : 'user'].event_id;
      const read = await waitUntil(
        async () => {
          const events = await readToEnd(pages, PAGE, { position: page.nextStreamPosition, growing: true });
          return ids(events).includes(expected) && ids(events);
        },
        SETTLED_WITHIN_MS,
        `${streamType} to show the event`,
      );
      // History may still be settling older events, which then come first.
      if (streamType === 'admin_logs') assert.equal(read.filter((id) => id === expected).length, 1);
      else assert.deepEqual(read, [expected]);
    });
  }
});

// A client of the SDK that tells, by the SDK's own interceptors, when a long poll begins.
function pollingClient(token) {
  let begun = 0;
  const interceptor = {
    beforeRequest(options) {
      if (!options.url.endsWith('/2.0/events')) begun += 1;
      return options;
    },
    afterRequest: (response) => response,
  };
  let awaited = 0;
  return {
    client: client(token).withInterceptors([interceptor]),
    async nextPoll() {
      awaited += 1;
      await waitUntil(() => begun >= awaited, WOKEN_WITHIN_MS, 'the stream to poll');
    },
  };
}

// The SDK's stream, its events collected as they come; `next` waits for one that must be there in time.
function collect(stream) {
  const arrived = [];
  stream.on('data', (event) => arrived.push(event));
  const faults = [];
  stream.on('error', (error) => faults.push(error));
  return {
    arrived,
    async next() {
      await waitUntil(() => arrived.length > 0 || faults.length > 0, WOKEN_WITHIN_MS, 'the stream to yield an event');
      if (faults.length > 0) throw faults[0];
      return arrived.shift();
    },
  };
}

describe('following', () => {
  const cases = [
    ['all', 'user', 'comment'],
    ['changes', 'user', 'upload'],
    ['admin_logs_streaming', 'enterprise', 'login'],
  ];
  for (const [streamType, feed, name] of cases) {
    it(`is woken live in ${streamType}`, async (t) => {
      const polling = pollingClient(feed === 'user' ? demo.told.USER_TOKEN : demo.told.ADMIN_TOKEN);
      const page = await polling.client.events.getEvents({ streamType, streamPosition: 'now' });
      const stream = follow(polling.client, page.nextStreamPosition, streamType);
      t.after(() => stream.destroy());
      const events = collect(stream);
      for (let number = 0; number < 3; number += 1) {
        await polling.nextPoll();
        const [result] = await demo.publish([toUser(name, number)]);
        assert.equal((await events.next()).eventId, result[feed].event_id);
      }
      assert.equal(events.arrived.length, 0);
    });
  }

  it('catches up from the past and goes on', async (t) => {
    const position = (await user().events.getEvents({ streamPosition: 'now' })).nextStreamPosition;
    const earlier = await demo.publish(mixed(120, demo.told.USER_ID, [demo.told.USER_ID]));
    const stream = follow(user(), position);
    t.after(() => stream.destroy());
    const events = collect(stream);
    const read = [];
    while (read.length < earlier.length) read.push((await events.next()).eventId);
    const later = await demo.publish([toUser('upload', 7)]);
    read.push((await events.next()).eventId);
    assert.deepEqual(read, published([...earlier, ...later], 'user'));
  });
});

describe('history', () => {
  it('chooses by time window and types', async () => {
    const first = Math.floor(Date.now() / 1000) - 30 * 24 * 3600;
    const hours = Array.from({ length: 8 }, (_, hour) =>
      new Date((first + hour * 3600) * 1000).toISOString().replace('.000Z', '+00:00'),
    );
    // Published backwards: the order of a window is that of the deeds.
    const backwards = async (name) => {
      const drafts = [...hours].reverse().map((createdAt) => deed(name, demo.told.USER_ID, { createdAt }));
      return published(await demo.publish(drafts), 'enterprise').reverse();
    };
    const byHour = await backwards('login');
    const failedByHour = await backwards('failed_login');
    const ours = new Set([...byHour, ...failedByHour]);

    // The lower bound belongs to the window, the upper does not.
    const window = { createdAfter: deserializeDateTime(hours[2]), createdBefore: deserializeDateTime(hours[6]) };
    const readWindow = async (eventType, growing = false) => {
      const events = await readToEnd(pagesOf(admin(), 'admin_logs', { eventType, ...window }), 3, { growing });
      assert.ok(events.every((event) => eventType.includes(event.eventType)));
      const times = events.map((event) => event.createdAt.value.getTime());
      assert.deepEqual(times, [...times].sort((a, b) => a - b));
      assert.ok(times.every((time) => time >= Date.parse(hours[2]) && time < Date.parse(hours[6])));
      return ids(events).filter((id) => ours.has(id));
    };
    await waitUntil(
      async () =>
        (await readWindow(['LOGIN'], true)).includes(byHour[2]) &&
        (await readWindow(['FAILED_LOGIN'], true)).includes(failedByHour[2]),
      SETTLED_WITHIN_MS,
      'the window to show what was published',
    );
    assert.deepEqual(await readWindow(['LOGIN']), byHour.slice(2, 6));
    assert.deepEqual(
      (await readWindow(['LOGIN', 'FAILED_LOGIN'])).sort(),
      [...byHour.slice(2, 6), ...failedByHour.slice(2, 6)].sort(),
    );
  });
});

describe('rights', () => {
  const assertRefused = (boxClient, streamType) =>
    assert.rejects(pagesOf(boxClient, streamType)('0', PAGE), (error) => {
      assert.ok(error instanceof BoxApiError);
      assert.equal(error.responseInfo.statusCode, 403);
      assert.match(String(error.responseInfo.code), /access_denied_insufficient_permissions/);
      return true;
    });

  it('refuses enterprise streams to who is no administrator', async () => {
    await assertRefused(user(), 'admin_logs');
    await assertRefused(user(), 'admin_logs_streaming');
  });

  it('refuses them to an administrator acting for an ordinary user', () =>
    assertRefused(admin().withAsUserHeader(demo.told.USER_ID), 'admin_logs'));

  it('does not let an ordinary user act for another', () =>
    assertRefused(user().withAsUserHeader(demo.told.OTHER_USER_ID), 'all'));

  it('lets a co-admin read enterprise streams', async () => {
    for (const streamType of ['admin_logs', 'admin_logs_streaming']) {
      const page = await pagesOf(client(demo.told.COADMIN_TOKEN), streamType)('now', PAGE);
      assert.deepEqual(page.entries, []);
    }
  });

  it('refuses a bad token', () =>
    // On 401 the SDK asks for a new developer token, which it cannot get by itself: this exact error.
    assert.rejects(client('not-a-token').events.getEvents(), (error) => {
      assert.ok(error instanceof BoxSdkError);
      assert.match(error.message, /Developer token has expired/);
      return true;
    }));

  it('says in users/me whose token it is', async () => {
    assert.equal((await admin().users.getUserMe()).id, demo.told.ADMIN_ID);
    assert.equal((await user().users.getUserMe()).id, demo.told.USER_ID);
    assert.equal((await admin().withAsUserHeader(demo.told.USER_ID).users.getUserMe()).id, demo.told.USER_ID);
  });
});

describe('samples', () => {
  // They change users and groups as they are published, so they get a server to themselves.
  it('passes every sample event through the strict parser', async (t) => {
    const own = await Demo.start();
    t.after(() => own.stop());
    const streams = {
      user: pagesOf(clientFor(own.baseUrl, own.told.USER_TOKEN), 'all'),
      enterprise: pagesOf(clientFor(own.baseUrl, own.told.ADMIN_TOKEN), 'admin_logs_streaming'),
    };
    for (const [feed, pages] of Object.entries(streams)) {
      const events = samples(feed);
      await own.publish(events.map((event) => ({ [feed]: event, audience: [own.told.USER_ID], derive: false })));
      const read = await readToEnd(pages, PAGE);
      assertEachOnce(events.map((event) => event.event_id), ids(read), feed);
      const byId = new Map(read.map((event) => [event.eventId, event]));
      for (const event of events) {
        const got = byId.get(event.event_id);
        assert.equal(got.eventType, event.event_type);
        assert.equal(got.createdBy.id, event.created_by.id);
        assert.equal(Date.parse(serializeDateTime(got.createdAt)), Date.parse(event.created_at));
        assert.equal(got.source == null, event.source === null);
      }
    }
  });
});
