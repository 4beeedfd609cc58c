// mcp-remote, the bridge that local-only MCP clients use: its client entry point, with a configuration folder of its own.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ask, assert, check, observed, scene } from './support.mjs';

const { files } = scene.servers;
const program = `${import.meta.dirname}/node_modules/mcp-remote/dist/client.js`;
const folder = mkdtempSync(`${process.env.INTEROP_WORK}/mcp-remote-`);

/** One run to its end: what it printed, its exit status, and the pages that the person saw. */
async function remote(...options) {
  const { DISPLAY, WAYLAND_DISPLAY, ...rest } = process.env;
  // It opens a browser if it finds one; here the scene's person is the browser.
  const env = { ...rest, MCP_REMOTE_CONFIG_DIR: folder, BROWSER: '/bin/true' };
  // The end of its input would be its end.
  const child = spawn(process.execPath, [program, files.url, ...options], { env, stdio: 'pipe' });
  const outcome = { output: '', pages: [] };
  let [url, browsing] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      outcome.output += `${line}\n`;
      if (line.startsWith('http') && line.includes('/authorize?')) url = line.trim();
      // Only now has it made up its mind to use this URL.
      if (/Browser opened|Could not open a browser/.test(line)) browsing = browse(url, outcome);
    });
  }
  outcome.status = await new Promise((resolve) => {
    const limit = setTimeout(() => child.kill('SIGKILL'), 40_000);
    child.once('close', (code) => (clearTimeout(limit), resolve(code)));
  });
  await browsing;
  return outcome;
}

async function browse(url, outcome) {
  try {
    const { callback, pages } = await ask('authorize', { url });
    outcome.pages.push(...pages);
    assert.equal((await knock(callback)).status, 200);
  } catch (error) {
    outcome.output += `the browser: ${error.message}\n`;
  }
}

/** Its listener starts at about the time that the person is done. */
async function knock(callback) {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    try {
      return await fetch(callback);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return assert.fail('nobody listens on the redirect URI');
}

function succeeded({ status, output }) {
  assert.ok(status === 0 && output.includes('"whoami"'), `ended with ${status}: ${output.slice(-500)}`);
}

function stored(suffix) {
  const path = readdirSync(folder, { recursive: true }).find((name) => name.endsWith(suffix));
  assert.ok(path, `a file ${suffix} among ${readdirSync(folder, { recursive: true })}`);
  return `${folder}/${path}`;
}

const json = (path) => JSON.parse(readFileSync(path, 'utf8'));

await check('first login, by registration', async () => {
  const seen = await observed(() => remote());
  succeeded(seen.result);
  assert.deepEqual(seen.registrations.map(({ status }) => status), [201]);
  assert.equal(seen.result.pages.at(-1), 'consent');
  assert.deepEqual(seen.tokens.map(({ sent, status }) => [sent.resource, status]), [[files.resource, 200]]);
});

await check('a second run uses the stored token', async () => {
  const seen = await observed(() => remote());
  succeeded(seen.result);
  assert.deepEqual([seen.registrations, seen.authorizations, seen.tokens], [[], [], []]);
});

await check('an expired token is refreshed without the person', async () => {
  const path = stored('tokens.json');
  const { access_token: before, refresh_token: used } = json(path);
  await ask('expire', { token: before });
  const seen = await observed(() => remote());
  succeeded(seen.result);
  assert.deepEqual(seen.tokens.map(({ sent, status }) => [sent.grant_type, status]), [['refresh_token', 200]]);
  assert.deepEqual([seen.registrations, seen.authorizations], [[], []]);
  assert.notEqual(json(path).refresh_token, used);
});

await check('a stored client that the server never knew is replaced', async () => {
  // It asks the authorization endpoint for JSON before it opens a browser with a client from an earlier run.
  const path = stored('client_info.json');
  const client = json(path);
  writeFileSync(path, JSON.stringify({ ...client, client_id: 'AAAAAAAAAAAAAAAAAAAAAA' }));
  await ask('expire', { token: json(stored('tokens.json')).access_token });
  const seen = await observed(() => remote());
  succeeded(seen.result);
  assert.deepEqual(seen.registrations.map(({ status }) => status), [201]);
  assert.equal(json(path).client_id, client.client_id, 'the same metadata is the same client');
});
