// A person at a browser without JavaScript: follows redirects, keeps cookies, fills in the forms that appear.
import assert from 'node:assert/strict';

const STEPS = 15;

/** Somebody with an account, and the cookies of one browser profile. */
export class Person {
  constructor(username, password, email) {
    Object.assign(this, { username, password, email, cookies: new Map() });
  }

  /**
   * Opens an authorization URL and goes on until the client's redirect URI is the next address.
   * `signUp` makes the account instead of logging in, `decision` is the button pressed on the consent page.
   */
  authorize(address, options) {
    return this.visit(address, new URL(address).searchParams.get('redirect_uri'), options);
  }

  /** The same for any address and the client's address that it leads to in the end. */
  async visit(address, target, { signUp = false, decision = 'allow' } = {}) {
    const pages = [];
    let response = await this.#fetch(address);
    for (let step = 0; step < STEPS; step += 1) {
      if (response.status >= 300 && response.status < 400) {
        const location = response.headers.get('location');
        assert.ok(location, `${response.url}: ${response.status} without Location`);
        const next = new URL(location, response.url).href;
        if (leadsTo(next, target)) return { callback: next, pages };
        response = await this.#fetch(next);
        continue;
      }
      const html = await response.text();
      assert.equal(response.status, 200, `${response.url} answered ${response.status}: ${words(html)}`);
      if (signUp && form(html, 'login')) {
        response = await this.#fetch(signUpLink(html, response.url));
        continue;
      }
      const [page, submission] = this.#fill(html, response.url, decision);
      assert.ok(pages.filter((known) => known === page).length < 2, `${page} keeps coming back: ${words(html)}`);
      pages.push(page);
      response = await this.#submit(submission, response.url);
    }
    return assert.fail(`no end after ${STEPS} steps; pages: ${pages}`);
  }

  #fill(html, url, decision) {
    for (const [id, values] of [
      ['login', { username: this.username, password: this.password }],
      ['sign-up', { username: this.username, email: this.email, password: this.password }],
      ['consent', { decision }],
      ['logout', {}],
    ]) {
      const found = form(html, id);
      if (!found) continue;
      assert.equal(found.method.toLowerCase(), 'post', `form#${id} is posted`);
      for (const name of Object.keys(values)) assert.ok(found.names.has(name), `form#${id} has a control ${name}`);
      return [id, { action: found.action, fields: { ...found.hidden, ...values } }];
    }
    return assert.fail(`${url} shows no form to fill in: ${words(html)}`);
  }

  #submit({ action, fields }, base) {
    // An empty action submits to the page itself. A browser names the origin it posts from.
    const url = new URL(action, base);
    const headers = { origin: url.origin, 'sec-fetch-site': 'same-origin' };
    return this.#fetch(url.href, { method: 'POST', body: new URLSearchParams(fields), headers });
  }

  async #fetch(url, init = {}) {
    const headers = { accept: 'text/html,*/*;q=0.8', ...init.headers };
    if (this.cookies.size > 0) headers.cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ');
    const signal = AbortSignal.timeout(20_000);
    const response = await fetch(url, { ...init, headers, redirect: 'manual', signal });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(';').map((part) => part.trim());
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    const ended = attributes.some((attribute) => /^max-age=(0|-\d+)$/i.test(attribute));
    if (ended || value === '') this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

function leadsTo(address, target) {
  const [reached, wanted] = [new URL(address), new URL(target)];
  return reached.origin === wanted.origin && reached.host === wanted.host && reached.pathname === wanted.pathname;
}

function form(html, id) {
  for (const [, opening, content] of html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)) {
    const { action = '', method = 'get', ...attributes } = attributesOf(opening);
    if (attributes.id !== id) continue;
    const controls = [...content.matchAll(/<(?:input|button)\b([^>]*)>/gi)].map(([, text]) => attributesOf(text));
    const hidden = controls.filter((control) => control.type === 'hidden').map(({ name, value }) => [name, value ?? '']);
    return { action, method, hidden: Object.fromEntries(hidden), names: new Set(controls.map(({ name }) => name)) };
  }
  return undefined;
}

function signUpLink(html, base) {
  const links = [...html.matchAll(/<a\b([^>]*)>/gi)].map(([, text]) => attributesOf(text));
  const link = links.find(({ id }) => id === 'sign-up-link');
  assert.ok(link, 'the login page links to the sign-up page');
  return new URL(link.href, base).href;
}

function attributesOf(text) {
  const found = text.matchAll(/([a-z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi);
  const pairs = [...found].map(([, name, ...values]) => [name.toLowerCase(), decode(values.find(Boolean) ?? '')]);
  return Object.fromEntries(pairs);
}

function decode(text) {
  const named = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(#x[0-9a-f]+|#\d+|[a-z]+);/gi, (entity, name) => {
    if (name[0] !== '#') return named[name.toLowerCase()] ?? entity;
    return String.fromCodePoint(name[1].toLowerCase() === 'x' ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10));
  });
}

function words(html) {
  const visible = html.replace(/<(style|script|head)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');
  return visible.replace(/\s+/g, ' ').slice(0, 400);
}
