import { expect, test } from "@jest/globals";
import { useHarness } from "registrar-harness/jest";

const harness = useHarness();

test("a server runs for this file", async () => {
  const { issuer } = JSON.parse(await (await fetch(harness.discoveryUrl())).text());
  expect(issuer).toBe(harness.issuer());
  await harness.createDomain("shop");
});

test("it was reset before this test", async () => {
  expect((await fetch(harness.discoveryUrl("shop"))).status).toBe(404);
});
