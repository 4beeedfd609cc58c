// An MCP server that protects itself as the specification asks: RFC 9728 metadata, challenges, validated tokens.
import { createServer } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const READ = 'tools:read';
const WRITE = 'tools:write';
const TOOLS = { whoami: READ, erase: WRITE };

/**
 * `path` is where MCP is spoken; `resource` gives, from the origin, the identifier that the metadata names.
 * `identifier`, set later, is the registered one: the only audience that is accepted. With `credentials` each
 * token is looked up by introspection as well, as a gateway does.
 */
export async function startProtectedServer({ name, path, resource }) {
  const self = { name, path, expired: new Set() };
  const server = createServer((request, response) => {
    answer(self, request, response).catch((error) => send(response, 500, { error: `${error}` }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  self.origin = `http://127.0.0.1:${server.address().port}`;
  self.url = `${self.origin}${path}`;
  self.resource = resource(self.origin);
  self.metadataPath = `/.well-known/oauth-protected-resource${path}`;
  self.close = () => server.close();
  return self;
}

async function answer(self, request, response) {
  const { pathname } = new URL(request.url, self.origin);
  if (request.method === 'GET' && pathname === self.metadataPath) {
    return send(response, 200, {
      resource: self.resource,
      authorization_servers: [self.issuer],
      scopes_supported: [READ, WRITE],
      bearer_methods_supported: ['header'],
    });
  }
  if (pathname !== (self.path || '/')) return send(response, 404, { error: 'not_found' });
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (!token) return challenge(self, response, 401, { scope: READ });
  const verdict = await judge(self, token);
  if (!verdict.valid) return challenge(self, response, 401, { error: 'invalid_token', scope: READ });
  if (request.method !== 'POST') return send(response, 405, { error: 'method_not_allowed' });
  return speak(self, await json(request), verdict.claims, response);
}

/** Whether this server takes the token: signature, issuer, audience and times; then, with credentials, introspection. */
export async function judge(self, token) {
  if (self.expired.has(token)) return { valid: false, reason: 'declared expired' };
  let claims;
  try {
    self.keys ??= createRemoteJWKSet(new URL(self.metadata.jwks_uri));
    ({ payload: claims } = await jwtVerify(token, self.keys, { issuer: self.issuer, audience: self.identifier }));
  } catch (error) {
    return { valid: false, reason: error.message };
  }
  if (!scopes(claims).includes(READ)) return { valid: false, reason: `no scope ${READ}` };
  if (self.credentials && !(await introspect(self, token)).active) return { valid: false, reason: 'inactive' };
  return { valid: true, claims };
}

/** Asks the authorization server about a token with this server's own credentials. */
export async function introspect(self, token) {
  const { client_id: id, client_secret: secret } = self.credentials;
  const response = await fetch(self.metadata.introspection_endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ token }),
  });
  if (response.status !== 200) throw new Error(`introspection answered ${response.status}`);
  return response.json();
}

const scopes = (claims) => (claims.scope ?? '').split(' ');

function challenge(self, response, status, { error, scope }) {
  const parts = [`resource_metadata="${self.origin}${self.metadataPath}"`, `scope="${scope}"`];
  if (error) parts.unshift(`error="${error}"`);
  response.setHeader('WWW-Authenticate', `Bearer ${parts.join(', ')}`);
  return send(response, status, { error: error ?? 'unauthorized' });
}

function speak(self, message, claims, response) {
  if (message?.id === undefined) return response.writeHead(202).end();
  const { id, method, params } = message;
  const result = (value) => send(response, 200, { jsonrpc: '2.0', id, result: value });
  switch (method) {
    case 'initialize':
      return result({
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: self.name, version: '1.0.0' },
      });
    case 'ping':
      return result({});
    case 'tools/list':
      return result({ tools: Object.keys(TOOLS).map((name) => ({ name, inputSchema: { type: 'object' } })) });
    case 'tools/call': {
      const needed = TOOLS[params.name];
      // A step-up challenge names what the operation needs beside what it needs anyway.
      if (!scopes(claims).includes(needed)) {
        return challenge(self, response, 403, { error: 'insufficient_scope', scope: `${READ} ${needed}` });
      }
      return result({ content: [{ type: 'text', text: JSON.stringify(claims) }] });
    }
    default:
      return send(response, 200, { jsonrpc: '2.0', id, error: { code: -32601, message: `no method ${method}` } });
  }
}

async function json(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
