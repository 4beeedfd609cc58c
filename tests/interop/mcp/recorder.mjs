// A transparent proxy in front of the server: every client is observed alike, whatever it lets one hook into.
import { createServer, request as forward } from 'node:http';

/** Listens on a free loopback port; `target` is set once the server's port is known. */
export async function startRecorder() {
  const exchanges = [];
  const recorder = { exchanges, target: undefined };
  const server = createServer((request, response) => pass(recorder, request, response));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  recorder.url = `http://127.0.0.1:${server.address().port}`;
  recorder.close = () => server.close();
  return recorder;
}

async function pass(recorder, request, response) {
  const body = await collect(request);
  // The host stays the one the client named: the server must see the request as it was sent.
  const options = { host: '127.0.0.1', port: recorder.target, method: request.method, path: request.url };
  const onward = forward({ ...options, headers: request.headers }, async (answer) => {
    const content = await collect(answer);
    recorder.exchanges.push(describe(request, body, answer, content));
    response.writeHead(answer.statusCode, answer.rawHeaders);
    response.end(content);
  });
  onward.on('error', (error) => {
    recorder.exchanges.push({ method: request.method, path: request.url, status: 0, broken: error.message });
    response.destroy();
  });
  onward.end(body);
}

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function describe(request, body, answer, content) {
  const url = new URL(request.url, 'http://recorder');
  const sent = parameters(request, url, body);
  const exchange = {
    method: request.method,
    path: url.pathname,
    sent,
    authentication: authentication(request, sent),
    status: answer.statusCode,
    type: (answer.headers['content-type'] ?? '').split(';')[0],
    cache: answer.headers['cache-control'] ?? '',
    location: answer.headers.location,
  };
  if (exchange.type === 'application/json') exchange.answer = parse(content);
  return exchange;
}

function parameters(request, url, body) {
  if (request.method === 'GET') return Object.fromEntries(url.searchParams);
  const type = (request.headers['content-type'] ?? '').split(';')[0];
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(body.toString()));
  return type === 'application/json' ? parse(body) : undefined;
}

function authentication(request, sent) {
  const { authorization } = request.headers;
  if (authorization) return authorization.split(' ')[0].toLowerCase();
  return sent?.client_secret === undefined ? 'none' : 'post';
}

function parse(bytes) {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/** What the clients could choke on in the answers among these exchanges, each with its place. */
export function faults(exchanges) {
  const found = [];
  for (const exchange of exchanges) {
    const place = `${exchange.method} ${exchange.path} ${exchange.status}`;
    const token = exchange.path.endsWith('/oauth/token');
    if (exchange.broken) found.push(`${place}: ${exchange.broken}`);
    if (exchange.status >= 500) found.push(`${place}: a server error`);
    if (exchange.type === 'application/json' && exchange.answer === undefined) found.push(`${place}: unreadable JSON`);
    for (const member of empties(exchange.answer)) found.push(`${place}: ${member} is null or empty`);
    const wellKnown = exchange.path.includes('/.well-known/');
    if ((token || wellKnown || exchange.path.endsWith('/oidc/register')) && exchange.status !== 204) {
      if (exchange.method !== 'OPTIONS' && exchange.type !== 'application/json') found.push(`${place}: not JSON`);
      if (exchange.status >= 300 && exchange.status < 400) found.push(`${place}: a redirect`);
    }
    if (token && exchange.status === 200) {
      const { expires_in: lifetime, token_type: type, scope } = exchange.answer ?? {};
      if (!Number.isInteger(lifetime)) found.push(`${place}: expires_in is no integer`);
      if (type !== 'Bearer') found.push(`${place}: token_type is not Bearer`);
      if (typeof scope !== 'string') found.push(`${place}: no scope`);
    }
    if ((token || exchange.status === 201) && !exchange.cache.includes('no-store')) found.push(`${place}: storable`);
    // A form's answer must turn the POST into a GET (a replayed POST at the callback is refused there).
    if (exchange.method === 'POST' && [301, 307, 308].includes(exchange.status)) found.push(`${place}: replays the form`);
  }
  return found;
}

function empties(value, path = '') {
  if (value === null || value === '') return [path || 'the answer'];
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, member]) => empties(member, path ? `${path}.${name}` : name));
}
