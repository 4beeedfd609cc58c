// What the checks share: named checks, the protocol by hand, and the deeds of a person at a browser.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';

export { assert };

export const PASSWORD = 'correct horse battery staple';
export const RESOURCE = 'https://mcp.example/files';

/** Waits until `find` gives something; for what happens beside the page. */
export async function eventually(find, what, patience = 8_000) {
  for (const end = Date.now() + patience; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 40))) {
    const found = await find();
    if (found) return found;
  }
  return assert.fail(`waited in vain for ${what}`);
}

let registered = 0;

/** Registers a client openly and gives its record. Its name is its own: the same metadata again is the same client. */
export async function register(scene, metadata, domain = 'main') {
  const response = await fetch(`${scene.base}/${domain}/oidc/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: `Example ${(registered += 1)}`,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'openid profile files:read files:write offline_access',
      ...metadata,
    }),
  });
  const record = await response.json();
  assert.equal(response.status, 201, JSON.stringify(record));
  return record;
}

/** An authorization request with PKCE: its URL, and what is needed to redeem the code. */
export function request(scene, client, parameters = {}, domain = 'main') {
  const [verifier, state] = [randomBytes(32).toString('base64url'), randomBytes(12).toString('base64url')];
  const query = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: client.redirect_uris?.[0],
    scope: 'openid files:read',
    resource: RESOURCE,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  };
  for (const name of Object.keys(query)) if (query[name] === undefined) delete query[name];
  const url = `${scene.base}/${domain}/oauth/authorize?${new URLSearchParams(query)}`;
  return { url, verifier, state, client, domain, redirectUri: query.redirect_uri };
}

/** Redeems a code. */
export async function redeem(scene, asked, code) {
  const response = await fetch(`${scene.base}/${asked.domain}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: asked.redirectUri,
      client_id: asked.client.client_id,
      code_verifier: asked.verifier,
    }),
  });
  return { status: response.status, ...(await response.json()) };
}

/** The answer of an authorization request is complete (RFC 6749 section 4.1.2, RFC 9207 section 2). */
export function assertAnswer(scene, parameters, asked) {
  const answer = new URLSearchParams(parameters);
  assert.ok(answer.get('code'), `it carries a code: ${[...answer.keys()]}, ${answer.get('error_description')}`);
  assert.equal(answer.get('state'), asked.state, 'its state is that of the request');
  assert.equal(answer.get('iss'), `${scene.base}/${asked.domain}/oidc`, 'it names the issuer');
  return answer;
}

export async function logIn(page, username, password = PASSWORD) {
  await page.fill('#username', username);
  await page.fill('#password', password);
  await page.click('#submit-login');
}

/** Opens an authorization request, logs in, and stands on the consent page. */
export async function toConsent(page, asked, username = 'ada') {
  await page.goto(asked.url);
  if (await page.locator('#login').count()) await logIn(page, username);
  await page.waitForSelector('#consent');
}

export async function title(page) {
  return (await page.textContent('#title')).trim();
}

/** A new browser profile for the time of `body`. */
export async function inProfile(scene, body, options = {}) {
  const context = await scene.browser.newContext({ ignoreHTTPSErrors: true, ...options });
  context.setDefaultTimeout(10_000);
  try {
    return await body(await context.newPage(), context);
  } finally {
    await context.close();
  }
}
