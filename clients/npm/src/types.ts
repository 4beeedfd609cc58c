// What the control API takes and answers. Names are as on the wire; times are Unix seconds, spans are seconds.

/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [member: string]: Json };

/** A JSON object. */
export type JsonObject = { [member: string]: Json };

/** Exactly one of the members of `T`. */
export type OneOf<T> = { [K in keyof T]: Pick<T, K> & { [Other in Exclude<keyof T, K>]?: never } }[keyof T];

/** A problem document (RFC 9457). */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  [member: string]: Json | undefined;
}

/** The credentials of a gateway, which registers clients with a token of its own. */
export interface Gateway {
  client_id: string;
  client_secret: string;
  scope: string;
  renew_secret_url: string;
}

/** What the server says of itself once it answers. */
export interface Card {
  public_url: string;
  control_url: string;
  /** The domain that is there from the start: `main`, or the first by name of a provisioning file. */
  domain?: string;
  issuer?: string;
  discovery_url?: string;
  console_url?: string;
  /** A token of the administration API `/api/v1`. */
  api_token: string;
  /** Absent where a provisioning file was given. */
  gateway?: Gateway;
  /** Whether anybody may register in the domain, without a token. */
  quick_start?: boolean;
}

/** The server's clock. */
export interface ClockState {
  now: number;
  frozen: boolean;
  /** How far it is ahead of the system's clock; 0 while frozen. */
  offset: number;
}

/** What a provisioning file did to one thing. */
export interface Applied {
  domain: string;
  kind: string;
  name: string;
  outcome: string;
}

/** An endpoint of a domain. */
export type Endpoint =
  | "discovery" | "jwks" | "authorize" | "token" | "introspect" | "revoke" | "userinfo" | "logout"
  | "register" | "registration" | "renew_secret" | "templates" | "login" | "consent" | "sign_up" | "account";

/** Which requests a fault hits, and how often. */
export interface FaultScope {
  domain?: string;
  endpoint?: Endpoint;
  method?: string;
  /** The whole path. */
  path?: string;
  /** Parameters of the query or the form, with their values. */
  when?: Record<string, string>;
  /** Whether the request is carried out and only its answer is lost. */
  after?: boolean;
  /** How many requests pass first. */
  skip?: number;
  /** How many requests it hits: 1 where absent; null: all, until it is removed. */
  times?: number | null;
}

/** What happens to a request that is hit. */
export type FaultEffect =
  | { status: number; headers?: Record<string, string>; body?: Json; delay?: number; drop?: never; malform?: never }
  | { drop: true; delay?: number; status?: never; malform?: never }
  | { malform: true; delay?: number; status?: never; drop?: never }
  | { delay: number; status?: never; drop?: never; malform?: never };

/** A fault: an answer, a cut connection, half an answer, or a delay. */
export type FaultRule = FaultScope & FaultEffect;

/** A fault that waits for its requests. */
export type PendingFault = FaultRule & { id: string };

/** Which of what was recorded is wanted, and how long to wait for it. */
export interface Waiting {
  /** Only what came after the one of this id. */
  after?: number;
  /** How many to wait for; 1 where absent. */
  count?: number;
  /** How many seconds to wait for them, 60 at the most. */
  wait?: number;
}

/** Which recorded requests are wanted; members that are absent fit all. */
export interface RequestFilter extends Waiting {
  domain?: string;
  endpoint?: Endpoint;
  method?: string;
  path?: string;
  client_id?: string;
  /** How many to answer, 1000 at the most. */
  limit?: number;
}

/** Parameters by their names; one that was sent several times has all its values. */
export type Parameters = Record<string, string | string[]>;

/** A request that the server answered. */
export interface RecordedRequest {
  id: number;
  at: number;
  method: string;
  path: string;
  query: Parameters;
  domain?: string;
  endpoint?: Endpoint;
  headers: Record<string, string>;
  body: string;
  /** The parameters of the query and the form. */
  parameters: Parameters;
  client_id?: string;
  status: number;
  /** The OAuth error code of the answer. */
  error?: string;
  /** The body of the answer. */
  response: string;
  /** Whether something was too long to be kept whole. */
  truncated: boolean;
}

/** Which mails are wanted; members that are absent fit all. */
export interface MailFilter extends Waiting {
  /** The address. */
  to?: string;
}

/** A mail that the server would have sent. */
export interface Mail {
  id: number;
  at: number;
  to: string;
  subject: string;
  text: string;
  /** The links in the text. */
  links: string[];
}

/** A user that is wanted. */
export interface NewUser {
  username: string;
  password?: string;
  email?: string;
  email_verified?: boolean;
  /** Profile claims, such as `name`. */
  claims?: JsonObject;
  enabled?: boolean;
}

/** A change of a user: what is sent; null takes an address or a claim away. */
export type UserChange = Partial<Omit<NewUser, "email">> & { email?: string | null };

/** A user. */
export interface User {
  /** Its `sub`, for clients with public subjects. */
  id: string;
  username: string;
  email?: string;
  email_verified: boolean;
  claims: JsonObject;
  has_password: boolean;
  enabled: boolean;
  version: number;
  created_at: number;
  updated_at: number;
}

/** A client that is wanted: by its kind, by metadata (RFC 7591), or both, where the metadata counts. */
export interface NewClient {
  kind?: "web" | "browser" | "native" | "backend_to_backend" | "gateway-registrar";
  name?: string;
  redirect_uris?: string[];
  /** Generated where absent. */
  client_id?: string;
  /** Generated where absent and needed. */
  client_secret?: string;
  metadata?: JsonObject;
  /** What no registrant may set, such as `granted_scopes` or `may_introspect`. */
  settings?: JsonObject;
}

/** A change of a client; null takes a member away. */
export type ClientChange = Pick<NewClient, "metadata" | "settings">;

/** A client. */
export interface Client {
  client_id: string;
  type: string;
  status: string;
  metadata: JsonObject;
  settings: JsonObject;
  version: number;
  created_at: number;
  updated_at: number;
  /** Only in the answer that made it. */
  client_secret?: string;
}

/** A scope. */
export interface Scope {
  name: string;
  label?: string;
  description?: string;
  hidden?: boolean;
  /** Whether only an administrator grants it. */
  reserved?: boolean;
  /** Whether a registration may ask for it. */
  self_registrable?: boolean;
}

/** A protected resource that is wanted. */
export interface NewResource {
  name: string;
  /** Absolute URIs; the first one is the `aud` of its tokens. */
  identifiers: string[];
  prefix_match?: boolean;
  /** Separated by blanks; all of the domain's where absent. */
  scopes?: string;
  access_token_algorithm?: Algorithm;
  access_token_lifetime?: number;
  /** Whether it gets credentials for introspection; yes where absent. */
  credentials?: boolean;
}

/** A protected resource. */
export interface Resource {
  id: string;
  name: string;
  identifiers: string[];
  /** The client id of its credentials. */
  credentials?: string;
  /** The secret of its credentials, in the answer that made it. */
  client_secret?: string;
}

/** A signature algorithm. */
export type Algorithm = "RS256" | "ES256";

/** What is wrong with a token. */
export type Flaw =
  | "expired" | "not_yet_valid" | "wrong_key" | "wrong_issuer" | "wrong_audience" | "tampered_payload"
  | "tampered_signature" | "alg_none" | "hs256_with_public_key" | "unknown_kid" | "no_kid" | "wrong_type" | "malformed";

/** A token that is wanted. */
export interface MintOptions {
  /** Needed in all domains but the first; there it is the gateway where absent. */
  client_id?: string;
  /** A user name; needed for an ID token. */
  user?: string;
  /** Separated by blanks. */
  scope?: string;
  resource?: string | string[];
  /** Seconds; may be negative. */
  lifetime?: number;
  type?: "access_token" | "id_token";
  algorithm?: Algorithm;
  /** Claims to set; null removes one. */
  claims?: JsonObject;
  flaw?: Flaw;
}

/** A token made to order. */
export interface MintedToken {
  token: string;
  header: JsonObject;
  claims: JsonObject;
}

/** A change of the tokens that the token endpoint issues. */
export interface TokenChange {
  /** Parameters of the token request or of the login's authorization request, with their values; absent: each. */
  when?: Record<string, string>;
  token?: "access_token" | "id_token";
  claims?: JsonObject;
  flaw?: Flaw;
  /** How many times; absent: always. */
  times?: number;
}

/** What a user decides on the consent page. */
export type Decision = "allow" | "deny";

/** An authorization request and the user who answers it. */
export interface Authorization {
  /** The authorization request as the client built it. */
  url: string | URL;
  /** A user name. */
  user: string;
  /** `allow` where absent. */
  decision?: Decision;
}

/** The authorization response. */
export interface AuthorizationResponse {
  /** The redirect URI with the parameters. */
  location: string;
  /** `code`, `state`, `iss` or `error`. */
  parameters: Record<string, string>;
}

/** The cookie of a browser in which a user is logged in. */
export interface Session {
  session_id: string;
  name: string;
  value: string;
  /** `name=value` */
  cookie: string;
  expires_at: number;
}

/** An authorization request that waits for a person. */
export interface Interaction {
  id: string;
  client_id: string;
  page: "login" | "consent";
  /** The parameters of the authorization request. */
  request: Record<string, string>;
  created_at: number;
  expires_at: number;
}

/** Who answers which authorization requests at once. */
export interface AutoApproval {
  /** A user name. */
  user: string;
  decision?: Decision;
  /** What the client is told where the decision is `deny`; absent: `access_denied`. */
  error?:
    | "access_denied"
    | "login_required"
    | "consent_required"
    | "interaction_required"
    | "account_selection_required";
  /** Parameters of the authorization request, with their values; absent: each request. */
  when?: Record<string, string>;
}

/** What is revoked: a token, all of a client's, or all of a user's (by user name). */
export type Revocation = OneOf<{ token: string; client_id: string; user: string }>;

/** What expires: a token or code, a client's secrets, a session, or an interaction. */
export type Expiry = OneOf<{ token: string; client_secret_of: string; session_id: string; interaction: string }>;

/** Values that the server hands out, in order, instead of random ones. */
export interface Queue {
  client_id?: string[];
  client_secret?: string[];
  registration_access_token?: string[];
  initial_access_token?: string[];
  authorization_code?: string[];
  refresh_token?: string[];
  jti?: string[];
}
