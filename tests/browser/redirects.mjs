// After consent the answer arrives, whatever kind of address the client gave (RFC 8252 section 7, OAuth 2.0 Form Post).
import { assert, assertAnswer, eventually, inProfile, redeem, register, request, toConsent } from './support.mjs';

export default async function redirects(scene) {
  const { check, sites } = scene;
  const site = `https://localhost:${sites.securePort}`;

  await check('an https callback is reached after login and consent', async () => {
    const asked = request(scene, await register(scene, { redirect_uris: [`${site}/callback`] }));
    await inProfile(scene, async (page) => {
      await toConsent(page, asked);
      await page.click('#allow');
      await page.waitForSelector('#arrived');
      const answer = assertAnswer(scene, new URL(page.url()).search, asked);
      assert.equal((await redeem(scene, asked, answer.get('code'))).token_type, 'Bearer');
    });
    assert.equal(sites.arrived(asked.state).method, 'GET');
    // Where the person came from holds the request; it is nobody's business there.
    assert.equal(sites.arrived(asked.state).headers.referer, undefined);
  });

  for (const host of ['127.0.0.1', 'localhost']) {
    await check(`a program on this computer is reached at ${host}, on another port than it registered`, async () => {
      const client = await register(scene, { redirect_uris: [`http://${host}:1/callback`] });
      const asked = request(scene, client, { redirect_uri: `http://${host}:${sites.plainPort}/callback` });
      await inProfile(scene, async (page) => {
        await toConsent(page, asked);
        await page.click('#allow');
        await page.waitForSelector('#arrived');
        assertAnswer(scene, new URL(page.url()).search, asked);
      });
      assert.ok(sites.arrived(asked.state));
    });
  }

  for (const address of ['cursor://anysphere.cursor-mcp/oauth/callback', 'com.example.app:/done']) {
    await check(`an app that answers to ${address.split(':')[0]}: is opened with the answer`, async () => {
      const asked = request(scene, await register(scene, { redirect_uris: [address] }));
      const opened = await openedOnDevice(scene, asked, (page) => page.click('#allow'));
      assert.ok(opened.startsWith(`${address}?`), opened);
      assertAnswer(scene, new URL(opened).search, asked);
    });
  }

  await check('an app is told that the person cancelled', async () => {
    const asked = request(scene, await register(scene, { redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'] }));
    const opened = new URL(await openedOnDevice(scene, asked, (page) => page.click('#cancel')));
    assert.equal(opened.searchParams.get('error'), 'access_denied');
  });

  for (const way of ['page-to-app', 'redirect-to-app']) {
    await check(`an https callback may hand the answer on to an app (${way})`, async () => {
      const asked = request(scene, await register(scene, { redirect_uris: [`${site}/callback/${way}`] }));
      const opened = await openedOnDevice(scene, asked, (page) => page.click('#allow'));
      assert.ok(opened.startsWith('vscode://example.ext/done?'), opened);
      assertAnswer(scene, new URL(opened).search, asked);
    });
  }

  for (const javaScriptEnabled of [true, false]) {
    await check(`an answer by form post arrives ${javaScriptEnabled ? 'by itself' : 'by a click, without JavaScript'}`, async () => {
      const client = await register(scene, { redirect_uris: [`${site}/callback`] });
      const asked = request(scene, client, { response_mode: 'form_post' });
      const visit = async (page) => {
        await toConsent(page, asked);
        await page.click('#allow');
        if (!javaScriptEnabled) {
          await page.waitForSelector('#respond');
          assert.match(await page.textContent('main'), /localhost/);
          await page.click('#continue');
        }
        await page.waitForSelector('#arrived');
      };
      await inProfile(scene, visit, { javaScriptEnabled });
      const arrival = sites.arrived(asked.state);
      assert.equal(arrival.method, 'POST');
      assert.equal(arrival.url.search, '', 'nothing of it is in the address');
      assertAnswer(scene, arrival.body, asked);
    });
  }

  await check('a form post reaches a program on this computer', async () => {
    const client = await register(scene, { redirect_uris: ['http://127.0.0.1/callback'] });
    const redirect_uri = `http://127.0.0.1:${sites.plainPort}/callback`;
    const asked = request(scene, client, { response_mode: 'form_post', redirect_uri });
    await inProfile(scene, async (page) => {
      await toConsent(page, asked);
      await page.click('#allow');
      await page.waitForSelector('#arrived');
    });
    assertAnswer(scene, sites.arrived(asked.state).body, asked);
  });
}

/** What the device opened by the decision. */
async function openedOnDevice(scene, asked, decide) {
  const page = await scene.device.newPage();
  const blocked = [];
  page.on('console', (message) => /Content Security Policy/.test(message.text()) && blocked.push(message.text()));
  try {
    await toConsent(page, asked);
    await decide(page);
    const find = () => scene.opened().find((url) => url.includes(`state=${asked.state}`)) ?? blocked[0];
    const opened = await eventually(find, 'the app to be opened');
    assert.deepEqual(blocked, [], 'the browser blocks nothing');
    return opened;
  } finally {
    await page.close();
  }
}
