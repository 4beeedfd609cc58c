// openid-client, what most Node applications use; access tokens are verified with jose against the published keys.
import { ada, assert, assertComplete, batchApplication, card, check, gateway, issuer, refusal, updatable } from './support.mjs';
import * as client from 'openid-client';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const execute = [client.allowInsecureRequests];
const json = new Headers({ 'content-type': 'application/json', accept: 'application/json' });

let registrar;
let initialToken;
let application;
let record;
let applicationToken;

const person = ada();
const redirectUri = 'http://127.0.0.1:49156/callback';
const loggedOutUri = 'https://ledger.example.com/bye';
let ledger;
let login;

const discover = (algorithm, authentication) =>
  client.discovery(issuer, gateway.client_id, undefined, authentication, { algorithm, execute });

const register = (metadata, authentication) =>
  client.dynamicClientRegistration(issuer, metadata, authentication, { initialAccessToken: initialToken, execute });

const manage = (method, body) =>
  client.fetchProtectedResource(
    application,
    record.registration_access_token,
    new URL(record.registration_client_uri),
    method,
    body,
    json,
  );

/** One login from the authorization request to the tokens. */
async function logIn(parameters) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(ledger, {
    redirect_uri: redirectUri,
    scope: 'openid profile',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...parameters,
  });
  const { callback, pages } = await person.authorize(url.href);
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return { pages, tokens: await client.authorizationCodeGrant(ledger, new URL(callback), checks) };
}

await check('discovery by OpenID Connect and by RFC 8414', async () => {
  const plain = await discover('oauth2', client.ClientSecretPost(gateway.client_secret));
  registrar = await discover('oidc', client.ClientSecretBasic(gateway.client_secret));
  assert.equal(registrar.serverMetadata().issuer, card.issuer);
  assert.equal(plain.serverMetadata().registration_endpoint, registrar.serverMetadata().registration_endpoint);
  // PKCE belongs to the authorization endpoint: announced with it, and not without it.
  const { authorization_endpoint } = registrar.serverMetadata();
  assert.equal(registrar.serverMetadata().supportsPKCE(), authorization_endpoint !== undefined);
});

await check('a token by client_secret_basic', async () => {
  const answer = await client.clientCredentialsGrant(registrar, { scope: gateway.scope });
  assert.equal(answer.scope, gateway.scope);
  initialToken = answer.access_token;
});

await check('a token by client_secret_post', async () => {
  const post = await discover('oidc', client.ClientSecretPost(gateway.client_secret));
  assert.equal((await client.clientCredentialsGrant(post, { scope: gateway.scope })).scope, gateway.scope);
});

await check('a wrong secret is invalid_client', async () => {
  for (const method of [client.ClientSecretBasic, client.ClientSecretPost]) {
    const wrong = await discover('oidc', method('wrong'));
    const { status, error } = await refusal(client.clientCredentialsGrant(wrong));
    assert.deepEqual([status, error], [401, 'invalid_client']);
  }
});

await check('registration with the token as initial access token', async () => {
  application = await register(batchApplication('Stock sync'));
  record = application.clientMetadata();
  assertComplete(record);
});

await check('a web application gets the grants that the server offers', async () => {
  const web = await register({
    client_name: 'Shop',
    application_type: 'web',
    grant_types: ['authorization_code', 'refresh_token', 'implicit'],
    response_types: ['code', 'token', 'id_token'],
    redirect_uris: ['https://shop.example.com/cb'],
  });
  assert.deepEqual(web.clientMetadata().grant_types, ['authorization_code', 'refresh_token']);
  assert.deepEqual(web.clientMetadata().response_types, ['code']);
  assert.deepEqual(web.clientMetadata().redirect_uris, ['https://shop.example.com/cb']);
  const { status, error } = await refusal(client.clientCredentialsGrant(web));
  assert.deepEqual([status, error], [400, 'unauthorized_client']);
});

await check('bad metadata is refused with the reason', async () => {
  const metadata = { grant_types: ['authorization_code'], redirect_uris: ['https://*.example.com/cb'] };
  const { status, error, description } = await refusal(register(metadata));
  assert.deepEqual([status, error], [400, 'invalid_redirect_uri']);
  assert.ok(description.length > 0);
});

await check('read, update and read again', async () => {
  assertComplete(await (await manage('GET')).json(), record.client_id);
  const answer = await manage('PUT', updatable(record, { client_name: 'Stock sync EU', contacts: ['ops@example.com'] }));
  assert.equal(answer.status, 200);
  record = await answer.json();
  assertComplete(record);
  assert.deepEqual([record.client_name, record.contacts], ['Stock sync EU', ['ops@example.com']]);
  assert.deepEqual(await (await manage('GET')).json(), record);
});

await check('a token as the registered application, verified against the published keys', async () => {
  applicationToken = (await client.clientCredentialsGrant(application)).access_token;
  const keys = createRemoteJWKSet(new URL(registrar.serverMetadata().jwks_uri));
  const { payload } = await jwtVerify(applicationToken, keys, { issuer: card.issuer, audience: record.client_id });
  assert.deepEqual([payload.client_id, payload.azp], [record.client_id, record.client_id]);
  for (const claim of ['sub', 'exp', 'iat', 'jti']) assert.ok(payload[claim] !== undefined, claim);
});

await check('introspection by the application and by the gateway', async () => {
  for (const asker of [application, registrar]) {
    const answer = await client.tokenIntrospection(asker, applicationToken);
    assert.deepEqual([answer.active, answer.client_id], [true, record.client_id]);
  }
});

await check('a revoked token is inactive', async () => {
  await client.tokenRevocation(application, applicationToken);
  assert.equal((await client.tokenIntrospection(application, applicationToken)).active, false);
  // Revoking once more, or revoking nonsense, succeeds all the same (RFC 7009 section 2.2).
  await client.tokenRevocation(application, applicationToken);
  await client.tokenRevocation(application, 'nonsense');
});

await check('delete', async () => {
  assert.equal((await manage('DELETE')).status, 204);
  assert.equal((await refusal(client.clientCredentialsGrant(application))).error, 'invalid_client');
});

await check('an application with a secret logs a person in', async () => {
  ledger = await register(
    {
      client_name: 'Ledger',
      application_type: 'native',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [loggedOutUri],
      scope: 'openid profile',
    },
    client.ClientSecretBasic(),
  );
  // ID tokens are verified against the published keys, although they came straight from the token endpoint.
  client.enableNonRepudiationChecks(ledger);
  const { pages, tokens } = await logIn();
  assert.deepEqual(pages, ['login', 'consent']);
  assert.deepEqual([tokens.token_type, tokens.scope], ['bearer', 'openid profile']);
  assert.ok(tokens.expiresIn() > 0 && tokens.refresh_token);
  login = tokens;
});

await check('a maximum age and a forced login are kept to', async () => {
  const { pages, tokens } = await logIn({ prompt: 'login', max_age: '60' });
  assert.equal(pages[0], 'login');
  const { auth_time: at, iat, sub } = tokens.claims();
  assert.ok(iat - at <= 60);
  assert.equal(sub, login.claims().sub);
});

await check('userinfo is about the person of the ID token', async () => {
  const { sub } = login.claims();
  const { name, preferred_username: username } = await client.fetchUserInfo(ledger, login.access_token, sub);
  assert.deepEqual([name, username], ['Ada', 'ada']);
});

await check('refreshing, with the secret and with another', async () => {
  const tokens = await client.refreshTokenGrant(ledger, login.refresh_token);
  assert.equal(tokens.scope, login.scope);
  assert.equal(tokens.claims().sub, login.claims().sub);
  const narrow = await client.refreshTokenGrant(ledger, login.refresh_token, { scope: 'openid' });
  assert.equal(narrow.scope, 'openid');
  const { client_id: id } = ledger.clientMetadata();
  const wrong = await client.discovery(issuer, id, undefined, client.ClientSecretBasic('wrong'), { execute });
  const { status, error } = await refusal(client.refreshTokenGrant(wrong, login.refresh_token));
  assert.deepEqual([status, error], [401, 'invalid_client']);
});

await check('logging out with the ID token of the login before is put to the person; then nobody is logged in', async () => {
  const { id_token: hint } = login;
  const parameters = { id_token_hint: hint, post_logout_redirect_uri: loggedOutUri, state: 'bye' };
  const url = client.buildEndSessionUrl(ledger, parameters);
  const { callback, pages } = await person.visit(url.href, loggedOutUri);
  assert.deepEqual([callback, pages], [`${loggedOutUri}?state=bye`, ['logout']]);
  assert.equal((await refusal(logIn({ prompt: 'none' }))).error, 'login_required');
});

await check('a revoked refresh token is invalid_grant', async () => {
  await client.tokenRevocation(ledger, login.refresh_token);
  const { status, error } = await refusal(client.refreshTokenGrant(ledger, login.refresh_token));
  assert.deepEqual([status, error], [400, 'invalid_grant']);
});
