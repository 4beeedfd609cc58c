import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Problem } from "./types.js";

/** Something that the harness refused, or could not do. */
export class HarnessError extends Error {
  override readonly name = "HarnessError";
  /** The status of the answer; undefined where there was none. */
  readonly status: number | undefined;
  /** The problem document of the answer, if it had one. */
  readonly problem: Problem | undefined;

  constructor(message: string, more: { status?: number; problem?: Problem | undefined; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.status = more.status;
    this.problem = more.problem;
  }
}

/** What is sent with a request: JSON, or text of another type. */
export type Content = { json: unknown } | { text: string; type: string };

interface Answer {
  status: number;
  type: string;
  body: string;
}

/** The control API of one server. It does not use `fetch`, which tests like to replace. */
export class Control {
  /** The address, without a slash at its end. */
  readonly url: string;

  constructor(url: string) {
    this.url = url.replace(/\/+$/, "");
  }

  /** Sends a request; answers the JSON or text of a success, and throws `HarnessError` otherwise. */
  async send(method: string, path: string, content?: Content): Promise<unknown> {
    const answer = await exchange(method, this.url + path, content).catch((cause: unknown) => {
      throw new HarnessError(`${method} ${path}: no answer from ${this.url}: ${reason(cause)}`, { cause });
    });
    const value = read(answer);
    if (answer.status < 300) {
      return value;
    }
    const problem = isObject(value) ? value as Problem : undefined;
    const detail = problem?.detail ?? problem?.title ?? answer.body;
    const { status } = answer;
    throw new HarnessError(`${method} ${path}: ${status} ${detail}`.trimEnd(), { status, problem });
  }
}

/** The members that are there as a query, with its question mark. */
export function query(members: object): string {
  const query = new URLSearchParams();
  Object.entries(members).forEach(([name, value]) => value !== undefined && query.set(name, String(value)));
  return query.size === 0 ? "" : `?${query}`;
}

/** What an error says of its reason. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
}

function exchange(method: string, url: string, content?: Content): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith("https:") ? requestHttps : requestHttp;
    const body = content && ("text" in content ? content.text : JSON.stringify(content.json));
    const type = content && ("text" in content ? content.type : "application/json");
    const headers = body === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(body) };
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", body: text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function read({ type, body }: Answer): unknown {
  if (body === "") {
    return undefined;
  }
  return /[/+]json\b/.test(type) ? JSON.parse(body) : body;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
