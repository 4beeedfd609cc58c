import { createHash } from "node:crypto";
import type { Client, HarnessDomain } from "registrar-harness";

export const REDIRECT_URI = "http://127.0.0.1/callback";
const VERIFIER = "v".repeat(43);

/** A discovery document. */
export type Discovery = Record<
  | "issuer" | "authorization_endpoint" | "token_endpoint" | "introspection_endpoint" | "registration_endpoint"
  | "userinfo_endpoint" | "jwks_uri",
  string
>;

/** What the application under test does: an OAuth client, written with `fetch`. */
export class Application {
  constructor(readonly domain: HarnessDomain, readonly server: Discovery, readonly client: Client) {}

  /** An application that acts for itself and may introspect. */
  static async job(domain: HarnessDomain): Promise<Application> {
    const settings = { may_introspect: true };
    const client = await domain.createClient({ kind: "backend_to_backend", name: "Job", settings });
    return new Application(domain, await discover(domain), client);
  }

  /** An application in which people log in. */
  static async web(domain: HarnessDomain, name = "Shop"): Promise<Application> {
    const client = await domain.createClient({ kind: "web", name, redirect_uris: [REDIRECT_URI] });
    return new Application(domain, await discover(domain), client);
  }

  /** Calls the token endpoint. */
  token(parameters: Record<string, string> = { grant_type: "client_credentials" }): Promise<Response> {
    return this.#post(this.server.token_endpoint, parameters);
  }

  /** What introspection says of a token. */
  async introspect(token: string): Promise<any> {
    return (await this.#post(this.server.introspection_endpoint, { token })).json();
  }

  /** The URL of an authorization request. */
  loginUrl(more: Record<string, string> = {}): string {
    const parameters = {
      response_type: "code",
      client_id: this.client.client_id,
      redirect_uri: REDIRECT_URI,
      scope: "openid",
      state: "s1",
      code_challenge: createHash("sha256").update(VERIFIER).digest("base64url"),
      code_challenge_method: "S256",
      ...more,
    };
    return `${this.server.authorization_endpoint}?${new URLSearchParams(parameters)}`;
  }

  /** Exchanges an authorization code. */
  exchange(code: string): Promise<Response> {
    return this.token({ grant_type: "authorization_code", code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER });
  }

  #post(url: string, parameters: Record<string, string>): Promise<Response> {
    const { client_id, client_secret } = this.client;
    const authorization = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString("base64")}`;
    return fetch(url, { method: "POST", headers: { authorization }, body: new URLSearchParams(parameters) });
  }
}

/** Reads a domain's discovery document. */
export async function discover(domain: HarnessDomain): Promise<Discovery> {
  return (await fetch(domain.discoveryUrl)).json() as Promise<Discovery>;
}
