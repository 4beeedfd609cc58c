import { expect, test } from "vitest";
import { useHarness } from "registrar-harness/vitest";

const harness = useHarness();

test("a job asks again where the server is overloaded", async () => {
  const job = await harness.domain().createClient({ kind: "backend_to_backend", name: "Job" });
  const authorization = `Basic ${btoa(`${job.client_id}:${job.client_secret}`)}`;
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  const url = `${harness.publicUrl}/main/oauth/token`;
  const ask = () => fetch(url, { method: "POST", headers: { authorization }, body });
  await harness.faults.inject({ endpoint: "token", status: 503 });
  expect((await ask()).status).toBe(503);
  expect((await ask()).status).toBe(200);
  expect(await harness.requests({ endpoint: "token" })).toHaveLength(2);
});
