// The whole way of a person: an account, a login, a decision, looking after it all, and leaving.
import { assert, assertAnswer, eventually, inProfile, logIn, PASSWORD, redeem, register, request, title, toConsent } from './support.mjs';

const NEW_PASSWORD = 'a rather different pass phrase';

export default async function journeys(scene) {
  const { base, check, sites } = scene;
  const callback = `https://localhost:${sites.securePort}/callback`;
  const client = await register(scene, { redirect_uris: [callback], client_name: 'Journey' });
  const account = `${base}/main/account`;

  await check('somebody new signs up on the way, allows, and the application gets its tokens', async () => {
    const asked = request(scene, client, { scope: 'openid profile files:read offline_access' });
    await inProfile(scene, async (page) => {
      await page.goto(asked.url);
      await page.click('#sign-up-link');
      assert.match(await page.textContent('#context'), /Journey/);
      await page.fill('#username', 'newcomer');
      await page.fill('#email', 'newcomer@example.com');
      await page.fill('#name', 'New Comer');
      await page.fill('#password', PASSWORD);
      await page.click('#submit-sign-up');
      await page.waitForSelector('#consent');
      assert.match(await page.textContent('#signed-in-as'), /New Comer/);
      assert.match(await page.textContent('[data-scope="files:read"]'), /Read your files/);
      await page.click('#allow');
      await page.waitForSelector('#arrived');
      const answer = assertAnswer(scene, new URL(page.url()).search, asked);
      const tokens = await redeem(scene, asked, answer.get('code'));
      assert.ok(tokens.access_token && tokens.refresh_token && tokens.id_token, JSON.stringify(Object.keys(tokens)));
      const again = await redeem(scene, asked, answer.get('code'));
      assert.equal(again.error, 'invalid_grant', 'a code works once');
    });
  });

  await check('who allowed an https application is not asked again', async () => {
    await inProfile(scene, async (page) => {
      const asked = request(scene, client);
      await page.goto(asked.url);
      await logIn(page, 'newcomer');
      await page.waitForSelector('#arrived');
      assertAnswer(scene, new URL(page.url()).search, asked);
    });
  });

  await check('a wrong password is told, and the right one goes on', async () => {
    await inProfile(scene, async (page) => {
      const asked = request(scene, client, { prompt: 'consent' });
      await page.goto(asked.url);
      await logIn(page, 'ada', 'not the password');
      await page.waitForSelector('#error[role=alert]');
      assert.equal(await page.inputValue('#username'), 'ada');
      assert.equal(await page.inputValue('#password'), '', 'a password is not sent back');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'password');
      await page.fill('#password', PASSWORD);
      await page.click('#submit-login');
      await page.waitForSelector('#consent');
    });
  });

  await check('who cancels the login is sent back with access_denied', async () => {
    await inProfile(scene, async (page) => {
      const asked = request(scene, client);
      await page.goto(asked.url);
      await page.click('#cancel');
      await page.waitForSelector('#arrived');
      assert.equal(new URL(page.url()).searchParams.get('error'), 'access_denied');
    });
  });

  await check('another account can be used from the consent page', async () => {
    await inProfile(scene, async (page) => {
      await toConsent(page, request(scene, client, { prompt: 'consent' }));
      await page.click('#switch-account');
      await page.waitForSelector('#login');
      await logIn(page, 'grace');
      await page.waitForSelector('#consent');
      assert.match(await page.textContent('#signed-in-as'), /grace/);
    });
  });

  await check('a forgotten password is replaced by mail, and the application is reached', async () => {
    await inProfile(scene, async (page) => {
      const asked = request(scene, client, { prompt: 'consent' });
      await page.goto(asked.url);
      await page.click('#forgot-link');
      await page.fill('#email', 'grace@example.com');
      await page.click('#submit-forgot');
      await page.waitForSelector('#explanation');
      await page.goto(await linkInMail(scene, 'grace@example.com', '/password/reset'));
      await page.fill('#password', NEW_PASSWORD);
      await page.click('#submit-reset');
      await page.click('#next');
      await logIn(page, 'grace', NEW_PASSWORD);
      await page.waitForSelector('#consent');
      await page.click('#allow');
      await page.waitForSelector('#arrived');
      assertAnswer(scene, new URL(page.url()).search, asked);
    });
    await inProfile(scene, async (page) => {
      await page.goto(account);
      await logIn(page, 'grace', PASSWORD);
      await page.waitForSelector('#error');
    });
  });

  await check('where addresses are verified, the link in the mail leads on to the application', async () => {
    const careful = await register(scene, { redirect_uris: [callback], scope: 'openid' }, 'careful');
    const asked = request(scene, careful, { scope: 'openid', resource: undefined }, 'careful');
    await inProfile(scene, async (page) => {
      await page.goto(asked.url);
      await page.click('#sign-up-link');
      await page.fill('#username', 'prudent');
      await page.fill('#email', 'prudent@example.com');
      await page.fill('#password', PASSWORD);
      await page.click('#submit-sign-up');
      await page.waitForSelector('#explanation');
      await page.goto(await linkInMail(scene, 'prudent@example.com', '/verify'));
      // Whoever scans mails opens links as well; only a press confirms.
      assert.match(await title(page), /Confirm your address/);
      await page.click('#confirm');
      await page.waitForSelector('#next');
      assert.match(await title(page), /confirmed/);
      await page.click('#next');
      await logIn(page, 'prudent');
      await page.waitForSelector('#consent');
      await page.click('#allow');
      await page.waitForSelector('#arrived');
      assertAnswer(scene, new URL(page.url()).search, asked);
    });
  });

  await check('an invitation leads to an account', async () => {
    const printed = await scene.registrar(['user', 'invite', 'main', '--email', 'guest@example.com']);
    const link = printed.match(/http:\/\/\S+/)[0];
    await inProfile(scene, async (page) => {
      await page.goto(link);
      assert.equal(await page.inputValue('#email'), 'guest@example.com');
      await page.fill('#username', 'guest');
      await page.fill('#password', PASSWORD);
      await page.click('#submit-sign-up');
      await page.waitForSelector('#profile-section');
      assert.equal(await page.locator('#email-verified').count(), 1, 'whoever has the link reads that mail');
    });
  });

  await accountPage(scene, client, account);
  await leaving(scene, callback);
}

async function accountPage(scene, client, account) {
  const { base, check } = scene;

  await check('the account page shows the session, ends another one and removes an application', async () => {
    await inProfile(scene, (elsewhere) => inProfile(scene, async (page) => {
      await elsewhere.goto(account);
      await logIn(elsewhere, 'newcomer');
      await elsewhere.waitForSelector('#sessions');
      await page.goto(account);
      await logIn(page, 'newcomer');
      await page.waitForSelector('#sessions');
      const others = page.locator('#sessions li:not(.current)');
      const before = await others.count();
      assert.ok(before >= 1, 'the other session is listed');
      assert.equal(await page.locator('#sessions li.current').count(), 1);
      await others.first().getByRole('button', { name: /^End session/ }).click();
      await page.waitForSelector('#notice[role=status]');
      assert.equal(await others.count(), before - 1);
      if (await page.locator('#end-other-sessions').count()) await page.click('#end-other-sessions button');
      await elsewhere.goto(account);
      await elsewhere.waitForSelector('#login');
      const connected = page.locator(`#applications [data-client-id="${client.client_id}"]`);
      assert.match(await connected.textContent(), /Journey/);
      await connected.getByRole('button', { name: /Remove access of Journey/ }).click();
      await page.waitForSelector('#notice');
      assert.equal(await connected.count(), 0);
      // It has to ask again.
      await page.goto(request(scene, client).url);
      await page.waitForSelector('#consent');
    }));
  });

  await check('the account page changes profile and password', async () => {
    await inProfile(scene, async (page) => {
      await page.goto(account);
      await logIn(page, 'newcomer');
      await page.fill('#profile #name', 'Another Name');
      await page.getByRole('button', { name: 'Save profile' }).click();
      await page.waitForSelector('#notice');
      assert.equal(await page.inputValue('#name'), 'Another Name');
      await page.fill('#current-password', 'wrong');
      await page.fill('#new-password', NEW_PASSWORD);
      await page.click('#change-password button');
      await page.waitForSelector('#current-password-error');
      await page.fill('#current-password', PASSWORD);
      await page.fill('#new-password', NEW_PASSWORD);
      await page.click('#change-password button');
      await page.waitForSelector('#notice');
      await page.click('#logout button');
      assert.match(await title(page), /signed out/i);
      await page.goto(account);
      await logIn(page, 'newcomer', NEW_PASSWORD);
      await page.waitForSelector('#sessions');
    });
  });

  await check('an account is deleted by its owner, with the password only', async () => {
    await inProfile(scene, async (page) => {
      await page.goto(account);
      await logIn(page, 'newcomer', NEW_PASSWORD);
      await page.fill('#delete-password', 'wrong');
      await page.click('#delete-account button');
      await page.waitForSelector('#delete-password-error');
      await page.fill('#delete-password', NEW_PASSWORD);
      await page.click('#delete-account button');
      await page.waitForSelector('#next');
      assert.match(await title(page), /deleted/);
      await page.goto(`${base}/main/login`);
      await logIn(page, 'newcomer', NEW_PASSWORD);
      await page.waitForSelector('#error');
    });
  });
}

async function leaving(scene, callback) {
  const { base, check } = scene;
  const bye = callback.replace('/callback', '/callback/bye');
  const client = await register(scene, { redirect_uris: [callback], post_logout_redirect_uris: [bye], client_name: 'Leaving' });
  const logout = (parameters) => `${base}/main/oidc/logout?${new URLSearchParams(parameters)}`;

  await check('a client that says whose session it is logs the person out and gets them back', async () => {
    await inProfile(scene, async (page) => {
      const asked = request(scene, client);
      await toConsent(page, asked);
      await page.click('#allow');
      await page.waitForSelector('#arrived');
      const { id_token } = await redeem(scene, asked, new URL(page.url()).searchParams.get('code'));
      await page.goto(logout({ id_token_hint: id_token, post_logout_redirect_uri: bye, state: 'bye' }));
      assert.equal(page.url(), `${bye}?state=bye`);
      await page.goto(`${base}/main/account`);
      await page.waitForSelector('#login');
    });
  });

  await check('any other request to log out is put to the person', async () => {
    await inProfile(scene, async (page) => {
      await page.goto(`${base}/main/account`);
      await logIn(page, 'ada');
      await page.waitForSelector('#sessions');
      await page.goto(logout({ client_id: client.client_id, post_logout_redirect_uri: bye }));
      assert.match(await page.textContent('#explanation'), /Leaving.*Ada Lovelace/s);
      await page.goto(`${base}/main/account`);
      await page.waitForSelector('#sessions', { timeout: 2_000 });
      await page.goBack();
      await page.click('#confirm-logout');
      await page.waitForSelector('#confirm-logout', { state: 'detached' });
      assert.ok(page.url().startsWith(`${base}/`), 'nobody is sent on at the word of a client that registered itself');
      await page.goto(`${base}/main/account`);
      await page.waitForSelector('#login');
    });
  });
}

/** The newest link to a path that an address was sent. */
async function linkInMail(scene, address, path) {
  const text = await eventually(() => scene.mails(address).findLast((mail) => mail.includes(path)), `a mail to ${address}`);
  const joined = text.replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=');
  const link = joined.match(/https?:\/\/\S+/g).find((url) => url.includes(path));
  assert.ok(link, text);
  return link;
}
