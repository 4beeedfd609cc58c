// What a page of another origin may read (Fetch section 3.2): the protocol's endpoints, and nothing that people see.
import { assert, assertAnswer, inProfile, logIn, register, request, toConsent } from './support.mjs';

const VERSION = { 'MCP-Protocol-Version': '2025-11-25' };

export default async function origins(scene) {
  const { base, card, check, sites } = scene;
  // `localhost` and `127.0.0.1` are different sites.
  const elsewhere = `http://localhost:${sites.plainPort}`;

  await check('a page of another origin reads discovery and keys, with its own header', async () => {
    await inProfile(scene, async (page) => {
      await page.goto(`${elsewhere}/app`);
      for (const path of [
        '/.well-known/oauth-authorization-server/main/oidc',
        '/.well-known/openid-configuration/main/oidc',
        '/main/oidc/.well-known/openid-configuration',
        '/main/oidc/.well-known/oauth-authorization-server',
      ]) {
        const answer = await fetchIn(page, `${base}${path}`, { headers: VERSION });
        assert.equal(answer.status, 200, path);
        assert.equal(answer.json.issuer, card.issuer);
      }
      const keys = await fetchIn(page, `${base}/main/oidc/.well-known/jwks.json`, { headers: VERSION });
      assert.ok(keys.json.keys.length > 0);
      // Clients go on to the next form of the address only if they can read that there is nothing at this one.
      const nothing = await fetchIn(page, `${base}/.well-known/oauth-authorization-server/nowhere`, { headers: VERSION });
      assert.equal(nothing.status, 404);
    });
  });

  await check('a page of another origin registers, redeems its code, refreshes and reads about the person', async () => {
    await inProfile(scene, async (page) => {
      await page.goto(`${elsewhere}/app`);
      const metadata = { client_name: 'Page', redirect_uris: [`${elsewhere}/callback`], token_endpoint_auth_method: 'none' };
      const registered = await postIn(page, `${base}/main/oidc/register`, JSON.stringify(metadata), 'application/json');
      assert.equal(registered.status, 201, JSON.stringify(registered));
      const asked = request(scene, registered.json, { scope: 'openid profile offline_access', resource: undefined });
      await toConsent(page, asked);
      await page.click('#allow');
      await page.waitForSelector('#arrived');
      const code = assertAnswer(scene, new URL(page.url()).search, asked).get('code');
      const { client_id } = registered.json;
      const token = (parameters) => postIn(page, `${base}/main/oauth/token`, new URLSearchParams({ client_id, ...parameters }).toString());
      const redirect_uri = asked.redirectUri;
      const tokens = await token({ grant_type: 'authorization_code', code, redirect_uri, code_verifier: asked.verifier });
      assert.equal(tokens.status, 200, JSON.stringify(tokens.json));
      const fresh = await token({ grant_type: 'refresh_token', refresh_token: tokens.json.refresh_token });
      assert.equal(fresh.status, 200, JSON.stringify(fresh.json));
      const authorization = `Bearer ${fresh.json.access_token}`;
      const person = await fetchIn(page, `${base}/main/oidc/userinfo`, { headers: { authorization, ...VERSION } });
      assert.equal(person.json.name, 'Ada Lovelace');
      const revoked = await postIn(page, `${base}/main/oauth/revoke`, new URLSearchParams({ client_id, token: fresh.json.refresh_token }).toString());
      assert.equal(revoked.status, 200);
    });
  });

  await check('a page of another origin reads errors and challenges', async () => {
    await inProfile(scene, async (page) => {
      await page.goto(`${elsewhere}/app`);
      const registration = await postIn(page, `${base}/main/oidc/register`, '{"redirect_uris":["javascript:x"]}', 'application/json');
      assert.equal(registration.status, 400);
      assert.equal(registration.json.error, 'invalid_redirect_uri');
      const body = 'grant_type=client_credentials';
      const headers = { authorization: `Basic ${btoa('nobody:nothing')}`, 'content-type': 'application/x-www-form-urlencoded', ...VERSION };
      const token = await fetchIn(page, `${base}/main/oauth/token`, { method: 'POST', body, headers });
      assert.deepEqual([token.status, token.json.error], [401, 'invalid_client']);
      assert.match(token.challenge, /^Basic /);
      const grant = await postIn(page, `${base}/main/oauth/token`, 'grant_type=authorization_code&code=x&client_id=nobody');
      assert.ok(grant.status >= 400 && grant.json.error, JSON.stringify(grant));
      const userinfo = await fetchIn(page, `${base}/main/oidc/userinfo`, { headers: { authorization: 'Bearer x', ...VERSION } });
      assert.equal(userinfo.status, 401);
      assert.match(userinfo.challenge, /^Bearer .*invalid_token/);
    });
  });

  await check('a page of another origin reads nothing of the authorization endpoint and the pages', async () => {
    await inProfile(scene, async (page) => {
      await page.goto(`${base}/main/account`);
      await logIn(page, 'ada');
      await page.waitForSelector('#sessions');
      const asked = request(scene, await register(scene, { redirect_uris: [`${elsewhere}/callback`] }));
      // The second origin is of the same site, so that the cookie is sent along.
      for (const origin of [elsewhere, `http://127.0.0.1:${sites.plainPort}`]) {
        await page.goto(`${origin}/app`);
        const paths = ['login', 'register', 'account', 'password/forgot', 'oidc/logout', 'oauth/introspect'];
        for (const url of [asked.url, ...paths.map((path) => `${base}/main/${path}`)]) {
          for (const credentials of ['omit', 'include']) {
            const answer = await fetchIn(page, url, { credentials });
            assert.match(answer.failed ?? 'it is readable', /Failed to fetch/, `${url} from ${origin}`);
          }
        }
        // Nor do the readable ones know who asks: an answer for everybody does not go with credentials.
        const answer = await fetchIn(page, card.discovery_url, { credentials: 'include' });
        assert.match(answer.failed ?? 'it is readable', /Failed to fetch/);
      }
    });
  });
}

/** A request by the page's own script: what the script can read of the answer. */
function fetchIn(page, url, init = {}) {
  return page.evaluate(async ([to, options]) => {
    try {
      const response = await fetch(to, options);
      const text = await response.text();
      const json = /json/.test(response.headers.get('content-type')) ? JSON.parse(text) : undefined;
      return { status: response.status, challenge: response.headers.get('www-authenticate'), json };
    } catch (error) {
      return { failed: error.message };
    }
  }, [url, init]);
}

function postIn(page, url, body, type = 'application/x-www-form-urlencoded') {
  return fetchIn(page, url, { method: 'POST', body, headers: { 'content-type': type, ...VERSION } });
}
