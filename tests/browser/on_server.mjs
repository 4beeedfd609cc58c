// Starts the real server, the sites around it and two browsers, and runs every check.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { startSites } from './sites.mjs';
import { PASSWORD, eventually } from './support.mjs';

const [name, ...variables] = process.argv.slice(2);
const { BROWSER_BINARY: binary, BROWSER_WORK: work, BROWSER_CHROMIUM: executablePath, BROWSER_CHECKS: wanted } = process.env;
const folder = `${work}/${name}`;
const here = import.meta.dirname;
const scripts = ['redirects', 'journeys', 'keyboard', 'origins', 'attacks', 'console', 'looks', 'console_looks'];
const LOOKS = ['looks', 'console_looks'];
// The schemes that apps on this "device" answer to.
const APP_SCHEMES = ['cursor', 'vscode', 'com.example.app'];
// How long a check may take.
const PATIENCE = 40_000;
mkdirSync(folder);

const sites = await startSites(work);
// Settings of the caller's environment are not the server's.
const inherited = Object.entries(process.env).filter(([key]) => !/^(REGISTRAR_|BROWSER_|DATABASE_URL$)/.test(key));
const environment = {
  ...Object.fromEntries(inherited),
  ...Object.fromEntries(variables.map((pair) => pair.match(/^([^=]+)=(.*)$/s).slice(1))),
  // What the command line changes is in force after the next poll; a run does more than one address would.
  REGISTRAR_CACHE__POLL_INTERVAL_MILLISECONDS: '100',
  REGISTRAR_RATE_LIMIT__REGISTRATIONS_PER_MINUTE: '1000',
  REGISTRAR_RATE_LIMIT__SIGN_UPS_PER_MINUTE: '1000',
  REGISTRAR_FETCH__ALLOW: `localhost:${sites.securePort}`,
  REGISTRAR_FETCH__EXTRA_CA_FILE: `${work}/ca.pem`,
  PASSWORD,
};

let failed = false;
let ended = false;
const servers = new Set();
const { server, card } = await startServer(folder, environment);
const browsers = [];
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, async () => {
    ended = true;
    for (const each of servers) each.kill('SIGTERM');
    await Promise.allSettled(browsers.map((each) => each.close()));
    process.exit(1);
  });
}
try {
  const scene = { name, base: new URL(card.issuer).origin, card, sites, mails, registrar, overHttps };
  await registrar(['apply', `${here}/scene.toml`]);
  await settled(scene.base);
  await openBrowsers(scene);
  // Looking takes as long as all the rest and disturbs nobody.
  await Promise.all([
    run(scene, scripts.filter((script) => !LOOKS.includes(script))),
    run(scene, LOOKS),
  ]);
} catch (error) {
  if (!ended) report('not ok scene: prepares the server and the browsers', explain(error));
} finally {
  await Promise.allSettled(browsers.map((each) => each.close()));
  const code = await stopServer(server);
  report(`${code === 0 ? 'ok' : 'not ok'} server: runs until it is asked to stop, on ${name}`);
  sites.close();
}
process.exit(failed ? 1 : 0);

async function run(scene, names) {
  for (const script of names) {
    if (wanted && !wanted.split(' ').includes(script)) continue;
    const { default: checks } = await import(`./${script}.mjs`);
    await checks({ ...scene, check: (title, body) => check(`${script}: ${title}`, body) });
  }
}

function report(outcome, detail) {
  failed ||= outcome.startsWith('not ok');
  console.log(detail ? `${outcome}: ${detail}` : outcome);
}

/** Runs one named check; a failed one lets the others go on. */
async function check(title, body) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${PATIENCE / 1000} s`)), PATIENCE);
  });
  try {
    await Promise.race([body(), late]);
    report(`ok ${title}`);
  } catch (error) {
    report(`not ok ${title}`, explain(error));
  } finally {
    clearTimeout(timer);
  }
}

function explain(error) {
  return `${error.message}`.replaceAll(/\u001b\[\d+m/g, '').replaceAll(/\s+/g, ' ').slice(0, 900);
}

/** A first start in `cwd`; its log goes to a file beside that folder. */
async function startServer(cwd, env) {
  const options = ['serve', '--card', 'json', '--listen', '127.0.0.1:0'];
  const child = spawn(binary, options, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  servers.add(child);
  child.stderr.pipe(createWriteStream(`${cwd}.log`));
  const lines = createInterface({ input: child.stdout });
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`the server ended with ${code}`);
  });
  exited.catch(() => {});
  const [first] = await Promise.race([once(lines, 'line'), exited]);
  return { server: child, card: JSON.parse(first) };
}

async function stopServer(child) {
  servers.delete(child);
  if (child.exitCode !== null) return child.exitCode || -1;
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 15_000);
  const [code] = await once(child, 'exit');
  clearTimeout(hard);
  return code;
}

/** The command line of a running server's installation. */
async function registrar(options, { cwd = folder, env = environment } = {}) {
  const child = spawn(binary, options, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) child[stream].on('data', (chunk) => (output[stream] += chunk));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `registrar ${options.join(' ')}: ${output.stderr}`);
  return output.stdout;
}

/** A second server, that speaks TLS, for the time of `body`, which is given its base URL. */
async function overHttps(body) {
  const cwd = `${folder}-https`;
  mkdirSync(cwd);
  const { DATABASE_URL, REGISTRAR_MASTER_KEY, ...rest } = environment;
  const env = {
    ...rest,
    REGISTRAR_DATABASE__URL: `sqlite:${cwd}/registrar.db`,
    REGISTRAR_TLS__CERTIFICATE: `${work}/server.pem`,
    REGISTRAR_TLS__KEY: `${work}/server.key`,
  };
  const secure = await startServer(cwd, env);
  try {
    await registrar(['apply', `${here}/scene.toml`], { cwd, env });
    await body(new URL(secure.card.issuer).origin);
  } finally {
    await stopServer(secure.server);
  }
}

/** What was applied last is in force. */
async function settled(base) {
  await eventually(async () => (await fetch(`${base}/careful/login`)).ok, 'the domain that was applied last');
}

/** The mails to an address, oldest first: the text of each. */
function mails(address) {
  const box = `${folder}/data/mail`;
  const files = existsSync(box) ? readdirSync(box).filter((file) => file.endsWith('.eml')).sort() : [];
  const texts = files.map((file) => readFileSync(`${box}/${file}`, 'utf8'));
  return texts.filter((text) => text.split(/\r?\n\r?\n/)[0].includes(address));
}

/**
 * One browser for profiles that leave no trace, and one with apps installed: it opens links of private-use schemes
 * without asking, by a program that only notes what it was given.
 */
async function openBrowsers(scene) {
  const args = ['--no-sandbox', '--host-resolver-rules=MAP *.example 127.0.0.1'];
  scene.browser = await chromium.launch({ executablePath, args });
  browsers.push(scene.browser);
  const [opened, bin, profile] = [`${folder}/opened`, `${folder}/bin`, `${folder}/profile`];
  mkdirSync(bin);
  mkdirSync(`${profile}/Default`, { recursive: true });
  writeFileSync(`${bin}/xdg-open`, `#!/bin/sh\nprintf '%s\\n' "$1" >>'${opened}'\n`, { mode: 0o755 });
  const allowed = Object.fromEntries(APP_SCHEMES.map((scheme) => [scheme, true]));
  const from = [scene.base, `https://localhost:${sites.securePort}`];
  const pairs = Object.fromEntries(from.map((origin) => [origin, allowed]));
  const preferences = { protocol_handler: { allowed_origin_protocol_pairs: pairs } };
  writeFileSync(`${profile}/Default/Preferences`, JSON.stringify(preferences));
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  scene.device = await chromium.launchPersistentContext(profile, { executablePath, args, env, ignoreHTTPSErrors: true });
  scene.device.setDefaultTimeout(10_000);
  browsers.push(scene.device);
  scene.opened = () => (existsSync(opened) ? readFileSync(opened, 'utf8').split('\n').filter(Boolean) : []);
}
