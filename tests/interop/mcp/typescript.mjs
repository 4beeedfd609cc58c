// The scenarios of both TypeScript SDKs; what differs between them comes as `sdk`.
import { ask, assert, check, observed, refresh, scene } from './support.mjs';

const LOOPBACK = 'http://127.0.0.1:49152/callback';
const REMOTE = 'https://app.example.com/callback';

/** An application's side of the SDK: what it registers, what it stores, and the browser it opens. */
class Provider {
  constructor(metadata, { stored = {}, browser = {}, document } = {}) {
    this.clientMetadata = {
      client_name: 'Interop',
      redirect_uris: [LOOPBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...metadata,
    };
    this.redirectUrl = this.clientMetadata.redirect_uris[0];
    if (document) this.clientMetadataUrl = document;
    Object.assign(this, { stored: { ...stored }, browser, pages: [] });
  }

  state = () => (this.expectedState = crypto.randomUUID());
  clientInformation = () => this.stored.client;
  saveClientInformation = (client) => void (this.stored.client = client);
  tokens = () => this.stored.tokens;
  saveTokens = (tokens) => void (this.stored.tokens = tokens);
  codeVerifier = () => this.stored.verifier;
  saveCodeVerifier = (verifier) => void (this.stored.verifier = verifier);
  discoveryState = () => this.stored.discovery;
  saveDiscoveryState = (discovery) => void (this.stored.discovery = discovery);

  invalidateCredentials(what) {
    for (const kind of what === 'all' ? ['client', 'tokens', 'verifier', 'discovery'] : [what]) delete this.stored[kind];
  }

  async redirectToAuthorization(url) {
    const { callback, pages } = await ask('authorize', { url: url.href, ...this.browser });
    this.pages.push(...pages);
    this.callback = new URL(callback).searchParams;
  }

  /** The parameters that came back, once. */
  takeCallback() {
    const parameters = this.callback;
    this.callback = undefined;
    assert.equal(parameters.get('error'), null, `${parameters}`);
    assert.equal(parameters.get('state'), this.expectedState);
    assert.equal(parameters.get('iss'), scene.issuer);
    return parameters;
  }
}

export async function run(sdk) {
  const named = (metadata) => ({ client_name: `Interop ${sdk.name}`, ...metadata });

  async function connect(url, provider) {
    const client = new sdk.Client({ name: 'interop', version: '1.0.0' });
    const transport = () => new sdk.Transport(new URL(url), { authProvider: provider });
    const first = transport();
    try {
      await client.connect(first);
      return client;
    } catch (error) {
      if (!(error instanceof sdk.UnauthorizedError) || !provider.callback) throw error;
      await sdk.finish(first, provider.takeCallback());
    }
    const again = new sdk.Client({ name: 'interop', version: '1.0.0' });
    await again.connect(transport());
    return again;
  }

  const claims = async (client, tool = 'whoami') => JSON.parse((await client.callTool({ name: tool, arguments: {} })).content[0].text);
  const { files, origin, slash } = scene.servers;
  let first;

  await check('first login, by registration', async () => {
    const provider = new Provider(named(), { browser: { fresh: true } });
    const seen = await observed(async () => {
      const client = await connect(files.url, provider);
      assert.deepEqual((await client.listTools()).tools.map(({ name }) => name), ['whoami', 'erase']);
      const { aud, iss, client_id: id, scope, sub } = await claims(client);
      assert.deepEqual([aud, iss, id], [files.identifier, scene.issuer, provider.stored.client.client_id]);
      assert.ok(sub && scope.split(' ').includes('tools:read'), `scope ${scope}`);
      return client;
    });
    assert.deepEqual(seen.registrations.map(({ status }) => status), [201]);
    assert.deepEqual(provider.pages, ['login', 'consent']);
    const [{ sent: authorization }] = seen.authorizations;
    assert.equal(authorization.code_challenge_method, 'S256');
    const [{ sent: exchange, answer }] = seen.tokens;
    assert.deepEqual([authorization.resource, exchange.resource], [files.resource, files.resource]);
    assert.ok(answer.refresh_token, 'a refresh token');
    first = provider;
  });

  await check('a second run with the stored client: no registration, no login', async () => {
    const provider = new Provider(named(), { stored: { client: first.stored.client } });
    const seen = await observed(() => connect(files.url, provider));
    assert.deepEqual(seen.registrations, []);
    // A loopback redirect says nothing about who listens there: the person is asked again.
    assert.deepEqual(provider.pages, ['consent']);
    assert.equal((await claims(seen.result)).client_id, first.stored.client.client_id);
  });

  await check('an https redirect with remembered consent is a single redirect', async () => {
    // With a refresh token in view version 2 asks for offline_access, and then for consent each time.
    const grant_types = sdk.asksForOfflineAccess ? ['authorization_code'] : ['authorization_code', 'refresh_token'];
    const metadata = named({ client_name: `Interop remote ${sdk.name}`, redirect_uris: [REMOTE], grant_types });
    const provider = new Provider(metadata);
    await connect(files.url, provider);
    assert.deepEqual(provider.pages, ['consent']);
    const later = new Provider(metadata, { stored: { client: provider.stored.client } });
    const seen = await observed(() => connect(files.url, later));
    assert.deepEqual(later.pages, []);
    const ways = seen.exchanges.filter(({ method, path }) => method === 'GET' && !path.includes('.well-known'));
    assert.deepEqual(ways.map(({ path, status }) => [path.split('/').pop(), status]), [['authorize', 303]]);
  });

  if (sdk.asksForOfflineAccess) {
    await check('an https redirect and offline_access: consent is asked for each time', async () => {
      const metadata = named({ client_name: `Interop offline ${sdk.name}`, redirect_uris: [REMOTE] });
      const provider = new Provider(metadata);
      await connect(files.url, provider);
      const later = new Provider(metadata, { stored: { client: provider.stored.client } });
      const seen = await observed(() => connect(files.url, later));
      assert.equal(seen.authorizations[0].sent.prompt, 'consent');
      assert.deepEqual(later.pages, ['consent']);
    });
  }

  await check('an expired token is refreshed without the person', async () => {
    const client = await connect(files.url, first);
    const { access_token: before, refresh_token: used } = first.stored.tokens;
    await ask('expire', { token: before });
    const seen = await observed(() => claims(client));
    assert.equal(seen.result.aud, files.identifier);
    assert.deepEqual(seen.tokens.map(({ sent }) => sent.grant_type), ['refresh_token']);
    assert.equal(seen.tokens[0].sent.resource, files.resource);
    assert.deepEqual(seen.authorizations, []);
    const { access_token: after, refresh_token: successor } = first.stored.tokens;
    assert.notEqual(after, before);
    assert.notEqual(successor, used, 'a public client gets another refresh token each time');
    first.stored.used = used;
  });

  await check('a refresh token replayed at once gives the same successor', async () => {
    const { client, used, tokens } = first.stored;
    const replayed = await refresh(client.client_id, used, files.resource);
    assert.deepEqual([replayed.status, replayed.refresh_token], [200, tokens.refresh_token]);
    const next = await refresh(client.client_id, tokens.refresh_token, files.resource);
    assert.equal(next.status, 200);
    assert.notEqual(next.refresh_token, tokens.refresh_token);
  });

  await check('a token is good at its own server only', async () => {
    const verdicts = await ask('verdicts', { token: first.stored.tokens.access_token });
    for (const [name, { valid, active }] of Object.entries(verdicts)) {
      assert.deepEqual([name, valid, active], [name, name === 'files', name === 'files']);
    }
  });

  for (const [kind, server] of [['without', origin], ['with', slash]]) {
    await check(`a server at its origin, ${kind} a slash in its metadata`, async () => {
      const provider = new Provider(named());
      const client = await connect(server.url, provider);
      assert.equal((await claims(client)).aud, server.identifier);
      await ask('expire', { token: provider.stored.tokens.access_token });
      const seen = await observed(() => claims(client));
      assert.equal(seen.result.aud, server.identifier);
      assert.deepEqual(seen.tokens.map(({ status }) => status), [200]);
    });
  }

  await check('a tool that needs more asks for more', async () => {
    // With a refresh token version 1 refreshes instead, which never widens a grant.
    const grant_types = sdk.refreshesOnStepUp ? ['authorization_code'] : ['authorization_code', 'refresh_token'];
    const provider = new Provider(named({ client_name: `Interop step-up ${sdk.name}`, grant_types }));
    const client = await connect(files.url, provider);
    assert.equal(provider.stored.tokens.refresh_token !== undefined, grant_types.length === 2);
    await assert.rejects(claims(client, 'erase'), sdk.UnauthorizedError);
    await sdk.finish(client.transport, provider.takeCallback());
    const { scope } = await claims(client, 'erase');
    for (const wanted of ['tools:read', 'tools:write']) assert.ok(scope.split(' ').includes(wanted), scope);
  });

  for (const method of ['client_secret_basic', 'client_secret_post']) {
    await check(`a client with a secret, by ${method}`, async () => {
      const provider = new Provider(named({ client_name: `Interop ${method}`, token_endpoint_auth_method: method }));
      const seen = await observed(async () => {
        const client = await connect(files.url, provider);
        await ask('expire', { token: provider.stored.tokens.access_token });
        await claims(client);
      });
      const { client } = provider.stored;
      assert.deepEqual([typeof client.client_secret, client.client_secret_expires_at], ['string', 0]);
      assert.equal(client.token_endpoint_auth_method, method);
      const ways = seen.tokens.map(({ authentication, status }) => [authentication, status]);
      const way = method === 'client_secret_basic' ? 'basic' : 'post';
      assert.deepEqual(ways, [[way, 200], [way, 200]]);
    });
  }

  await check('a deleted client with a secret registers anew by itself', async () => {
    const metadata = named({ client_name: `Interop deleted ${sdk.name}`, token_endpoint_auth_method: 'client_secret_basic' });
    const provider = new Provider(metadata);
    const client = await connect(files.url, provider);
    const { client_id: gone } = provider.stored.client;
    await ask('registrar', { options: ['client', 'delete', 'main', gone] });
    await ask('expire', { token: provider.stored.tokens.access_token });
    const seen = await observed(() => assert.rejects(claims(client), sdk.UnauthorizedError));
    assert.deepEqual(seen.tokens.map(({ status, answer }) => [status, answer.error]), [[401, 'invalid_client']]);
    assert.deepEqual(seen.registrations.map(({ status }) => status), [201]);
    await sdk.finish(client.transport, provider.takeCallback());
    assert.notEqual((await claims(client)).client_id, gone);
  });

  await check('a deleted public client stays out, and comes back under its id when restored', async () => {
    const metadata = named({ client_name: `Interop blocked ${sdk.name}` });
    const provider = new Provider(metadata);
    const client = await connect(files.url, provider);
    const { client_id: id } = provider.stored.client;
    await ask('registrar', { options: ['client', 'delete', 'main', id] });
    await ask('expire', { token: provider.stored.tokens.access_token });
    const seen = await observed(() => assert.rejects(claims(client)));
    assert.deepEqual(seen.tokens.map(({ status, answer }) => [status, answer.error]), [[401, 'invalid_client']]);
    assert.deepEqual(seen.registrations.map(({ status, answer }) => [status, answer.error]), [[403, 'registration_forbidden']]);
    await ask('registrar', { options: ['client', 'restore', 'main', id] });
    // Tokens of the very second in which the others were ended count as ended.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const again = new Provider(metadata);
    assert.equal((await claims(await connect(files.url, again))).client_id, id);
  });

  await check('a client that is a metadata document', async () => {
    const provider = new Provider(named(), { document: scene.document });
    const seen = await observed(async () => {
      const client = await connect(files.url, provider);
      assert.equal((await claims(client)).client_id, scene.document);
      await ask('expire', { token: provider.stored.tokens.access_token });
      return claims(client);
    });
    assert.equal(seen.result.client_id, scene.document);
    assert.deepEqual(seen.registrations, []);
    assert.deepEqual(seen.tokens.map(({ sent }) => sent.grant_type), ['authorization_code', 'refresh_token']);
  });

  await check('somebody new signs up on the way', async () => {
    const provider = new Provider(named(), { browser: { person: `grace-${sdk.name}`, fresh: true, signUp: true } });
    const client = await connect(files.url, provider);
    assert.deepEqual(provider.pages, ['sign-up', 'consent']);
    assert.notEqual((await claims(client)).sub, (await jwtOf(first)).sub);
  });

  await check('cancelling is told to the client as access_denied', async () => {
    const provider = new Provider(named(), { browser: { decision: 'cancel' } });
    await assert.rejects(new sdk.Client({ name: 'interop', version: '1' }).connect(new sdk.Transport(new URL(files.url), { authProvider: provider })));
    assert.deepEqual(
      [provider.callback.get('error'), provider.callback.get('iss'), provider.callback.get('state')],
      ['access_denied', scene.issuer, provider.expectedState],
    );
  });
}

const jwtOf = ({ stored }) => JSON.parse(Buffer.from(stored.tokens.access_token.split('.')[1], 'base64url'));
