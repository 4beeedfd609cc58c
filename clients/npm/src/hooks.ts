import { HarnessError } from "./control.js";
import type { Harness } from "./harness.js";
import { type HarnessOptions, type StartedHarness, startHarness } from "./start.js";

/** How a test file gets its server. */
export interface UseHarnessOptions extends HarnessOptions {
  /** Whether the server is reset before each test; yes where absent. */
  reset?: boolean;
}

type Hook = (run: () => Promise<void>, timeout?: number) => unknown;

/** What a test runner offers. */
export interface Hooks {
  beforeAll: Hook;
  beforeEach: Hook;
  afterAll: Hook;
}

/** Registers the hooks of one server per test file; the handle works once the tests run. */
export function registerHooks(hooks: Hooks, options: UseHarnessOptions): Harness {
  let started: StartedHarness | undefined;
  hooks.beforeAll(async () => {
    started = await startHarness(options);
  }, (options.timeout ?? 10_000) + 10_000);
  if (options.reset !== false) {
    hooks.beforeEach(async () => started?.reset());
  }
  hooks.afterAll(async () => started?.stop());
  return new Proxy({} as Harness, {
    get(_, name) {
      if (started === undefined) {
        throw new HarnessError("the server runs in tests and hooks only: use the harness there");
      }
      const value: unknown = Reflect.get(started, name, started);
      return typeof value === "function" ? value.bind(started) : value;
    },
  });
}
