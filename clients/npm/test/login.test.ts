import { expect, test } from "vitest";
import { useHarness } from "registrar-harness/vitest";

const harness = useHarness();
const ask = async (url: string, init?: RequestInit): Promise<any> => (await fetch(url, init)).json();

test("Ada logs in", async () => {
  const { id } = await harness.domain().createUser({ username: "ada" });
  const server = await ask(harness.discoveryUrl());
  const app = new Blob(['{ "redirect_uris": ["http://127.0.0.1/callback"] }'], { type: "application/json" });
  const { client_id } = await ask(server.registration_endpoint, { method: "POST", body: app });
  const code_verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"; // and its hash: RFC 7636, appendix B
  const pkce = { code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" };
  const query = new URLSearchParams({ client_id, response_type: "code", scope: "openid", ...pkce });
  const back = await harness.domain().authorize({ user: "ada", url: `${server.authorization_endpoint}?${query}` });
  const form = { grant_type: "authorization_code", client_id, code: back.parameters.code, code_verifier };
  const { access_token: token } = await ask(server.token_endpoint, { method: "POST", body: new URLSearchParams(form) });
  expect(await ask(server.userinfo_endpoint, { headers: { Authorization: `Bearer ${token}` } })).toEqual({ sub: id });
});
