// The v10 TypeScript SDK signing in as an application: by client credentials and by JWT.
'use strict';

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { applicationClient, jwtClient } = require('./client');
const { Demo, mixed, waitUntil } = require('./demo');

// Longer than the SDK pauses between renewing a token and using it, short enough to wait for.
const LIFETIME_S = 8;
// Calls a minute, all of which may come at once; then one each second.
const CALLS_PER_MINUTE = 60;

const byCredentials = ({ baseUrl, told }) =>
  applicationClient(baseUrl, told.CLIENT_ID, told.CLIENT_SECRET, told.ENTERPRISE_ID);
const byJwt = ({ baseUrl, told }) => jwtClient(baseUrl, told.JWT_CONFIG);
const ways = [byCredentials, byJwt];

async function withDemo(options, test) {
  const demo = await Demo.start(...options);
  try {
    await test(demo);
  } finally {
    await demo.stop();
  }
}

async function counted(demo, name) {
  const text = await (await fetch(`${demo.baseUrl}/metrics`)).text();
  return Number(text.split('\n').find((line) => line.startsWith(`tidings_${name}_total `)).split(' ')[1]);
}

const tokenOf = async (client) => (await client.auth.retrieveToken(client.networkSession)).accessToken;

describe('signing in', () => {
  for (const way of ways) {
    it(`reads the enterprise and a user's feed (${way.name})`, () =>
      withDemo([], async (demo) => {
        const results = await demo.publish(mixed(5, demo.told.USER_ID, [demo.told.USER_ID]));
        const client = way(demo);
        const page = await client.events.getEvents({ streamType: 'admin_logs_streaming', streamPosition: '0' });
        const read = new Set(page.entries.map((event) => event.eventId));
        assert.ok(results.every((result) => result.enterprise === null || read.has(result.enterprise.event_id)));
        const user = client.withAsUserHeader(demo.told.USER_ID);
        assert.equal((await user.users.getUserMe()).id, demo.told.USER_ID);
        assert.equal((await user.events.getEvents({ streamPosition: '0' })).entries.length, 5);
      }));

    it(`renews a token that ended (${way.name})`, () =>
      withDemo(['--token-lifetime', String(LIFETIME_S)], async (demo) => {
        const client = way(demo);
        const me = (await client.users.getUserMe()).id;
        const old = await tokenOf(client);
        const ended = async () =>
          (await fetch(`${demo.baseUrl}/2.0/users/me`, { headers: { authorization: `Bearer ${old}` } })).status === 401;
        await waitUntil(ended, 10_000 * LIFETIME_S, 'an access token to end');
        assert.equal((await client.users.getUserMe()).id, me);
        assert.notEqual(await tokenOf(client), old);
      }));
  }

  it('renews a token that was revoked', () =>
    withDemo([], async (demo) => {
      const client = byCredentials(demo);
      const me = (await client.users.getUserMe()).id;
      const { CLIENT_ID, CLIENT_SECRET } = demo.told;
      const body = new URLSearchParams({
        client_id: CLIENT_ID, client_secret: CLIENT_SECRET, token: await tokenOf(client),
      });
      assert.equal((await fetch(`${demo.baseUrl}/oauth2/revoke`, { method: 'POST', body })).status, 200);
      assert.equal((await client.users.getUserMe()).id, me);
      assert.ok((await counted(demo, 'requests_unauthorized')) >= 1);
    }));

  it('waits for a limit', () =>
    withDemo(['--rate-limit', String(CALLS_PER_MINUTE)], async (demo) => {
      const client = byCredentials(demo);
      for (let call = 0; call < CALLS_PER_MINUTE + 3; call += 1) await client.users.getUserMe();
      assert.ok((await counted(demo, 'requests_limited')) >= 1);
    }));
});
