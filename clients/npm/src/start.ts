import { accessSync, constants, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Control, HarnessError, reason } from "./control.js";
import { Harness } from "./harness.js";
import { Program } from "./program.js";
import type { Card } from "./types.js";

/** How a server is started. */
export interface HarnessOptions {
  /** The program; where absent, what the environment's REGISTRAR_BIN names, or `registrar` on the PATH. */
  binary?: string;
  /** A provisioning file: its path, or its text in TOML. */
  provision?: string;
  /** Further base URLs under which the server is reached. */
  baseUrls?: string[];
  /** The base URL that the server gives out, and is steered by; where absent, the address it listens at. */
  publicUrl?: string;
  /** Where it listens; where absent, a free port of 127.0.0.1. */
  listen?: string;
  /** More arguments for `registrar harness`. */
  args?: string[];
  /** More variables for its environment. It gets this process's, without DATABASE_URL and REGISTRAR_*. */
  env?: Record<string, string>;
  /** How long it may take to answer, in milliseconds; 10,000 where absent. */
  timeout?: number;
}

/** What is left to do with a program that answers. */
interface Running {
  readonly log: string;
  stop(): Promise<void>;
}

/** A server that this process started. It ends with this process, however that ends. */
export class StartedHarness extends Harness {
  readonly #program: Running;

  constructor(card: Card, program: Running) {
    super(card, new Control(card.control_url));
    this.#program = program;
  }

  /** The last of what the server logged. */
  get log(): string {
    return this.#program.log;
  }

  /** Stops the server and waits for its end. */
  stop(): Promise<void> {
    return this.#program.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts a server, with a database of its own in memory, on a free port. */
export async function startHarness(options: HarnessOptions = {}): Promise<StartedHarness> {
  const binary = findBinary(options.binary);
  const file = provisioningFile(options.provision);
  const program = new Program(binary, programArguments(options, file?.path), environment(options.env));
  try {
    return new StartedHarness(await program.card(options.timeout ?? 10_000), program);
  } catch (cause) {
    await program.stop(0);
    throw new HarnessError(`${binary} did not start: ${reason(cause)}\n${program.log}`.trimEnd(), { cause });
  } finally {
    file?.remove();
  }
}

/** The handle of a server that already runs, such as one in a container, by the control URL of its card. */
export async function connectHarness(controlUrl: string): Promise<Harness> {
  const control = new Control(controlUrl);
  return new Harness(await control.send("GET", "") as Card, control);
}

function findBinary(option: string | undefined): string {
  const named = option ?? process.env["REGISTRAR_BIN"];
  if (named) {
    return named;
  }
  const name = process.platform === "win32" ? "registrar.exe" : "registrar";
  const directories = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => directory !== "");
  const found = directories.map((directory) => join(directory, name)).find(isExecutable);
  if (found === undefined) {
    const looked = "the option `binary` is not given, REGISTRAR_BIN is not set, and no directory of PATH has";
    throw new HarnessError(`no program to start: ${looked} ${name} (${directories.join(delimiter)})`);
  }
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The file that the option names, or a temporary one with its text. */
function provisioningFile(provision: string | undefined): { path: string; remove(): void } | undefined {
  if (provision === undefined) {
    return undefined;
  }
  if (existsSync(provision) || !/[=\n]/.test(provision)) {
    return { path: provision, remove: () => undefined };
  }
  const directory = mkdtempSync(join(tmpdir(), "registrar-harness-"));
  const path = join(directory, "provision.toml");
  writeFileSync(path, provision);
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

function programArguments(options: HarnessOptions, provision: string | undefined): string[] {
  const args = ["harness", "--exit-with-stdin"];
  const add = (flag: string, value: string | undefined) => value !== undefined && args.push(flag, value);
  add("--listen", options.listen);
  add("--provision", provision);
  options.baseUrls?.forEach((url) => add("--base-url", url));
  add("--public-url", options.publicUrl);
  return [...args, ...options.args ?? []];
}

function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const isKept = (name: string) => name !== "DATABASE_URL" && !name.startsWith("REGISTRAR_");
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => isKept(name))), ...more };
}
