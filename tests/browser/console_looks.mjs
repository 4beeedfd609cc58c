// How the pages of the console look: every page that src/routes/console.rs has, on any device, in light and dark.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { APPLICATIONS, Apim, enter, press, refusals } from './administration.mjs';
import { inspect } from './looks.mjs';
import { assert, eventually, inProfile, logIn, PASSWORD, redeem, register, request } from './support.mjs';

const ROUTES = `${import.meta.dirname}/../../src/routes/console.rs`;
const DOMAIN = 'retail';
const at = `/console/domains/${DOMAIN}`;
// What answers a GET with something else than a page.
const NO_PAGE = [/\/export$/, /\/preview\.css$/, /^\/console$/, /^\/console\/second-factor$/];
// A form that is shown again has the status of its refusal, which the browser notes.
const REFUSED = /^Failed to load resource: .* status of 422/;
// Pictures of the manual, each at most this many bytes.
const PICTURES = `${import.meta.dirname}/../../docs/images`;
const PICTURE_SIZE = 200_000;
// A page waits for the server most of the time.
const AT_ONCE = 3;
const PHONE = { width: 360, height: 740 };
const LOW = { width: 1280, height: 640 };

export default async function looks(scene) {
  const owner = await inProfile(scene, async (page, context) => {
    await enter(page, scene);
    return context.storageState();
  });
  const signedIn = (body) => inProfile(scene, body, { storageState: owner });
  const places = {};
  await scene.check('the pages have something to show', () => signedIn((page) => furnish(scene, page, places)));

  const look = (name, prepare, state = owner) =>
    scene.check(`${name} is accessible and fits, in light and dark, on desktop and phone, and the browser complains of nothing`, () =>
      inProfile(scene, async (page) => {
        const complaints = [];
        page.on('console', (message) => { if (message.type() === 'error' && !REFUSED.test(message.text())) complaints.push(message.text()); });
        page.on('pageerror', (error) => complaints.push(error.message));
        await prepare(page);
        await inspect(page, `console ${name}`, true);
        await page.setViewportSize(PHONE);
        assert.deepEqual(await outOfReach(page), []);
        assert.deepEqual(complaints, []);
      }, { storageState: state }));
  const nobody = { cookies: [], origins: [] };

  const paths = pagePaths();
  const next = async () => {
    for (let path = paths.shift(); path; path = paths.shift()) await one(path);
  };
  const one = async (path) => {
    const url = path.replaceAll(/\{(\w+)\}/g, (_, name) => places[name] ?? `{${name}}`);
    const name = path.replace('/console/', '').replaceAll(/[{}]/g, '');
    await look(name, async (page) => {
      assert.ok(!url.includes('{'), `there is none to look at: ${url}`);
      const answer = await page.goto(`${scene.base}${url}`);
      assert.equal(answer.status(), 200, url);
      assert.equal(new URL(page.url()).pathname, decodeURI(url), 'it is this page');
      assert.equal(await page.locator('h1').count(), 1);
    }, path === '/console/login' ? nobody : owner);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  await special(scene, look, places);
  await inSight(scene, signedIn, places);
  if (process.env.BROWSER_SCREENSHOTS) await scene.check('the pictures of the manual are taken', () => signedIn((page) => pictures(scene, page, places)));
}

/** The pages, by the list that the server is made from. */
function pagePaths() {
  const routes = readFileSync(ROUTES, 'utf8').matchAll(/path: "(\/console\/[^"]*)", handler: \|\| get\(/g);
  const paths = [...routes].map(([, path]) => path).filter((path) => !NO_PAGE.some((pattern) => pattern.test(path)));
  assert.ok(paths.length > 40, `${paths.length} pages`);
  return paths;
}

/** Applications of every origin, a person, what goes well and what fails; `places` learns what paths are filled with. */
async function furnish(scene, page, places) {
  const { base, sites } = scene;
  const callback = `https://localhost:${sites.securePort}/callback`;
  const apim = new Apim(`${base}/${DOMAIN}/oidc/.well-known/openid-configuration`, 'apim-production', PASSWORD);
  for (const metadata of [APPLICATIONS.export, APPLICATIONS.shop, APPLICATIONS.field]) await apim.create(metadata);
  const { client_id: crm } = await apim.create(APPLICATIONS.crm);
  await apim.update(crm, { redirect_uris: [...APPLICATIONS.crm.redirect_uris, 'https://crm.example.com/silent'] });
  for (const client_name of ['Cursor', 'Visual Studio Code', 'Inspector']) {
    await register(scene, { client_name, redirect_uris: ['http://127.0.0.1/callback'], scope: undefined }, DOMAIN);
  }
  const desk = await register(scene, { client_name: 'Desk', redirect_uris: [callback], scope: undefined }, DOMAIN);
  const good = await connect(scene, request(scene, desk, { scope: 'files:read' }, DOMAIN));
  const [, refused] = [good, request(scene, desk, { redirect_uri: 'https://other.example/callback' }, DOMAIN)];
  await fetch(refused.url);
  Object.assign(places, { domain: DOMAIN, client_id: crm, scope: 'files:read', policy: 'gateway' });

  const first = async (path, selector = 'main .row-link') => {
    await page.goto(`${base}${path}`);
    const href = await page.locator(selector).first().getAttribute('href', { timeout: 3_000 }).catch(() => '');
    return href.split('/').at(-1);
  };
  places.policy = (await first(`${at}/registration/policies`)) || undefined;
  places.user_id = await first(`${at}/users`);
  places.administrator_id = await first('/console/administrators');
  await eventually(async () => (places.attempt = await first(`${at}/traces`)), 'a trace');
  places.kid = await first(`${at}/keys`, 'main a[href$="/revoke"]').then(async () => {
    const href = await page.locator('main a[href$="/revoke"]').first().getAttribute('href', { timeout: 1_000 }).catch(() => '');
    return href.split('/').at(-2);
  });
  await page.goto(`${base}${at}/mcp-servers/new`);
  await page.fill('#name', 'Orders');
  await page.fill('#identifiers', `https://localhost:${sites.securePort}/orders/mcp`);
  await press(page, '#create');
  assert.equal(await refusals(page), '');
  const [challenge, place, document] = await Promise.all(['challenge', 'place', 'document'].map((id) => page.textContent(`#${id}-0`)));
  sites.pages.set('/orders/mcp', () => ({ challenge }));
  sites.pages.set(new URL(place).pathname, () => ({ json: JSON.parse(document) }));
  places.resource_id = (await page.locator('#to-mcp-server').getAttribute('href')).split('/').at(-1);
}

async function connect(scene, asked) {
  return inProfile(scene, async (page) => {
    await page.goto(asked.url);
    await logIn(page, 'ada');
    await page.waitForSelector('#consent');
    await page.click('#allow');
    await page.waitForSelector('#arrived');
    const tokens = await redeem(scene, asked, new URL(page.url()).searchParams.get('code'));
    assert.equal(tokens.status, 200, JSON.stringify(tokens));
    return tokens;
  });
}

/** What one has to scroll sideways for: the page as a whole, and what can be done to the rows of a table. */
function outOfReach(page) {
  return page.evaluate(() => {
    const outside = (element) => {
      const { left, right } = element.getBoundingClientRect();
      return left < 0 || right > innerWidth;
    };
    const controls = [...document.querySelectorAll('main tbody :is(a, button, input:not([type="hidden"]))')].filter(outside);
    const wide = document.documentElement.scrollWidth > innerWidth ? ['the page'] : [];
    return [...wide, ...controls.map((control) => control.textContent.trim() || control.name)];
  });
}

/** What stays in sight on a small screen, and the menu of a phone. */
async function inSight(scene, signedIn, places) {
  const { base } = scene;
  const seen = async (page, selector) => {
    const boxes = await page.locator(selector).evaluateAll((elements) => elements.map((element) => element.getBoundingClientRect().toJSON()));
    const { width, height } = page.viewportSize();
    assert.ok(boxes.length > 0, selector);
    for (const { left, top, right, bottom } of boxes) {
      assert.ok(left >= 0 && top >= 0 && right <= width && bottom <= height, `${selector} ends at ${right}, ${bottom}`);
    }
  };
  await scene.check('the way out, and what is done to chosen applications, are in sight in a low window', () =>
    signedIn(async (page) => {
      await page.setViewportSize(LOW);
      await page.goto(`${base}${at}/applications`);
      await seen(page, '.who a, .who button, .bulk button');
    }));
  await scene.check('on a phone the present tab is in sight', () =>
    signedIn(async (page) => {
      await page.setViewportSize(PHONE);
      await page.goto(`${base}${at}/applications/${places.client_id}/activity`);
      await seen(page, '.tabs [aria-current]');
    }));
  await scene.check('the menu of a phone closes by its button and by Escape', () =>
    signedIn(async (page) => {
      await page.setViewportSize(PHONE);
      await page.goto(`${base}${at}`);
      for (const close of [() => page.click('.menu-close'), () => page.keyboard.press('Escape')]) {
        await page.click('.menu');
        await page.waitForSelector('#navigation:popover-open');
        await seen(page, '.menu-close, .who a, .who button');
        await close();
        await page.waitForSelector('#navigation', { state: 'hidden' });
      }
    }));
}

/** Pages that come by a form. */
async function special(scene, look, places) {
  const { base } = scene;
  const nobody = { cookies: [], origins: [] };
  await look('an error of the login', async (page) => {
    await page.goto(`${base}/console/login`);
    await logIn(page, 'owner', 'not the password');
    await page.waitForSelector('#form-error');
  }, nobody);
  await look('the addresses of a new domain', async (page) => {
    await page.goto(`${base}/console/domains/new`);
    await page.fill('#name', 'example');
    await press(page, '#check');
    await page.waitForSelector('#addresses');
  });
  await look('the second step of an application', async (page) => {
    await page.goto(`${base}${at}/applications/new?kind=web`);
    await page.waitForSelector('#make-application');
  });
  await look('the provider of APIM', (page) => provider(scene, page, 'API gateway (staging)'));
  await look('the result of a test', (page) => tested(scene, page, places));
  await look('a registration that was tried', async (page) => {
    await page.goto(`${base}${at}/registration/dry-run`);
    await page.fill('#body', JSON.stringify({ ...APPLICATIONS.crm, scope: 'dcr_admin files:read' }));
    await press(page, '#try');
    await page.waitForSelector('#verdict');
  });
  await look('the open navigation', async (page) => {
    await page.setViewportSize(PHONE);
    await page.goto(`${base}${at}`);
    await page.click('.menu');
    await page.waitForSelector('#navigation:popover-open');
  });
}

async function provider(scene, page, name) {
  await page.goto(`${scene.base}${at}/applications/new?kind=gateway-registrar`);
  await page.fill('#name', name);
  await press(page, page.getByRole('button', { name: 'Create application' }));
  await page.waitForSelector('#provider-secret');
}

async function tested(scene, page, places) {
  await page.goto(`${scene.base}${at}/mcp-servers/${places.resource_id}/test`);
  await press(page, page.locator('#run-test button'));
  await page.waitForSelector('#test .outcomes');
}

async function pictures(scene, page, places) {
  mkdirSync(PICTURES, { recursive: true });
  const visit = (path) => () => page.goto(`${scene.base}${at}${path}`);
  const wanted = {
    overview: visit(''),
    applications: visit('/applications'),
    'apim-provider': () => provider(scene, page, 'APIM'),
    registration: visit(`/applications/${places.client_id}/registration`),
    'mcp-server-test': () => tested(scene, page, places),
    'flow-trace': visit(`/traces/${places.attempt}`),
  };
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 800 });
  for (const [name, show] of Object.entries(wanted)) {
    await show();
    const path = `${PICTURES}/${name}.png`;
    const picture = packed(await page.screenshot());
    assert.ok(picture.length <= PICTURE_SIZE, `${name}: ${picture.length} bytes`);
    writeFileSync(path, picture);
  }
}

/** A PNG with its data compressed as much as can be, which a browser does not take the time for (PNG section 5.3). */
function packed(png) {
  const [parts, data] = [[], []];
  for (let at = 8; at < png.length; ) {
    const end = at + 12 + png.readUInt32BE(at);
    const holds = png.toString('latin1', at + 4, at + 8) === 'IDAT';
    if (holds) data.push(png.subarray(at + 8, end - 4));
    else parts.push(png.subarray(at, end));
    at = end;
  }
  const body = Buffer.concat([Buffer.from('IDAT'), deflateSync(inflateSync(Buffer.concat(data)), { level: 9, memLevel: 9 })]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length - 4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([png.subarray(0, 8), ...parts.slice(0, -1), length, body, sum, parts.at(-1)]);
}
