// What the Node scripts share: named checks, and the deeds of the scene that they are run in.
import assert from 'node:assert/strict';

export { assert };

const script = process.env.INTEROP_SCRIPT;

/** Asks the scene for a deed, such as opening an authorization URL in a person's browser. */
export async function ask(deed, options = {}) {
  const response = await fetch(`${process.env.INTEROP_CONTROL}/${deed}`, { method: 'POST', body: JSON.stringify(options) });
  const answer = await response.json();
  if (response.status !== 200) throw new Error(answer.error);
  return answer;
}

export const scene = await ask('scene');

/** Runs one named check; a failed one lets the others go on. */
export async function check(name, body) {
  try {
    await body();
    console.log(`ok ${script}: ${name}`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`not ok ${script}: ${name}: ${explain(error)}`);
    console.error(error);
  }
}

/** What the server was asked while `body` ran, by kind of request. */
export async function observed(body) {
  const since = await ask('mark');
  const result = await body();
  const exchanges = await ask('exchanges', { since });
  const to = (method, path) => exchanges.filter((each) => each.method === method && each.path.endsWith(path));
  return {
    result,
    exchanges,
    registrations: to('POST', '/oidc/register'),
    tokens: to('POST', '/oauth/token'),
    // The first request of a flow has parameters, the later ones resume it.
    authorizations: to('GET', '/oauth/authorize').filter(({ sent }) => sent.client_id !== undefined),
  };
}

/** A refresh request by hand, as a public client sends it. */
export async function refresh(client, token, resource) {
  const response = await fetch(await tokenEndpoint(), {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, client_id: client, resource }),
  });
  return { status: response.status, ...(await response.json()) };
}

async function tokenEndpoint() {
  const response = await fetch(`${scene.issuer}/.well-known/openid-configuration`);
  return (await response.json()).token_endpoint;
}

export function explain(error) {
  const detail = [error.code, error.error, error.cause && `${error.cause.message ?? error.cause}`];
  return [error.message, ...detail].filter(Boolean).join(' | ').replaceAll('\n', ' ').slice(0, 600);
}
