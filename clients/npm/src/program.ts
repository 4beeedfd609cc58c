import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Card } from "./types.js";

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** How long a program may take to end before it is killed, in milliseconds. */
const END_TIMEOUT = 3_000;

/** How much of the program's log is kept, in characters. */
const LOG_KEPT = 100_000;

/** The program, held by an open pipe on its stdin. */
export class Program {
  /** The last of what it wrote on stderr. */
  log = "";
  readonly #child: Child;
  readonly #end: Promise<string>;

  constructor(binary: string, args: string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(binary, args, { env, stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
    this.#end = new Promise((resolve) => {
      this.#child.on("error", (error) => resolve(error.message));
      this.#child.on("close", (code, signal) => resolve(`it ended with ${signal ?? code}`));
    });
    this.#child.stdin.on("error", () => undefined);
    this.#child.stderr.setEncoding("utf8");
    this.#child.stderr.on("data", (text: string) => (this.log = (this.log + text).slice(-LOG_KEPT)));
  }

  /** Waits for the ready card; from then on this process does not stay alive for the program. */
  async card(timeout: number): Promise<Card> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no ready card within ${timeout} ms`)), timeout);
    });
    const ended = this.#end.then((how) => Promise.reject(new Error(how)));
    try {
      const card = readCard(await Promise.race([firstLine(this.#child.stdout), ended, late]));
      this.#hold(false);
      return card;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks it to end, waits for that, and kills it after `grace` milliseconds. */
  async stop(grace = END_TIMEOUT): Promise<void> {
    this.#hold(true);
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), grace);
    await this.#end;
    clearTimeout(timer);
  }

  /** Says whether this process stays alive for the program. */
  #hold(hold: boolean): void {
    const { stdin, stdout, stderr } = this.#child;
    for (const held of [this.#child, stdin, stdout, stderr] as Pick<Child, "ref" | "unref">[]) {
      held[hold ? "ref" : "unref"]();
    }
  }
}

function firstLine(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (part: string) => {
      text += part;
      const [line, ...rest] = text.split("\n", 2);
      if (line !== undefined && rest.length > 0) {
        stream.removeAllListeners("data").resume();
        resolve(line);
      }
    });
  });
}

function readCard(line: string): Card {
  try {
    const card = JSON.parse(line) as Card;
    if (typeof card.control_url === "string") {
      return card;
    }
  } catch {
    // What it printed is in the error below.
  }
  throw new Error(`its first line is not a ready card: ${line}`);
}
