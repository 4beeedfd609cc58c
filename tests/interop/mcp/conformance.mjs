// The MCP conformance tool as it tests authorization servers: no failure, no warning, nothing skipped.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { ask, assert, check, scene } from './support.mjs';

const program = `${import.meta.dirname}/node_modules/@modelcontextprotocol/conformance/dist/index.js`;
const SPECIFICATION = '2026-07-28';

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function register(port) {
  const { registration_endpoint } = await (await fetch(`${scene.issuer}/.well-known/openid-configuration`)).json();
  const response = await fetch(registration_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Interop conformance',
      redirect_uris: [`http://127.0.0.1:${port}/callback`],
      token_endpoint_auth_method: 'none',
    }),
  });
  assert.equal(response.status, 201);
  return (await response.json()).client_id;
}

/** One run; the person opens the first authorization URL that it prints. */
async function conform(port, options) {
  const child = spawn(process.execPath, [program, 'authorization', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, browsing] = ['', undefined];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      output += `${line}\n`;
      const url = /https?:\/\/\S+\/authorize\?\S+/.exec(line)?.[0];
      if (url) browsing ??= ask('authorize', { url }).then(({ callback }) => fetch(callback)).catch((error) => (output += error.message));
    });
  }
  const status = await new Promise((resolve) => {
    const limit = setTimeout(() => child.kill('SIGKILL'), 60_000);
    child.once('close', (code) => (clearTimeout(limit), resolve(code)));
  });
  await browsing;
  return { status, output };
}

await check(`every check of the specification of ${SPECIFICATION} succeeds`, async () => {
  const port = await freePort();
  const folder = mkdtempSync(`${process.env.INTEROP_WORK}/conformance-`);
  const { status, output } = await conform(port, [
    ...['--url', scene.issuer, '--client-id', await register(port), '--resource', scene.servers.files.resource],
    ...['-p', `${port}`, '-o', folder, '--spec-version', SPECIFICATION],
  ]);
  assert.equal(status, 0, output.slice(-600));
  const results = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('checks.json'));
  const found = results.flatMap((name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')));
  const judged = found.map(({ id, status: verdict, errorMessage }) => [id, verdict, errorMessage].filter(Boolean).join(' '));
  const wanted = ['authorization-code-grant', 'authorization-server-metadata', 'authorization-server-metadata-cimd'];
  assert.deepEqual(judged.sort(), wanted.map((id) => `${id} SUCCESS`));
});
