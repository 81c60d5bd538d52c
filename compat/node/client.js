// The client of the v10 TypeScript SDK, pointed at a Tidings server. docs/clients.md shows the marked regions.
'use strict';

// docs:begin client
const { BoxClient, BoxDeveloperTokenAuth } = require('box-node-sdk');

// `baseUrl` is the server's own address, such as http://localhost:8080, without /2.0.
function clientFor(baseUrl, token) {
  return new BoxClient({ auth: new BoxDeveloperTokenAuth({ token }) }).withCustomBaseUrls({
    baseUrl,
    uploadUrl: baseUrl,
    oauth2Url: `${baseUrl}/oauth2`,
  });
}
// docs:end client

// docs:begin follow
// Events as they happen, by long poll: a readable stream. An administrator may follow `admin_logs_streaming` too.
function follow(client, streamPosition = 'now', streamType = 'all') {
  return client.events.getEventStream({ streamType, streamPosition: String(streamPosition) });
}
// docs:end follow

// docs:begin application
const { BoxCcgAuth, BoxJwtAuth, CcgConfig, JwtConfig } = require('box-node-sdk');

const at = (baseUrl, auth) =>
  new BoxClient({ auth }).withCustomBaseUrls({ baseUrl, uploadUrl: baseUrl, oauth2Url: `${baseUrl}/oauth2` });

// Signs in by client credentials, as the application's own service account.
function applicationClient(baseUrl, clientId, clientSecret, enterpriseId) {
  return at(baseUrl, new BoxCcgAuth({ config: new CcgConfig({ clientId, clientSecret, enterpriseId }) }));
}

// Signs in with a key pair. `tidings app keys generate` prints the file.
function jwtClient(baseUrl, configFile) {
  return at(baseUrl, new BoxJwtAuth({ config: JwtConfig.fromConfigFile(configFile) }));
}
// docs:end application

module.exports = { applicationClient, clientFor, follow, jwtClient };
