// How the pages look: nothing that axe-core finds wrong, nothing wider than the window (WCAG 2.2, 1.4.10), on any device.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { assert, eventually, inProfile, logIn, PASSWORD, register, request, toConsent } from './support.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DEVICES = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };
const NARROWEST = { width: 320, height: 640 };
const SCHEMES = ['light', 'dark'];
const LONG = 'Pneumonoultramicroscopicsilicovolcanoconiosis'.repeat(3);

const folder = process.env.BROWSER_SCREENSHOTS && `${import.meta.dirname}/screenshots`;
if (folder) mkdirSync(folder, { recursive: true });

export default async function looks(scene) {
  const look = (name, prepare, options) =>
    scene.check(`${name} is accessible and fits, in light and dark, on desktop and phone`, () =>
      inProfile(scene, async (page) => {
        await prepare(page);
        await inspect(page, name);
      }, options));
  await atTheDoor(scene, look);
  await asking(scene, look);
  await going(scene, look);
  await owning(scene, look);
}

/**
 * Looks at the page as it is, in every way. With `again`, what only colours can change is all that is looked for where the
 * other scheme was seen at the same size.
 */
export async function inspect(page, name, again) {
  await page.evaluate(`${axe};0`);
  const wrong = [];
  for (const colorScheme of SCHEMES) {
    for (const [device, size] of Object.entries(DEVICES)) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(size);
      // Without `preload`: it would wait for requests that the pages' Content-Security-Policy forbids.
      const options = { preload: false, resultTypes: ['violations'] };
      if (again && colorScheme !== SCHEMES[0]) options.runOnly = ['color-contrast'];
      const { violations } = await page.evaluate((chosen) => globalThis.axe.run(document, chosen), options);
      for (const { id, nodes } of violations) {
        wrong.push(`${device}, ${colorScheme}: ${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
      }
      if (folder) await page.screenshot({ path: `${folder}/${name.replaceAll(/\W+/g, '-')}-${device}-${colorScheme}.png`, fullPage: true });
    }
  }
  await page.setViewportSize(NARROWEST);
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  if (content > window) wrong.push(`${content} px wide in a window of ${window} px`);
  assert.deepEqual(wrong, []);
}

/** Login, sign-up, passwords. */
async function atTheDoor(scene, look) {
  const { base } = scene;
  const asked = request(scene, await register(scene, { client_name: 'Example Desktop', redirect_uris: ['https://app.example/callback'] }));
  await look('login', (page) => page.goto(`${base}/main/login`));
  await look('login for an application', (page) => page.goto(asked.url));
  await look('login with an error', async (page) => {
    await page.goto(asked.url);
    await logIn(page, 'ada', 'wrong');
    await page.waitForSelector('#error');
  });
  await look('sign-up', async (page) => {
    await page.goto(asked.url);
    await page.click('#sign-up-link');
    await page.waitForSelector('#sign-up');
  });
  await look('sign-up with errors', async (page) => {
    await page.goto(`${base}/main/register`);
    await page.fill('#username', 'white space');
    await page.fill('#email', 'nobody');
    await page.fill('#name', LONG.repeat(4));
    await page.fill('#password', 'short');
    await submit(page, '#sign-up');
    await page.waitForSelector('#password-error');
    for (const field of ['username', 'email']) assert.equal(await page.locator(`#${field}-error`).count(), 1, field);
  });
  await look('mail notice', async (page) => {
    await page.goto(`${base}/careful/register`);
    await page.fill('#username', 'looker');
    await page.fill('#email', 'looker@example.com');
    await page.fill('#password', PASSWORD);
    await page.click('#submit-sign-up');
    await page.waitForSelector('#explanation');
  });
  await look('verified address', async (page) => {
    await page.goto(await linkIn(() => scene.mails('looker@example.com').at(-1)));
    await page.waitForSelector('#confirm-address');
  });
  await look('forgotten password', (page) => page.goto(`${base}/main/password/forgot`));
  await look('forgotten password with an error', async (page) => {
    await page.goto(`${base}/main/password/forgot`);
    await page.fill('#email', 'nobody');
    await submit(page, '#forgot');
    await page.waitForSelector('#email-error');
  });
  const reset = await linkIn(() => scene.registrar(['user', 'reset-password', 'main', 'forgetful', '--link']));
  await look('new password', (page) => page.goto(reset));
  await look('new password with an error', async (page) => {
    await page.goto(reset);
    await page.fill('#password', 'password');
    await submit(page, '#reset');
    await page.waitForSelector('#password-error');
  });
  await look('new password set', async (page) => {
    await page.goto(reset);
    await page.fill('#password', PASSWORD);
    await page.click('#submit-reset');
    await page.waitForSelector('#next');
  });
  await look('expired link', async (page) => {
    await page.goto(reset);
    await page.waitForSelector('#forgot');
  });
  const invitation = await linkIn(() => scene.registrar(['user', 'invite', 'main', '--email', 'invited@example.com']));
  await look('sign-up by invitation', (page) => page.goto(invitation));
}

/** The consent page, for every kind of application. */
async function asking(scene, look) {
  const { sites } = scene;
  const [web, loopback, app] = ['https://app.example/callback', 'http://127.0.0.1/callback', 'cursor://anysphere.cursor-mcp/oauth/callback'];
  const consent = (name, client, ids, parameters) =>
    look(name, async (page) => {
      await toConsent(page, request(scene, client, { scope: 'openid profile files:read files:write', ...parameters }));
      for (const id of ids) assert.equal(await page.locator(`#${id}`).count(), 1, `#${id} is there`);
      for (const id of ['impersonation', 'loopback-warning', 'private-use-warning', 'self-registered', 'client-host']) {
        if (!ids.includes(id)) assert.equal(await page.locator(`#${id}`).count(), 0, `#${id} is not there`);
      }
    });
  const links = { client_uri: 'https://app.example/', policy_uri: 'https://app.example/privacy', tos_uri: 'https://app.example/terms' };
  await consent('consent for a registered application', { client_id: 'notes', redirect_uris: ['https://notes.example/callback'] }, []);
  const self = await register(scene, { client_name: 'Example Web', redirect_uris: [web], ...links });
  await consent('consent for a self-registered application', self, ['self-registered', 'client-link', 'policy-link', 'tos-link']);
  const program = await register(scene, { client_name: 'Example Terminal', redirect_uris: [loopback] });
  await consent('consent for a program', program, ['self-registered', 'loopback-warning'], { redirect_uri: 'http://127.0.0.1:51234/callback' });
  const installed = await register(scene, { client_name: 'Cursor', redirect_uris: [app] });
  await consent('consent for an app', installed, ['self-registered', 'private-use-warning']);
  const claude = await register(scene, { client_name: 'Claude', redirect_uris: ['https://claude.evil.example/callback'] });
  await consent('consent for an impersonator', claude, ['self-registered', 'impersonation']);
  const document = `https://localhost:${sites.securePort}/client.json`;
  const metadata = { client_name: 'Example Document Client', redirect_uris: [web, loopback], token_endpoint_auth_method: 'none' };
  sites.pages.set('/client.json', () => ({ json: { client_id: document, ...metadata } }));
  await consent('consent for a client document', { client_id: document, redirect_uris: [web] }, ['client-host'], { scope: 'openid files:read' });
  const endless = await register(scene, { client_name: LONG, redirect_uris: [`https://${'a'.repeat(60)}.${'b'.repeat(60)}.example/callback`] });
  await consent('consent with endless names', endless, ['self-registered']);
}

/** Problems, and the way out. */
async function going(scene, look) {
  const { base } = scene;
  const client = await register(scene, { redirect_uris: ['https://app.example/callback'], client_name: 'Example Desktop' });
  const problem = (name, url, id) =>
    look(name, async (page) => {
      await page.goto(url);
      await page.waitForSelector(id);
    });
  await problem('error', request(scene, client, { redirect_uri: 'https://other.example/callback' }).url, '#error-code');
  await problem('unknown application', request(scene, { client_id: 'forgotten' }, { redirect_uri: 'https://app.example/callback' }).url, '#reconnect');
  const vscode = request(scene, { client_id: 'forgotten' }, { redirect_uri: 'https://vscode.dev/redirect' });
  await problem('unknown application of a known product', vscode.url, '#reconnect .likely');
  await problem('expired request', `${base}/main/login?interaction=long-gone`, '#error-code');
  // The page posts itself at once; it is seen while the application does not answer.
  await look('form post', async (page) => {
    await page.route('https://app.example/**', (route) => route.abort('aborted'));
    await toConsent(page, request(scene, client, { response_mode: 'form_post', prompt: 'consent' }));
    await page.click('#allow');
    await page.waitForSelector('#respond');
  });
  await look('logout question', async (page) => {
    await toAccount(scene, page, 'ada');
    await page.goto(`${base}/main/oidc/logout?client_id=${client.client_id}`);
    await page.waitForSelector('#confirm-logout');
  });
  await look('signed out', async (page) => {
    await toAccount(scene, page, 'ada');
    await page.click('#logout button');
    await page.waitForSelector('#login-link');
  });
}

/** The account page. */
async function owning(scene, look) {
  await look('account', async (page) => {
    await inProfile(scene, (other) => toAccount(scene, other, 'ada'), { userAgent: `Mozilla/5.0 ${LONG}` });
    // Whatever was checked before, there is an application.
    const client = await register(scene, { client_name: LONG, redirect_uris: ['https://app.example/callback'] });
    const allowed = request(scene, client, { response_mode: 'form_post', scope: 'openid profile files:read files:write' });
    await page.route('https://app.example/**', (route) => route.fulfill({ body: '<p id="arrived">Arrived.</p>', contentType: 'text/html' }));
    await toConsent(page, allowed);
    await page.click('#allow');
    await page.waitForSelector('#arrived');
    await page.goto(`${scene.base}/main/account`);
    assert.ok((await page.locator('#applications li[data-client-id]').count()) > 0);
    assert.ok((await page.locator('#sessions li').count()) > 1);
  });
  await look('account of somebody new', async (page) => {
    await toAccount(scene, page, 'keyboard');
    assert.equal(await page.locator('#email-unverified').count(), 1);
  });
  await look('account with a notice', async (page) => {
    await toAccount(scene, page, 'ada');
    await page.getByRole('button', { name: 'Save profile' }).click();
    await page.waitForSelector('#notice');
  });
  await look('account with errors', async (page) => {
    await toAccount(scene, page, 'ada');
    await page.fill('#current-password', 'wrong');
    await page.fill('#new-password', PASSWORD);
    await page.click('#change-password button');
    await page.waitForSelector('#current-password-error');
  });
}

async function toAccount(scene, page, username) {
  await page.goto(`${scene.base}/main/account`);
  await logIn(page, username);
  await page.waitForSelector('#sessions');
}

/** Submits what the browser's own check would stop. */
async function submit(page, selector) {
  await page.evaluate((form) => document.querySelector(form).setAttribute('novalidate', ''), selector);
  await page.locator(`${selector} button[type=submit]`).first().click();
}

async function linkIn(text) {
  return (await eventually(text, 'a link')).replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=').match(/http:\/\/\S+/)[0];
}
