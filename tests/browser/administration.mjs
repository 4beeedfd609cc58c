// What the checks of the console share: an administrator at a browser, and API management as a client of the server.
import { assert, logIn } from './support.mjs';

/** Logs an administrator in, from wherever the console sends them. */
export async function enter(page, scene, username = 'owner', path = '/console/domains') {
  await page.goto(`${scene.base}${path}`);
  await logIn(page, username);
  await page.waitForSelector('#navigation', { state: 'attached' });
}

/** Presses a button that loads a page, and waits for that. */
export async function press(page, button) {
  await Promise.all([page.waitForNavigation(), typeof button === 'string' ? page.click(button) : button.click()]);
}

/** Why a form was refused, in the words of its page. */
export async function refusals(page) {
  return (await page.locator('.field-error, #form-error').allTextContents()).map((text) => text.trim()).join('; ');
}

/** API management with the credentials of its provider's form: it asks and answers as its HTTP client does. */
export class Apim {
  constructor(discovery, id, secret) {
    Object.assign(this, { discovery, id, secret, records: new Map() });
  }

  /** A token by the form's credentials. Without a scope it is the client's default. */
  async token(scope) {
    const { token_endpoint: endpoint } = await this.endpoints();
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope && { scope }) });
    const authorization = `Basic ${Buffer.from(`${this.id}:${this.secret}`).toString('base64')}`;
    return answered(await fetch(endpoint, { method: 'POST', headers: { authorization, accept: 'application/json' }, body }), 200);
  }

  async endpoints() {
    this.known ??= await answered(await fetch(this.discovery), 200);
    return this.known;
  }

  /** Registers an application and keeps its record. */
  async create(metadata) {
    const { access_token: token } = await this.token('dcr_admin');
    const { registration_endpoint: endpoint } = await this.endpoints();
    const record = await answered(await send(endpoint, 'POST', token, metadata), 201);
    this.records.set(record.client_id, { ...metadata, ...record });
    return record;
  }

  /** Changes an application: the members of its record that the form has, with the new values over them. */
  async update(clientId, changes) {
    const { client_secret, registration_access_token: token, registration_client_uri: uri, ...rest } = this.records.get(clientId);
    const { client_id_issued_at, client_secret_expires_at, ...members } = rest;
    const record = await answered(await send(uri, 'PUT', token, { ...members, ...changes }), 200);
    assert.ok(record.client_secret && record.registration_access_token && record.registration_client_uri, 'the answer is complete');
    this.records.set(clientId, record);
    return record;
  }

  /** Renews a secret at the address that the form says. */
  async renew(clientId, address) {
    const url = address.replace('{#client_id}', clientId);
    return answered(await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${this.records.get(clientId).registration_access_token}` } }), 200);
  }
}

function send(url, method, token, body) {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': 'application/json; charset=UTF-8' };
  return fetch(url, { method, headers, body: JSON.stringify(body) });
}

async function answered(response, status) {
  const text = await response.text();
  assert.equal(response.status, status, `${response.url}: ${text}`);
  return JSON.parse(text);
}

/** The bodies that API management sends for its types of application. */
export const APPLICATIONS = {
  export: { redirect_uris: [], response_types: [], grant_types: ['client_credentials'], application_type: 'backend_to_backend', client_name: 'Nightly export' },
  crm: {
    redirect_uris: ['https://crm.example.com/oidc/callback'],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    application_type: 'web',
    client_name: 'CRM',
    policy_uri: 'https://crm.example.com/privacy',
    metadata: { organization: 'org-77' },
  },
  shop: { redirect_uris: ['https://shop.example.com/cb'], response_types: ['code'], grant_types: ['authorization_code'], application_type: 'browser', client_name: 'Shop' },
  field: { redirect_uris: ['com.example.field:/cb'], response_types: ['code'], grant_types: ['authorization_code', 'refresh_token'], application_type: 'native', client_name: 'Field app' },
};

