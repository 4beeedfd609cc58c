import { randomBytes } from "node:crypto";
import { Control, HarnessError, query } from "./control.js";
import { HarnessDomain, type Known } from "./domain.js";
import type {
  Applied, Card, ClockState, FaultRule, JsonObject, Mail, MailFilter, PendingFault, RecordedRequest, RequestFilter,
} from "./types.js";

/** How many seconds a wait takes by default: less than the 5 after which Vitest and Jest give a test up. */
const USUAL_WAIT = 4;

/** How many of what was seen an error lists. */
const SHOWN = 20;

/** A server that runs, and everything that can be done to it. */
export class Harness {
  /** The server's time: tokens, codes and sessions live by it. */
  readonly clock: HarnessClock;
  /** What goes wrong on purpose. */
  readonly faults: Faults;
  readonly #control: Control;
  readonly #known: Known;

  constructor(card: Card, control: Control) {
    this.#known = { card };
    this.#control = control;
    this.clock = new HarnessClock(control);
    this.faults = new Faults(control);
  }

  /** What the server said of itself, with its URLs as they are now. */
  get card(): Card {
    return this.#known.card;
  }

  /** The server's base URL, without a slash at its end. */
  get publicUrl(): string {
    return this.card.public_url;
  }

  /** The issuer of a domain; of the first one if none is named. */
  issuer(domain?: string): string {
    return this.domain(domain).issuer;
  }

  /** The address of a domain's discovery document; of the first one's if none is named. */
  discoveryUrl(domain?: string): string {
    return this.domain(domain).discoveryUrl;
  }

  /** A domain that is there; the first one if none is named. */
  domain(name: string = this.card.domain ?? "main"): HarnessDomain {
    return new HarnessDomain(this.#control, name, this.#known);
  }

  /**
   * Lets the server be reached under other URLs, as a container whose ports are known only now. Issuers begin with
   * `publicUrl` from then on, those of domains that were asked for before too; `further` replaces the other URLs.
   */
  async setBaseUrls(publicUrl: string, further: string[] = []): Promise<void> {
    await this.control("PUT", "/base-urls", { public_url: publicUrl, further });
    this.#known.card = await this.control<Card>("GET", "");
  }

  /** Makes a domain; without a name it gets a random one, so that parallel tests do not meet. */
  async createDomain(name: string = randomName(), settings: JsonObject = {}): Promise<HarnessDomain> {
    await this.control("POST", "/domains", { name, settings });
    return this.domain(name);
  }

  /** Sets everything back to what it was when the server began to answer; snapshots stay. */
  reset(): Promise<void> {
    return this.control("POST", "/reset");
  }

  /** Keeps the state of database and clock, to come back to it. */
  async snapshot(): Promise<Snapshot> {
    const { id } = await this.control<{ id: string }>("POST", "/snapshots");
    return {
      id,
      restore: () => this.control("POST", `/snapshots/${id}/restore`),
      delete: () => this.control("DELETE", `/snapshots/${id}`),
    };
  }

  /** Does now what the server does once a minute: key rotation and clean-up. */
  housekeeping(): Promise<void> {
    return this.control("POST", "/housekeeping");
  }

  /** Applies a provisioning file, given as TOML. */
  async provision(toml: string): Promise<Applied[]> {
    const answer = await this.#control.send("POST", "/provision", { text: toml, type: "application/toml" });
    return (answer as { applied: Applied[] }).applied;
  }

  /** The requests that the server answered, oldest first; the last 1,000 are kept. */
  async requests(filter: RequestFilter = {}): Promise<RecordedRequest[]> {
    return (await this.control<Page<RecordedRequest>>("GET", `/requests${query(filter)}`)).items;
  }

  /** The first request that fits; waits for it `wait` seconds, 4 by default. */
  waitForRequest(filter: RequestFilter = {}): Promise<RecordedRequest> {
    return this.#wait("/requests", filter, (seen: RecordedRequest) => `${seen.method} ${seen.path} ${seen.status}`);
  }

  /** Forgets the requests. */
  clearRequests(): Promise<void> {
    return this.control("DELETE", "/requests");
  }

  /** The mails that the server would have sent, oldest first. */
  async mails(filter: MailFilter = {}): Promise<Mail[]> {
    return (await this.control<Page<Mail>>("GET", `/mails${query(filter)}`)).items;
  }

  /** The first mail that fits; waits for it `wait` seconds, 4 by default. */
  waitForMail(filter: MailFilter = {}): Promise<Mail> {
    return this.#wait("/mails", filter, (seen: Mail) => `to ${seen.to}: ${seen.subject}`);
  }

  /** Forgets the mails. */
  clearMails(): Promise<void> {
    return this.control("DELETE", "/mails");
  }

  /** Any operation of the control API, by its path below `/harness/v1`; the administration API is part of it. */
  control<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#control.send(method, path, body === undefined ? undefined : { json: body }) as Promise<T>;
  }
  async #wait<T>(path: string, filter: MailFilter | RequestFilter, line: (seen: T) => string): Promise<T> {
    const wait = filter.wait ?? USUAL_WAIT;
    const [first] = (await this.control<Page<T>>("GET", path + query({ ...filter, wait, count: 1 }))).items;
    if (first !== undefined) {
      return first;
    }
    const all = (await this.control<Page<T>>("GET", path + query({ after: filter.after }))).items;
    const seen = all.length === 0 ? "nothing" : all.slice(-SHOWN).map((item) => `\n  ${line(item)}`).join("");
    const wanted = JSON.stringify({ ...filter, wait: undefined });
    throw new HarnessError(`nothing in ${path} fits ${wanted} after ${wait} s; seen instead: ${seen}`);
  }
}

/** The server's clock. Each change answers the clock as it is then. */
export class HarnessClock {
  readonly #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  /** The server's time, and how it runs. */
  now(): Promise<ClockState> {
    return this.#control.send("GET", "/clock") as Promise<ClockState>;
  }

  /** Goes ahead by so many seconds. */
  advance(seconds: number): Promise<ClockState> {
    return this.#change({ advance: seconds });
  }

  /** Goes to a time, in Unix seconds. */
  set(time: number): Promise<ClockState> {
    return this.#change({ set: time });
  }

  /** Stops the clock. */
  freeze(): Promise<ClockState> {
    return this.#change({ frozen: true });
  }

  /** Lets the clock run again. */
  resume(): Promise<ClockState> {
    return this.#change({ frozen: false });
  }

  #change(json: { set: number } | { advance: number } | { frozen: boolean }): Promise<ClockState> {
    return this.#control.send("POST", "/clock", { json }) as Promise<ClockState>;
  }
}

/** What goes wrong on purpose. */
export class Faults {
  readonly #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  /** Lets something go wrong, for one request if nothing else is said. */
  async inject(fault: FaultRule): Promise<Fault> {
    const { id } = await this.#control.send("POST", "/faults", { json: fault }) as PendingFault;
    return { id, remove: async () => void await this.#control.send("DELETE", `/faults/${id}`) };
  }

  /** The faults that are there, with the times they have left. */
  async list(): Promise<PendingFault[]> {
    return (await this.#control.send("GET", "/faults") as { items: PendingFault[] }).items;
  }

  /** Removes all. */
  async clear(): Promise<void> {
    await this.#control.send("DELETE", "/faults");
  }
}

/** A fault that was injected. */
export interface Fault {
  readonly id: string;
  remove(): Promise<void>;
}

/** A state of database and clock that is kept. */
export interface Snapshot {
  readonly id: string;
  /** Goes back to it; faults, records, mails and the like are cleared. */
  restore(): Promise<void>;
  /** Forgets it. */
  delete(): Promise<void>;
}

interface Page<T> {
  items: T[];
}

function randomName(): string {
  return `t${randomBytes(8).toString("hex")}`;
}
