// Login and consent by the keyboard alone, and what assistive technology calls the controls (WCAG 2.2, 2.1.1, 2.4.3, 2.4.7, 4.1.2).
import { assert, inProfile, PASSWORD, register, request } from './support.mjs';

export default async function keyboard(scene) {
  const { base, check, sites } = scene;
  const metadata = {
    redirect_uris: [`https://localhost:${sites.securePort}/callback`],
    client_uri: 'https://app.example/',
    policy_uri: 'https://app.example/privacy',
  };
  const client = await register(scene, metadata);

  await check('login and consent need no mouse, and the focus is always seen', async () => {
    const asked = request(scene, client);
    await inProfile(scene, async (page) => {
      await page.goto(asked.url);
      assert.equal(await focused(page), 'username', 'the first field is ready');
      await page.keyboard.type('keyboard');
      assert.deepEqual(await tabThrough(page, 5), ['forgot-link', 'password', 'submit-login', 'cancel', 'sign-up-link']);
      for (let back = 0; back < 3; back += 1) await page.keyboard.press('Shift+Tab');
      assert.equal(await focused(page), 'password');
      await page.keyboard.type(PASSWORD);
      await page.keyboard.press('Enter');
      await page.waitForSelector('#consent');
      const order = await tabThrough(page, 5);
      assert.deepEqual(order, ['client-link', 'policy-link', 'allow', 'cancel', 'switch-account']);
      for (let back = 0; back < 2; back += 1) await page.keyboard.press('Shift+Tab');
      assert.equal(await focused(page), 'allow');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#arrived');
      assert.ok(sites.arrived(asked.state).url.searchParams.get('code'));
    });
  });

  await check('Enter on the consent page outside of the buttons decides nothing', async () => {
    await inProfile(scene, async (page) => {
      await page.goto(request(scene, client, { prompt: 'consent' }).url);
      await page.fill('#username', 'keyboard');
      await page.fill('#password', PASSWORD);
      await page.keyboard.press('Enter');
      await page.waitForSelector('#consent');
      assert.equal(await focused(page), '', 'no decision is preselected');
      await page.keyboard.press('Enter');
      await page.waitForTimeout(300);
      assert.equal(await page.locator('#consent').count(), 1);
    });
  });

  await check('every control has a name', async () => {
    await inProfile(scene, async (page) => {
      await page.goto(`${base}/main/login`);
      await page.getByRole('textbox', { name: 'User name or e-mail', exact: true }).fill('keyboard');
      await page.getByLabel('Password', { exact: true }).fill('wrong');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('alert').waitFor();
      await page.getByRole('link', { name: 'Create one' }).click();
      await page.getByLabel('User name', { exact: true }).fill('ada');
      await page.getByLabel('E-mail', { exact: true }).fill('nobody@example.com');
      await page.getByLabel('Full name (optional)', { exact: true }).fill('N. N.');
      await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
      await page.getByRole('button', { name: 'Create account', exact: true }).click();
      // The error is told with its field.
      const field = page.getByRole('textbox', { name: 'User name', exact: true });
      assert.equal(await field.getAttribute('aria-invalid'), 'true');
      const described = (await field.getAttribute('aria-describedby')).split(' ');
      assert.match(await page.textContent(`#${described[0]}`), /taken/);
      assert.equal(await focused(page), 'username', 'the field with the error is ready to be corrected');
      await page.goto(`${base}/main/login`);
      await page.getByLabel('User name or e-mail').fill('keyboard');
      await page.getByLabel('Password').fill(PASSWORD);
      await page.keyboard.press('Enter');
      for (const name of ['Profile', 'Where you are signed in', 'Connected applications', 'Change password', 'Delete account']) {
        await page.getByRole('region', { name, exact: true }).waitFor();
      }
      const change = page.getByRole('region', { name: 'Change password', exact: true });
      await change.getByLabel('Current password', { exact: true }).waitFor();
      await change.getByLabel('New password', { exact: true }).waitFor();
      await page.getByLabel('Your password, to confirm', { exact: true }).waitFor();
    });
  });
}

const focused = (page) => page.evaluate(() => document.activeElement.id);

/** The ids that Tab reaches one after the other; each is seen to have the focus. */
async function tabThrough(page, steps) {
  const order = [];
  for (let step = 0; step < steps; step += 1) {
    await page.keyboard.press('Tab');
    const seen = await page.evaluate(() => {
      const { id } = document.activeElement;
      const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(document.activeElement);
      return { id, visible: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && !/, 0\)$/.test(outlineColor) };
    });
    assert.ok(seen.visible, `the focus on ${seen.id} is seen`);
    order.push(seen.id);
  }
  return order;
}
