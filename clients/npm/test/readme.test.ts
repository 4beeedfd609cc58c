import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

test("the README begins with the example that is tested", () => {
  expect(/```ts\n(.*?)```/s.exec(read("../README.md"))?.[1]).toBe(read("./example.test.ts"));
});
