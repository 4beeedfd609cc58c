export { HarnessError } from "./control.js";
export { type HarnessDomain } from "./domain.js";
export { type Fault, type Faults, Harness, type HarnessClock, type Snapshot } from "./harness.js";
export { connectHarness, type HarnessOptions, StartedHarness, startHarness } from "./start.js";
export type * from "./types.js";
