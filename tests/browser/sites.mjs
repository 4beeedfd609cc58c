// The web sites around the server: a client's https site, and programs that listen on this machine.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

/** Serves what the checks need, and remembers every request to a callback. */
export async function startSites(work) {
  const arrivals = [];
  const pages = new Map();
  const answer = async (request, response) => {
    const url = new URL(request.url, `${request.socket.encrypted ? 'https' : 'http'}://${request.headers.host}`);
    let body = '';
    for await (const chunk of request) body += chunk;
    if (url.pathname.startsWith('/callback')) arrivals.push({ method: request.method, url, body, headers: request.headers });
    const made = pages.get(url.pathname)?.(url) ?? { html: '<!doctype html><title>arrived</title><p id="arrived">Arrived.</p>' };
    if (made.json) return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(made.json));
    if (made.challenge) return response.writeHead(401, { 'www-authenticate': made.challenge }).end();
    if (made.location) return response.writeHead(302, { location: made.location }).end();
    return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(made.html);
  };
  // An app's site hands the answer on to the app itself.
  pages.set('/callback/page-to-app', (url) => ({
    html: `<!doctype html><title>opening</title><script>location.href = ${JSON.stringify(`vscode://example.ext/done${url.search}`)};</script>`,
  }));
  pages.set('/callback/redirect-to-app', (url) => ({ location: `vscode://example.ext/done${url.search}` }));

  const options = { key: readFileSync(`${work}/server.key`), cert: readFileSync(`${work}/server.pem`) };
  const [secure, plain] = [createSecureServer(options, answer), createServer(answer)];
  for (const site of [secure, plain]) await once(site.listen(0, '127.0.0.1'), 'listening');
  return {
    arrivals,
    pages,
    securePort: secure.address().port,
    // Another port than the one that loopback clients register.
    plainPort: plain.address().port,
    /** The request to a callback that carries this state, in its query or its body. */
    arrived: (state) => arrivals.find(({ url, body }) => url.searchParams.get('state') === state || new URLSearchParams(body).get('state') === state),
    close() {
      for (const site of [secure, plain]) {
        site.close();
        site.closeAllConnections();
      }
    },
  };
}
