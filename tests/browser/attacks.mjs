// What a hostile page, application or name tries in a person's browser (RFC 9700 sections 4.7, 4.16; RFC 6819 section 5.2).
import { assert, eventually, inProfile, logIn, PASSWORD, register, request, title, toConsent } from './support.mjs';

const MARK = 'attacked';
const MARKUP = `<img src=x onerror="document.title='${MARK}'"><script>document.title='${MARK}'</script>`;

export default async function attacks(scene) {
  await forgery(scene);
  await framing(scene);
  await markup(scene);
  await cookies(scene);
}

async function forgery(scene) {
  const { base, check, sites } = scene;
  // A page of another site, and one of the same site (ports make no site), with which the browser sends the cookie.
  const origins = [`http://localhost:${sites.plainPort}`, `http://127.0.0.1:${sites.plainPort}`];

  await check('forms of other pages are refused, and nothing is done', async () => {
    await inProfile(scene, async (page) => {
      await page.goto(`${base}/main/account`);
      await logIn(page, 'ada');
      await page.waitForSelector('#sessions');
      await toConsent(page, request(scene, await register(scene, { redirect_uris: [`${origins[0]}/callback`] })));
      const interaction = await page.inputValue('[name=interaction]');
      const forms = {
        login: { username: 'mallory', password: PASSWORD },
        register: { username: 'forged', email: 'forged@example.com', password: PASSWORD },
        consent: { interaction, decision: 'allow' },
        account: { action: 'logout' },
        'password/forgot': { email: 'ada@example.com' },
        'password/reset': { token: 'x', password: PASSWORD },
      };
      for (const origin of origins) {
        for (const [path, fields] of Object.entries(forms)) {
          sites.pages.set('/forge', () => ({ html: form(`${base}/main/${path}`, fields) }));
          await page.goto(`${origin}/forge`);
          const [response] = await Promise.all([page.waitForNavigation(), page.click('button')]);
          assert.equal(response.status(), 403, `${path} from ${origin}`);
          assert.equal(await page.textContent('#error-code'), 'cross_site_request');
          assert.match(await title(page), /not allowed/);
        }
      }
      await page.goto(`${base}/main/consent?interaction=${interaction}`);
      await page.waitForSelector('#consent');
      await page.goto(`${base}/main/account`);
      assert.equal(await page.textContent('#account-username'), 'ada', 'nobody was logged out or in');
      assert.deepEqual(scene.mails('ada@example.com'), []);
    });
  });
}

async function framing(scene) {
  const { base, check, sites } = scene;

  await check('no page can be framed', async () => {
    await inProfile(scene, async (page) => {
      const asked = request(scene, await register(scene, { redirect_uris: [`http://localhost:${sites.plainPort}/callback`] }));
      await toConsent(page, asked);
      const consent = page.url();
      for (const origin of [`http://localhost:${sites.plainPort}`, `http://127.0.0.1:${sites.plainPort}`]) {
        for (const url of [`${base}/main/login`, `${base}/main/account`, consent, asked.url, `${base}/main/oidc/logout`]) {
          sites.pages.set('/frame', () => ({ html: `<!doctype html><iframe src="${url.replaceAll('&', '&amp;')}"></iframe>` }));
          await page.goto(`${origin}/frame`, { waitUntil: 'load' });
          const frame = page.frames()[1];
          await eventually(() => frame.url().startsWith('chrome-error:'), `${url} not to be shown in a frame`, 4_000);
          assert.equal(await frame.locator('#title').count(), 0);
        }
      }
      // What is not forbidden is framed, so that the above means something.
      sites.pages.set('/frame', () => ({ html: `<!doctype html><iframe src="/app"></iframe>` }));
      await page.goto(`http://localhost:${sites.plainPort}/frame`, { waitUntil: 'load' });
      assert.equal(await page.frames()[1].locator('#arrived').count(), 1);
    });
  });
}

async function markup(scene) {
  const { base, check, sites } = scene;
  const callback = `https://localhost:${sites.securePort}/callback`;

  await check('names of applications, scopes and people are shown as text', async () => {
    await watched(scene, async (page) => {
      const client = await register(scene, { client_name: MARKUP, redirect_uris: [callback], scope: 'openid files:xss' });
      await toConsent(page, request(scene, client, { scope: 'openid files:xss' }), 'mallory');
      assert.match(await page.textContent('#client-name'), /<img src=x onerror=/);
      assert.match(await page.textContent('[data-scope="files:xss"]'), /<img .*<script>/s);
      assert.match(await page.textContent('#signed-in-as'), /<img src=x onerror=/);
      await page.click('#allow');
      await page.waitForSelector('#arrived');
      await page.goto(`${base}/main/account`);
      assert.match(await page.textContent('#applications'), /<img src=x onerror=/);
      assert.match(await page.inputValue('#name'), /<img src=x onerror=/);
      // The browser names itself in the list of sessions.
    }, { userAgent: `Mozilla/5.0 ${MARKUP} Chrome/150.0` });
  });

  await check('addresses that would run code are not linked', async () => {
    for (const member of ['client_uri', 'policy_uri', 'tos_uri', 'logo_uri']) {
      const response = await fetch(`${base}/main/oidc/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          client_name: `Links ${member}`,
          redirect_uris: [callback],
          token_endpoint_auth_method: 'none',
          [member]: `javascript:document.title='${MARK}'`,
        }),
      });
      const record = await response.json();
      if (response.status === 400) {
        assert.equal(record.error, 'invalid_client_metadata', JSON.stringify(record));
        continue;
      }
      await watched(scene, async (page) => {
        await toConsent(page, request(scene, record, { scope: 'openid', resource: undefined }));
        assert.equal(await page.locator('[href^="javascript:" i], [src^="javascript:" i]').count(), 0, member);
      });
    }
  });

  await check('the whole host that an answer goes to is shown, for its end says whose it is', async () => {
    await watched(scene, async (page) => {
      const host = `claude.ai.${'a'.repeat(60)}.${'b'.repeat(60)}.evil.example`;
      await toConsent(page, request(scene, await register(scene, { redirect_uris: [`https://${host}/callback`] })));
      assert.equal(await page.textContent('#redirect-host'), host);
    });
  });

  await check('links of an application open without access to our page', async () => {
    await watched(scene, async (page, context) => {
      const client_uri = `https://localhost:${sites.securePort}/home`;
      await toConsent(page, request(scene, await register(scene, { redirect_uris: [callback], client_uri })));
      const [opened] = await Promise.all([context.waitForEvent('page'), page.click('#client-link')]);
      await opened.waitForSelector('#arrived');
      assert.equal(await opened.evaluate(() => `${window.opener}|${document.referrer}`), 'null|');
    });
  });

  await check('what an address says is shown as text', async () => {
    await watched(scene, async (page) => {
      const client = await register(scene, { redirect_uris: [callback] });
      const lures = [
        request(scene, client, { client_id: MARKUP }).url,
        request(scene, client, { redirect_uri: `https://evil.example/${MARKUP}` }).url,
        `${base}/main/login?interaction=${encodeURIComponent(MARKUP)}`,
        `${base}/main/password/reset?token=${encodeURIComponent(MARKUP)}`,
        `${base}/main/oidc/logout?post_logout_redirect_uri=${encodeURIComponent(`javascript:${MARKUP}`)}&state=${encodeURIComponent(MARKUP)}`,
      ];
      for (const lure of lures) {
        await page.goto(lure);
        await page.waitForSelector('#title');
        assert.equal(new URL(page.url()).origin, base, 'nobody is sent away');
      }
      await page.goto(request(scene, client, { login_hint: `"${MARKUP}` }).url);
      await page.waitForSelector('#login');
      await logIn(page, `"${MARKUP}`, 'x');
      await page.waitForSelector('#error');
      assert.equal(await page.inputValue('#username'), `"${MARKUP}`);
    });
  });

  await check('what a client sends along is posted back as it was', async () => {
    await watched(scene, async (page) => {
      const client = await register(scene, { redirect_uris: [callback] });
      const state = `"${MARKUP}`;
      await toConsent(page, request(scene, client, { response_mode: 'form_post', state }));
      await page.click('#allow');
      await page.waitForSelector('#arrived');
      assert.ok(sites.arrived(state));
    });
  });
}

async function cookies(scene) {
  const { base, check } = scene;

  await check('the session is out of reach of scripts and other sites', async () => {
    await inProfile(scene, async (page, context) => {
      await page.goto(`${base}/main/account`);
      assert.deepEqual(await context.cookies(), [], 'who is not logged in has no cookie');
      await logIn(page, 'ada');
      await page.waitForSelector('#sessions');
      const [cookie, ...more] = await context.cookies();
      assert.deepEqual(more, []);
      const { name, httpOnly, sameSite, secure, path, domain } = cookie;
      const expected = { name: 'registrar-main', httpOnly: true, sameSite: 'Lax', secure: false, path: '/', domain: '127.0.0.1' };
      assert.deepEqual({ name, httpOnly, sameSite, secure, path, domain }, expected);
      assert.equal(await page.evaluate(() => document.cookie), '');
      await page.click('#logout button');
      await page.waitForSelector('#title');
      assert.deepEqual(await context.cookies(), [], 'it is gone with the session');
      // A copy of it does not bring the session back.
      await context.addCookies([cookie]);
      await page.goto(`${base}/main/account`);
      await page.waitForSelector('#login');
    });
  });

  await check('over https the cookie is bound to the host', async () => {
    await scene.overHttps(async (secure) => {
      await inProfile(scene, async (page, context) => {
        await page.goto(`${secure}/main/account`);
        await logIn(page, 'ada');
        await page.waitForSelector('#sessions');
        const [{ name, httpOnly, sameSite, secure: confidential, path }] = await context.cookies();
        const expected = { name: '__Host-registrar-main', httpOnly: true, sameSite: 'Lax', confidential: true, path: '/' };
        assert.deepEqual({ name, httpOnly, sameSite, confidential, path }, expected);
      });
    });
  });
}

/** A profile in which nothing that strangers wrote may run, open a dialog, or be stopped by the last line of defence only. */
async function watched(scene, body, options) {
  await inProfile(scene, async (page, context) => {
    const alarms = [];
    page.on('dialog', (dialog) => alarms.push(`dialog ${dialog.message()}`) && dialog.dismiss());
    page.on('console', (message) => /Content Security Policy/.test(message.text()) && alarms.push(message.text()));
    page.on('load', async () => alarms.push(...((await page.title().catch(() => '')) === MARK ? ['a script ran'] : [])));
    await body(page, context);
    assert.notEqual(await page.title(), MARK);
    assert.deepEqual(alarms, []);
  }, options);
}

function form(action, fields) {
  const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`);
  return `<!doctype html><form method="post" action="${action}">${inputs.join('')}<button>Win</button></form>`;
}
