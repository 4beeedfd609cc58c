// oauth4webapi, the strictest reader of answers: discovery, tokens, registration and management, introspection, revocation.
import { ada, assert, assertComplete, batchApplication, card, check, gateway, issuer, refusal, updatable } from './support.mjs';
import * as oauth from 'oauth4webapi';

const loopback = { [oauth.allowInsecureRequests]: true };
const json = new Headers({ 'content-type': 'application/json', accept: 'application/json' });
const registrar = { client_id: gateway.client_id };
const asRegistrar = oauth.ClientSecretBasic(gateway.client_secret);

let server;
let initialToken;
let application;
let applicationToken;

const person = ada();
const redirectUri = 'https://notes.example.com/cb';
const loggedOutUri = 'https://notes.example.com/bye';
const isPublic = oauth.None();
let notes;
let login;

const discover = async (algorithm) =>
  oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...loopback }));

const token = async (client, authentication, parameters = {}) =>
  oauth.processClientCredentialsResponse(
    server,
    client,
    await oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, loopback),
  );

const register = async (metadata, initialAccessToken) =>
  oauth.processDynamicClientRegistrationResponse(
    await oauth.dynamicClientRegistrationRequest(server, metadata, { initialAccessToken, ...loopback }),
  );

const manage = (method, body) =>
  oauth.protectedResourceRequest(
    application.registration_access_token,
    method,
    new URL(application.registration_client_uri),
    json,
    body,
    loopback,
  );

const introspect = async (client, authentication, subject) =>
  oauth.processIntrospectionResponse(
    server,
    client,
    await oauth.introspectionRequest(server, client, authentication, subject, loopback),
  );

const revoke = async (client, authentication, subject) =>
  oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, subject, loopback));

/** Sends the person to the authorization endpoint; what comes back is checked as the library does, `iss` included. */
async function authorize(parameters) {
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: notes.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid email',
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...parameters,
  });
  const { callback, pages } = await person.authorize(url.href);
  return { answer: oauth.validateAuthResponse(server, notes, new URL(callback), state), verifier, nonce, pages };
}

async function redeem({ answer, verifier, nonce }) {
  const request = oauth.authorizationCodeGrantRequest;
  const response = await request(server, notes, isPublic, answer, redirectUri, verifier, loopback);
  const options = { expectedNonce: nonce, requireIdToken: true };
  const tokens = await oauth.processAuthorizationCodeResponse(server, notes, response, options);
  await oauth.validateApplicationLevelSignature(server, response, loopback);
  return tokens;
}

const refresh = async (refreshToken) => {
  const response = await oauth.refreshTokenGrantRequest(server, notes, isPublic, refreshToken, loopback);
  const tokens = await oauth.processRefreshTokenResponse(server, notes, response);
  if (tokens.id_token) await oauth.validateApplicationLevelSignature(server, response, loopback);
  return tokens;
};

const userinfo = async (accessToken, subject) =>
  oauth.processUserInfoResponse(
    server,
    notes,
    subject,
    await oauth.userInfoRequest(server, notes, accessToken, loopback),
  );

await check('discovery by OpenID Connect', async () => {
  server = await discover('oidc');
  assert.equal(server.issuer, card.issuer);
  assert.ok(server.id_token_signing_alg_values_supported.includes('RS256'));
});

await check('discovery by RFC 8414 names the same endpoints', async () => {
  const metadata = await discover('oauth2');
  for (const name of Object.keys(server).filter((name) => name.endsWith('_endpoint') || name === 'jwks_uri')) {
    assert.equal(metadata[name], server[name], name);
  }
});

await check('the discovery URL of the card is the one that was found', async () => {
  assert.equal(card.discovery_url, `${card.issuer}/.well-known/openid-configuration`);
});

await check('a token by client_secret_basic', async () => {
  const answer = await token(registrar, asRegistrar, { scope: gateway.scope });
  assert.deepEqual([answer.token_type, answer.scope], ['bearer', gateway.scope]);
  assert.ok(answer.expires_in > 0 && answer.refresh_token === undefined);
  initialToken = answer.access_token;
});

await check('a token by client_secret_post', async () => {
  const answer = await token(registrar, oauth.ClientSecretPost(gateway.client_secret), { scope: gateway.scope });
  assert.equal(answer.scope, gateway.scope);
});

await check('without a scope in the request the default scope is granted', async () => {
  assert.equal((await token(registrar, asRegistrar)).scope, gateway.scope);
});

await check('a wrong secret is invalid_client, by basic and by post', async () => {
  for (const method of [oauth.ClientSecretBasic, oauth.ClientSecretPost]) {
    const { status, error, description } = await refusal(token(registrar, method('wrong')));
    assert.deepEqual([status, error, typeof description], [401, 'invalid_client', 'string']);
  }
});

await check('a scope that was not granted is invalid_scope', async () => {
  const { status, error } = await refusal(token(registrar, asRegistrar, { scope: 'never_defined' }));
  assert.deepEqual([status, error], [400, 'invalid_scope']);
});

await check('registration with the token as initial access token', async () => {
  application = await register(batchApplication('Nightly export'), initialToken);
  assertComplete(application);
  assert.equal(application.application_type, 'backend_to_backend');
  assert.deepEqual([application.grant_types, application.response_types], [['client_credentials'], []]);
});

await check('registration never grants the registration scope', async () => {
  const other = await register({ ...batchApplication('Greedy'), scope: gateway.scope }, initialToken);
  assert.ok(!(other.scope ?? '').split(' ').includes(gateway.scope));
});

await check('registration with a bad token is invalid_token', async () => {
  const { status, error, challenges } = await refusal(register(batchApplication('Stranger'), 'not-a-token'));
  assert.deepEqual([status, error], [401, 'invalid_token']);
  assert.equal(challenges[0].scheme, 'bearer');
});

await check('a redirect URI with a fragment is invalid_redirect_uri', async () => {
  const metadata = { grant_types: ['authorization_code'], redirect_uris: ['https://app.example.com/cb#top'] };
  const { status, error } = await refusal(register(metadata, initialToken));
  assert.deepEqual([status, error], [400, 'invalid_redirect_uri']);
});

await check('read', async () => {
  const answer = await manage('GET');
  assert.equal(answer.status, 200);
  const record = await answer.json();
  assertComplete(record, application.client_id);
  assert.equal(record.registration_client_uri, application.registration_client_uri);
});

await check('update echoes the record with the change', async () => {
  const answer = await manage('PUT', updatable(application, { client_name: 'Nächtlicher Export' }));
  assert.equal(answer.status, 200);
  const record = await answer.json();
  assertComplete(record, application.client_id);
  assert.equal(record.client_name, 'Nächtlicher Export');
  assert.equal(record.client_secret, application.client_secret);
  application = record;
});

await check('an update that changes nothing is accepted and changes nothing', async () => {
  const record = await (await manage('PUT', updatable(application))).json();
  assert.deepEqual(record, application);
});

await check('a token as the registered application', async () => {
  for (const method of [oauth.ClientSecretBasic, oauth.ClientSecretPost]) {
    applicationToken = (await token(application, method(application.client_secret))).access_token;
  }
});

await check('introspection of its own token', async () => {
  const answer = await introspect(application, oauth.ClientSecretBasic(application.client_secret), applicationToken);
  assert.deepEqual([answer.active, answer.client_id], [true, application.client_id]);
  assert.ok(Number.isInteger(answer.exp));
  assert.ok(Object.values(answer).every((value) => value !== null));
});

await check('introspection by the gateway', async () => {
  assert.equal((await introspect(registrar, asRegistrar, applicationToken)).active, true);
});

await check("an application does not see another client's token", async () => {
  const answer = await introspect(application, oauth.ClientSecretBasic(application.client_secret), initialToken);
  assert.deepEqual(answer, { active: false });
});

await check('introspection of nonsense is inactive', async () => {
  assert.deepEqual(await introspect(registrar, asRegistrar, 'nonsense'), { active: false });
});

await check('introspection with a wrong secret is invalid_client', async () => {
  const { status, error } = await refusal(introspect(registrar, oauth.ClientSecretBasic('wrong'), applicationToken));
  assert.deepEqual([status, error], [401, 'invalid_client']);
});

await check('a revoked token is inactive', async () => {
  await revoke(application, oauth.ClientSecretBasic(application.client_secret), applicationToken);
  assert.deepEqual(await introspect(registrar, asRegistrar, applicationToken), { active: false });
});

await check('a revoked registration token registers nobody', async () => {
  const { access_token: subject } = await token(registrar, asRegistrar);
  await revoke(registrar, asRegistrar, subject);
  const { status, error } = await refusal(register(batchApplication('Late'), subject));
  assert.deepEqual([status, error], [401, 'invalid_token']);
});

await check('delete', async () => {
  assert.equal((await manage('DELETE')).status, 204);
  assert.equal((await refusal(manage('GET'))).status, 401);
  const { error } = await refusal(token(application, oauth.ClientSecretBasic(application.client_secret)));
  assert.equal(error, 'invalid_client');
});

await check('a public client logs a person in', async () => {
  notes = await register(
    {
      client_name: 'Notes',
      application_type: 'web',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [loggedOutUri],
      scope: 'openid email',
    },
    initialToken,
  );
  assert.deepEqual([notes.token_endpoint_auth_method, notes.client_secret], ['none', undefined]);
  const outcome = await authorize();
  assert.deepEqual(outcome.pages, ['login', 'consent']);
  login = await redeem(outcome);
  assert.equal(login.scope, 'openid email');
  assert.equal(typeof login.refresh_token, 'string');
  const { sub, auth_time: at } = oauth.getValidatedIdTokenClaims(login);
  assert.ok(sub.length > 0 && Number.isInteger(at));
});

await check('userinfo is about the person of the ID token', async () => {
  const { sub } = oauth.getValidatedIdTokenClaims(login);
  const claims = await userinfo(login.access_token, sub);
  assert.deepEqual(claims, { sub, email: 'ada@example.com', email_verified: true });
  const bare = await redeem(await authorize({ scope: 'openid' }));
  assert.deepEqual(await userinfo(bare.access_token, sub), { sub });
});

await check('userinfo refuses what is no access token of a login', async () => {
  const { status, challenges } = await refusal(userinfo(initialToken, oauth.skipSubjectCheck));
  assert.deepEqual([status, challenges[0].scheme], [403, 'bearer']);
  assert.equal(challenges[0].parameters.error, 'insufficient_scope');
});

await check('a refresh token is exchanged for another', async () => {
  const before = oauth.getValidatedIdTokenClaims(login);
  const tokens = await refresh(login.refresh_token);
  assert.notEqual(tokens.refresh_token, login.refresh_token);
  assert.notEqual(tokens.access_token, login.access_token);
  assert.equal(tokens.scope, login.scope);
  const { sub, auth_time: at } = oauth.getValidatedIdTokenClaims(tokens);
  assert.deepEqual([sub, at], [before.sub, before.auth_time]);
  login = tokens;
});

await check('a code is good for its own verifier only, and once', async () => {
  const outcome = await authorize();
  const { error } = await refusal(redeem({ ...outcome, verifier: oauth.generateRandomCodeVerifier() }));
  assert.equal(error, 'invalid_grant');
  const fresh = await authorize();
  const tokens = await redeem(fresh);
  assert.equal((await refusal(redeem(fresh))).error, 'invalid_grant');
  // A code that comes again ends what it was exchanged for (RFC 6749 section 4.1.2).
  assert.equal((await refusal(refresh(tokens.refresh_token))).error, 'invalid_grant');
});

await check('logging out leads back and ends the session, not the tokens', async () => {
  const url = new URL(server.end_session_endpoint);
  url.search = new URLSearchParams({
    id_token_hint: login.id_token,
    post_logout_redirect_uri: loggedOutUri,
    state: 'good bye',
  });
  const { callback, pages } = await person.visit(url.href, loggedOutUri);
  assert.deepEqual([new URL(callback).searchParams.get('state'), pages], ['good bye', []]);
  const { error } = await refusal(authorize({ prompt: 'none' }));
  assert.equal(error, 'login_required');
  assert.deepEqual((await authorize()).pages.slice(0, 1), ['login']);
  login = await refresh(login.refresh_token);
});

await check('revoking the refresh token ends the access token as well', async () => {
  await revoke(notes, isPublic, login.refresh_token);
  assert.equal((await refusal(refresh(login.refresh_token))).error, 'invalid_grant');
  assert.deepEqual(await introspect(registrar, asRegistrar, login.access_token), { active: false });
});
