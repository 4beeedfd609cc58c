import type { Control } from "./control.js";
import type {
  Authorization, AuthorizationResponse, AutoApproval, Card, Client, ClientChange, Decision, Expiry, Gateway,
  Interaction, JsonObject, MintedToken, MintOptions, NewClient, NewResource, NewUser, Queue, Resource, Revocation, Scope,
  Session, TokenChange, User, UserChange,
} from "./types.js";

/** What the server said of itself last. */
export interface Known {
  card: Card;
}

/** A domain: one issuer with clients, users, scopes and keys of its own. */
export class HarnessDomain {
  /** Its name: the first segment of its paths. */
  readonly name: string;
  readonly #known: Known;
  readonly #control: Control;
  readonly #path: string;

  constructor(control: Control, name: string, known: Known) {
    this.name = name;
    this.#known = known;
    this.#control = control;
    this.#path = `/domains/${encodeURIComponent(name)}`;
  }

  /** Its issuer, under the server's base URL as it is now. */
  get issuer(): string {
    return `${this.#known.card.public_url}/${this.name}/oidc`;
  }

  /** Where its discovery document is. */
  get discoveryUrl(): string {
    return `${this.issuer}/.well-known/openid-configuration`;
  }

  /** The credentials of the gateway that is there from the start; only the first domain has one. */
  get gateway(): Gateway | undefined {
    const { domain, gateway } = this.#known.card;
    return this.name === domain ? gateway : undefined;
  }

  /** Makes a user. */
  createUser(user: NewUser): Promise<User> {
    return this.#send("POST", "/users", user);
  }

  /** Changes a user by its `id`. */
  updateUser(userId: string, change: UserChange): Promise<User> {
    return this.#send("PATCH", at("users", userId), change);
  }

  /** Deletes a user by its `id`. */
  deleteUser(userId: string): Promise<void> {
    return this.#send("DELETE", at("users", userId));
  }

  /** Makes a client; its secret is in this answer and never again. */
  createClient(client: NewClient): Promise<Client> {
    return this.#send("POST", "/clients", client);
  }

  /** Changes a client's metadata or settings. */
  updateClient(clientId: string, change: ClientChange): Promise<Client> {
    return this.#send("PATCH", at("clients", clientId), change);
  }

  /** Deletes a client and ends its tokens. */
  deleteClient(clientId: string): Promise<void> {
    return this.#send("DELETE", at("clients", clientId));
  }

  /** Makes a scope. */
  createScope(scope: Scope): Promise<Scope> {
    return this.#send("POST", "/scopes", scope);
  }

  /** Makes a protected resource; the secret of its credentials is in this answer and never again. */
  createResource(resource: NewResource): Promise<Resource> {
    return this.#send("POST", "/resources", resource);
  }

  /** Makes a token to order, with a flaw if one is wanted. */
  mint(options: MintOptions = {}): Promise<MintedToken> {
    return this.#send("POST", "/tokens", options);
  }

  /** Sends a user through an authorization request: login, consent, redirect. */
  authorize(authorization: Authorization): Promise<AuthorizationResponse> {
    return this.#send("POST", "/authorize", { ...authorization, url: String(authorization.url) });
  }

  /** Logs a user in, by user name, and answers the browser's cookie. */
  session(user: string): Promise<Session> {
    return this.#send("POST", "/sessions", { user });
  }

  /** The authorization requests that wait for a person. */
  async interactions(): Promise<Interaction[]> {
    return (await this.#send<{ items: Interaction[] }>("GET", "/interactions")).items;
  }

  /** Answers an authorization request that waits. */
  decide(interactionId: string, answer: { user: string; decision?: Decision }): Promise<AuthorizationResponse> {
    return this.#send("POST", at("interactions", interactionId), answer);
  }

  /** From now on lets a user, or the first item that fits, answer authorization requests at once, without pages. */
  async autoApprove(approval: string | AutoApproval[]): Promise<void> {
    const items = typeof approval === "string" ? [{ user: approval }] : approval;
    await this.#send("PUT", "/auto-approvals", { items });
  }

  /** Shows the login page again. */
  stopAutoApprove(): Promise<void> {
    return this.#send("DELETE", "/auto-approvals");
  }

  /** Changes the tokens that the token endpoint issues, by the first item that fits and has times left. */
  async changeTokens(items: TokenChange[]): Promise<void> {
    await this.#send("PUT", "/token-changes", { items });
  }

  /** Issues sound tokens again. */
  stopChangingTokens(): Promise<void> {
    return this.#send("DELETE", "/token-changes");
  }

  /** Revokes a token, or all that a client or a user has. */
  revoke(what: Revocation): Promise<void> {
    return this.#send("POST", "/revoke", what);
  }

  /** Lets something expire now. An access token is revoked: what it says of its end stays. */
  expire(what: Expiry): Promise<void> {
    return this.#send("POST", "/expire", what);
  }

  /** Lets the server hand out these values instead of random ones; answers all that wait. */
  queue(values: Queue): Promise<Queue> {
    return this.#send("POST", "/queue", values);
  }

  /** Publishes a successor of each signing key, which signs later; with `now` it signs at once. */
  async rotateKeys(options: { now?: boolean } = {}): Promise<void> {
    await this.#send("POST", "/keys/rotate", options);
  }

  /** Changes settings of the domain; null sets one to its default. */
  async update(settings: JsonObject): Promise<void> {
    await this.#send("PATCH", "", settings);
  }

  /** Deletes the domain with everything in it. */
  delete(): Promise<void> {
    return this.#send("DELETE", "");
  }

  #send<T>(method: string, path: string, json?: unknown): Promise<T> {
    return this.#control.send(method, this.#path + path, json === undefined ? undefined : { json }) as Promise<T>;
  }
}

function at(kind: string, id: string): string {
  return `/${kind}/${encodeURIComponent(id)}`;
}
