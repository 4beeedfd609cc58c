// Starts the real server behind the recorder, protected servers and a document server beside it, and runs every client.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createInterface } from 'node:readline';
import { Person } from '../browser.mjs';
import { introspect, judge, startProtectedServer } from './protected_server.mjs';
import { faults, startRecorder } from './recorder.mjs';

const [name, ...variables] = process.argv.slice(2);
const { INTEROP_BINARY: binary, INTEROP_WORK: work, INTEROP_CLIENTS: clientList } = process.env;
const folder = `${work}/${name}`;
const here = import.meta.dirname;
mkdirSync(folder);

const recorder = await startRecorder();
const documents = await startDocuments();
const servers = Object.fromEntries(
  await Promise.all(
    [
      { name: 'files', path: '/mcp', resource: (origin) => `${origin}/mcp` },
      { name: 'notes', path: '/mcp', resource: (origin) => `${origin}/mcp` },
      { name: 'origin', path: '', resource: (origin) => origin },
      // Registered without the slash that its metadata has: requests name it either way.
      { name: 'slash', path: '', resource: (origin) => `${origin}/` },
    ].map(async (settings) => [settings.name, await startProtectedServer(settings)]),
  ),
);

// Settings of the caller's environment are not the server's.
const inherited = Object.entries(process.env).filter(([key]) => !/^(REGISTRAR_|INTEROP_|DATABASE_URL$)/.test(key));
const environment = {
  ...Object.fromEntries(inherited),
  ...Object.fromEntries(variables.map((pair) => pair.match(/^([^=]+)=(.*)$/s).slice(1))),
  // What the command line changes is in force after the next poll; a run registers more than one address would.
  REGISTRAR_CACHE__POLL_INTERVAL_MILLISECONDS: '100',
  REGISTRAR_RATE_LIMIT__REGISTRATIONS_PER_MINUTE: '1000',
  REGISTRAR_FETCH__ALLOW: new URL(documents.url).host,
  REGISTRAR_FETCH__EXTRA_CA_FILE: `${work}/ca.pem`,
};

const people = new Map();
let failed = false;
const report = (outcome, detail) => {
  failed ||= outcome.startsWith('not ok');
  console.log(detail ? `${outcome}: ${detail}` : outcome);
};

const { server, card, administration } = await (name === 'harness' ? startHarness : startServer)();
let running;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    running?.kill('SIGKILL');
    server.kill('SIGTERM');
    process.exit(1);
  });
}
try {
  await furnish();
  const control = await startControl();
  for (const client of clients(control.url)) await runClient(client);
  control.close();
} catch (error) {
  report('not ok scene: prepares the server for the clients', error.message.replaceAll('\n', ' '));
} finally {
  await stopServer();
  for (const each of [recorder, documents, ...Object.values(servers)]) each.close();
}
process.exit(failed ? 1 : 0);

async function startServer() {
  const options = ['serve', '--card', 'json', '--listen', '127.0.0.1:0', '--public-url', recorder.url];
  const child = launch(options);
  // The card names the public URL, which is the recorder's; where the server listens stands in its log.
  const address = new Promise((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const found = / address=127\.0\.0\.1:(\d+)/.exec(line);
      if (found) resolve(Number(found[1]));
    });
  });
  const started = await firstCard(child);
  recorder.target = await Promise.race([address, timeout(5_000, 'no address in the log')]);
  // The command line works on the database.
  return { server: child, card: started, administration: {} };
}

/** A harness learns the recorder's URL once it runs; its first card names where it listens. */
async function startHarness() {
  const child = launch(['harness']);
  const { public_url: own, control_url: control, api_token: token } = await firstCard(child);
  recorder.target = Number(new URL(own).port);
  const [headers, body] = [{ 'content-type': 'application/json' }, JSON.stringify({ public_url: recorder.url })];
  const moved = await fetch(`${control}/base-urls`, { method: 'PUT', headers, body });
  assert.equal(moved.status, 200, 'the harness takes its new URL');
  // Not through the recorder, which is there for what the clients ask.
  const administration = { REGISTRAR_SERVER: own, REGISTRAR_API_TOKEN: token };
  return { server: child, card: await (await fetch(control)).json(), administration };
}

function launch(options) {
  const child = spawn(binary, options, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.pipe(createWriteStream(`${work}/${name}.log`));
  // However this script ends, the server ends with it.
  process.on('exit', () => child.kill('SIGTERM'));
  return child;
}

async function firstCard(child) {
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the server ended with ${code}`);
  });
  ended.catch(() => {});
  const [first] = await Promise.race([once(lines, 'line'), ended, timeout(30_000, 'no card')]);
  return JSON.parse(first);
}

async function stopServer() {
  if (server.exitCode !== null) return report(`not ok server: runs to the end, on ${name}`);
  server.kill('SIGTERM');
  const hard = setTimeout(() => server.kill('SIGKILL'), 15_000);
  const [code] = await once(server, 'exit');
  clearTimeout(hard);
  return report(`${code === 0 ? 'ok' : 'not ok'} server: stops when asked to, on ${name}`);
}

/** What an operator does once: scopes, resources with credentials for introspection, an account, sign-up for others. */
async function furnish() {
  for (const scope of ['tools:read', 'tools:write']) {
    await registrar(['scope', 'create', 'main', scope, '--self-registrable', 'true']);
  }
  for (const each of Object.values(servers)) {
    each.identifier = each.path ? each.resource : each.origin;
    const options = ['--identifier', each.identifier, '--scope', 'tools:read tools:write', '--json'];
    each.credentials = JSON.parse(await registrar(['resource', 'create', 'main', each.name, ...options]));
    each.issuer = card.issuer;
  }
  const metadata = await (await fetch(card.discovery_url)).json();
  for (const each of Object.values(servers)) each.metadata = metadata;
  people.set('ada', new Person('ada', 'correct horse battery staple', 'ada@example.com'));
  const { username, email, password } = people.get('ada');
  const account = ['main', username, '--email', email, '--verified', '--password-file', '-'];
  await registrar(['user', 'create', ...account], password);
  await registrar(['domain', 'set', 'main', 'sign_up=true']);
}

/** The command line, on the running server's installation. */
async function registrar(options, input = '') {
  const child = spawn(binary, options, { cwd: folder, env: { ...environment, ...administration } });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) child[stream].on('data', (chunk) => (output[stream] += chunk));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `registrar ${options.join(' ')}: ${output.stderr}`);
  await new Promise((resolve) => setTimeout(resolve, 300));
  return output.stdout;
}

/** Client ID metadata documents, over TLS with the certificate of this run. */
async function startDocuments() {
  const options = { key: readFileSync(`${work}/server.key`), cert: readFileSync(`${work}/server.pem`) };
  const held = { fetched: 0 };
  const secure = createSecureServer(options, (request, response) => {
    if (request.url !== '/client.json') return response.writeHead(404).end();
    held.fetched += 1;
    const document = {
      client_id: held.url,
      client_name: 'Interop document client',
      redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback', 'https://app.example.com/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=600' });
    return response.end(JSON.stringify(document));
  });
  await new Promise((resolve) => secure.listen(0, '127.0.0.1', resolve));
  held.url = `https://localhost:${secure.address().port}/client.json`;
  held.close = () => secure.close();
  return held;
}

/** What the client scripts ask for: POST a JSON object to /{deed}, get its result as JSON. */
async function startControl() {
  const deeds = {
    scene: () => ({
      issuer: card.issuer,
      document: documents.url,
      servers: Object.fromEntries(
        Object.values(servers).map(({ name, url, identifier, resource }) => [name, { url, identifier, resource }]),
      ),
    }),
    mark: () => recorder.exchanges.length,
    exchanges: ({ since }) => recorder.exchanges.slice(since),
    expire: ({ token }) => Object.values(servers).forEach(({ expired }) => expired.add(token)),
    registrar: ({ options }) => registrar(options),
    // `fresh` is a browser without cookies; `signUp` makes the account of a person nobody has heard of.
    authorize: ({ url, person = 'ada', fresh = false, signUp = false, decision }) => {
      const { username, password, email } = people.get(person) ?? newcomer(person);
      if (fresh || !people.has(person)) people.set(person, new Person(username, password, email));
      return people.get(person).authorize(url, { signUp, decision });
    },
    verdicts: async ({ token }) => {
      const entries = Object.values(servers).map(async (each) => {
        const [{ valid, reason }, { active }] = await Promise.all([judge(each, token), introspect(each, token)]);
        return [each.name, { valid, reason, active }];
      });
      return Object.fromEntries(await Promise.all(entries));
    },
  };
  const listener = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    let [status, answer] = [200, null];
    try {
      const options = JSON.parse(Buffer.concat(chunks).toString() || '{}');
      answer = (await deeds[request.url.slice(1)](options)) ?? null;
    } catch (error) {
      [status, answer] = [500, { error: error.message }];
    }
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${listener.address().port}`, close: () => listener.close() };
}

function newcomer(person) {
  return { username: person, password: `${person} likes long passwords`, email: `${person}@example.com` };
}

function clients(control) {
  const node = process.execPath;
  const all = {
    'typescript-v1': [node, `${here}/typescript_v1.mjs`],
    'typescript-v2': [node, `${here}/typescript_v2.mjs`],
    'python-v1': [`${here}/.venv-v1/bin/python`, `${here}/python_client.py`],
    'python-v2': [`${here}/.venv-v2/bin/python`, `${here}/python_client.py`],
    rmcp: [process.env.INTEROP_RMCP],
    'mcp-remote': [node, `${here}/mcp_remote.mjs`],
    conformance: [node, `${here}/conformance.mjs`],
  };
  const wanted = clientList ? clientList.split(' ') : Object.keys(all);
  return wanted.map((each) => ({ title: each, command: all[each], control }));
}

/** A script reports each check as `ok …` or `not ok …`; one that breaks off otherwise counts as a failure. */
async function runClient({ title, command, control }) {
  const [since, started] = [recorder.exchanges.length, Date.now()];
  const env = { ...Object.fromEntries(inherited), INTEROP_CONTROL: control, INTEROP_WORK: work, INTEROP_SCRIPT: title };
  const child = spawn(command[0], command.slice(1), { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running = child;
  const log = createWriteStream(`${work}/${name}-${title}.log`);
  const checks = [];
  const readers = [child.stdout, child.stderr].map((stream) =>
    createInterface({ input: stream }).on('line', (line) => {
      if (/^(not )?ok /.test(line)) checks.push(line);
      log.write(`${line}\n`);
    }),
  );
  const limit = setTimeout(() => child.kill('SIGKILL'), 90_000);
  const [code] = await Promise.race([once(child, 'exit'), once(child, 'error').then(([error]) => [error.message])]);
  clearTimeout(limit);
  await new Promise((resolve) => setTimeout(resolve, 50));
  readers.forEach((reader) => reader.close());
  for (const check of checks) report(check);
  const complained = checks.some((check) => check.startsWith('not ok'));
  if (code !== 0 && !complained) report(`not ok ${title}: ended with an error`, `${code}`);
  if (checks.length === 0) report(`not ok ${title}: checked nothing`);
  const seen = recorder.exchanges.slice(since);
  const found = faults(seen);
  const rule = `${title}: ${seen.length} answers hold nothing that a client chokes on`;
  report(`${found.length === 0 ? 'ok' : 'not ok'} ${rule}`, [...new Set(found)].slice(0, 5).join('; '));
  console.log(`# ${title}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function timeout(milliseconds, what) {
  const error = new Error(`${what} within ${milliseconds / 1000} s`);
  return new Promise((_, reject) => setTimeout(() => reject(error), milliseconds).unref());
}
