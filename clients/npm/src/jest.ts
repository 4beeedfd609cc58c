import { afterAll, beforeAll, beforeEach } from "@jest/globals";
import type { Harness } from "./harness.js";
import { registerHooks, type UseHarnessOptions } from "./hooks.js";

export type { UseHarnessOptions } from "./hooks.js";

/** One server for the tests of this file, reset before each of them. */
export function useHarness(options: UseHarnessOptions = {}): Harness {
  return registerHooks({ beforeAll, beforeEach, afterAll }, options);
}
