// What the Node scripts share: the server's card, named checks, and how a library reports a refusal.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import { Person } from './browser.mjs';

// Debian 12's Node 18 has no global Web Crypto; the libraries look it up when they are loaded, so this file is imported first.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

export { assert };
export const card = JSON.parse(readFileSync(process.env.INTEROP_CARD, 'utf8'));
export const issuer = new URL(card.issuer);
export const { gateway } = card;

/** The person of this run, at a browser that nobody is logged in at. */
export const ada = () => new Person('ada', process.env.INTEROP_PASSWORD, 'ada@example.com');

const script = process.argv[1].split('/').pop().replace(/\.mjs$/, '');

/** Runs one named check; a failed one lets the others go on. */
export async function check(name, body) {
  try {
    await body();
    console.log(`ok ${script}: ${name}`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`not ok ${script}: ${name}: ${explain(error)}`);
  }
}

/** The error that the library surfaces: `{ status, error, description }`. Fails if the request was accepted. */
export async function refusal(request) {
  let answer;
  try {
    answer = await request;
  } catch (error) {
    if (error.error) return { status: error.status, error: error.error, description: error.error_description };
    // With a WWW-Authenticate header the library hands over the challenge, and the answer with its body unread.
    if (!(error.response instanceof Response)) throw error;
    const body = await error.response.json();
    return { status: error.status, error: body.error, description: body.error_description, challenges: error.cause };
  }
  assert.fail(`accepted, but should have been refused: ${Object.keys(answer ?? {})}`);
}

/** A record that may be sent back in an update: without the members that only the server sets. */
export function updatable(record, changes) {
  const { registration_access_token, registration_client_uri, client_id_issued_at, client_secret_expires_at, ...rest } = record;
  return JSON.stringify({ ...rest, ...changes });
}

/** Every answer about a client is its complete record (RFC 7592 section 3), without a null or an empty string. */
export function assertComplete(record, clientId = record.client_id) {
  assert.equal(record.client_id, clientId);
  for (const name of ['client_id', 'client_secret', 'registration_access_token', 'registration_client_uri']) {
    assert.equal(typeof record[name], 'string', `${name} is a string`);
  }
  for (const name of ['client_id_issued_at', 'client_secret_expires_at']) {
    assert.ok(Number.isInteger(record[name]), `${name} is an integer`);
  }
  assert.ok(URL.canParse(record.registration_client_uri), 'registration_client_uri is absolute');
  for (const [name, value] of Object.entries(record)) assert.ok(value !== null && value !== '', `${name} has a value`);
}

/** What a machine-to-machine application registers, as a gateway sends it. */
export function batchApplication(name) {
  return {
    client_name: name,
    application_type: 'backend_to_backend',
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
  };
}

function explain(error) {
  const detail = [error.code, error.error, error.error_description, error.cause && JSON.stringify(error.cause)];
  return [error.message, ...detail].filter(Boolean).join(' | ').replaceAll('\n', ' ').slice(0, 800);
}
