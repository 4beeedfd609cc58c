import { connectHarness, HarnessError } from "registrar-harness";
import { useHarness } from "registrar-harness/vitest";
import { describe, expect, test } from "vitest";
import { Application, discover } from "./application.js";

const harness = useHarness();

test("the card and the addresses fit the discovery document", async () => {
  const document = await (await fetch(harness.discoveryUrl())).json() as { issuer: string };
  expect(document.issuer).toBe(harness.issuer());
  expect(harness.card.issuer).toBe(harness.issuer());
  expect(harness.card.public_url).toBe(harness.publicUrl);
});

test("a second handle connects to the same server", async () => {
  const other = await connectHarness(harness.card.control_url);
  await other.clock.freeze();
  expect((await harness.clock.now()).frozen).toBe(true);
  expect(other.issuer()).toBe(harness.issuer());
});

test("other base URLs are known at once", async () => {
  const [main, before] = [harness.domain(), harness.publicUrl];
  const other = before.replace("127.0.0.1", "localhost");
  await harness.setBaseUrls(other, [before]);
  try {
    expect(harness.publicUrl).toBe(other);
    expect([harness.card.issuer, main.issuer]).toEqual([`${other}/main/oidc`, harness.issuer()]);
    expect((await discover(main)).issuer).toBe(main.issuer);
  } finally {
    await harness.setBaseUrls(before);
  }
});

test("domains with random names do not meet", async () => {
  const [one, two] = await Promise.all([harness.createDomain(), harness.createDomain()]);
  expect(one.name).not.toBe(two.name);
  const [user] = await Promise.all([one, two].map((domain) => domain.createUser({ username: "ada" })));
  await one.deleteUser(user.id);
  const stays = await harness.control<{ items: unknown[] }>("GET", `/domains/${two.name}/users`);
  expect(stays.items).toHaveLength(1);
});

test("a domain takes a name and settings, and can be changed and deleted", async () => {
  const shop = await harness.createDomain("shop", { access_token_lifetime: 60 });
  const job = await Application.job(shop);
  expect(await (await job.token()).json()).toMatchObject({ expires_in: 60 });
  await shop.update({ access_token_lifetime: 120 });
  expect(await (await job.token()).json()).toMatchObject({ expires_in: 120 });
  await shop.delete();
  expect((await fetch(shop.discoveryUrl)).status).toBe(404);
});

test("a reset forgets what was made", async () => {
  await harness.createDomain("shop");
  await harness.reset();
  await expect(harness.domain("shop").createUser({ username: "ada" })).rejects.toMatchObject({ status: 404 });
});

test("a snapshot brings back what was there", async () => {
  const shop = await harness.createDomain("shop");
  const snapshot = await harness.snapshot();
  await shop.delete();
  await snapshot.restore();
  expect((await fetch(shop.discoveryUrl)).status).toBe(200);
  await snapshot.delete();
  await expect(snapshot.restore()).rejects.toMatchObject({ status: 404 });
});

test("an error tells the request and the problem", async () => {
  const refused = await harness.createDomain("No Name").catch((error: unknown) => error) as HarnessError;
  expect(refused).toBeInstanceOf(HarnessError);
  expect(refused.message).toMatch(/^POST \/domains: 400 .*name/);
  expect(refused.problem).toMatchObject({ status: 400 });
});

test("provisioning applies a file", async () => {
  const applied = await harness.provision('[[domain]]\nname = "shop"\n');
  expect(applied).toContainEqual(expect.objectContaining({ domain: "shop" }));
  expect((await fetch(harness.discoveryUrl("shop"))).status).toBe(200);
});

describe("the clock", () => {
  test("stands, goes on and jumps", async () => {
    expect(await harness.clock.freeze()).toMatchObject({ frozen: true });
    expect(await harness.clock.set(2_000_000_000)).toMatchObject({ now: 2_000_000_000, frozen: true });
    expect(await harness.clock.advance(5)).toMatchObject({ now: 2_000_000_005 });
    expect(await harness.clock.resume()).toMatchObject({ frozen: false });
  });

  test("lets a token expire", async () => {
    const job = await Application.job(harness.domain());
    const { access_token, expires_in } = await (await job.token()).json() as any;
    expect(await job.introspect(access_token)).toMatchObject({ active: true });
    await harness.clock.advance(expires_in + 1);
    expect(await job.introspect(access_token)).toMatchObject({ active: false });
  });

  test("lets keys age, which housekeeping then replaces", async () => {
    await harness.clock.advance(400 * 86_400);
    const before = await keyIds();
    await harness.housekeeping();
    expect(await keyIds()).not.toEqual(before);
  });
});

describe("a fault", () => {
  test("answers once, and then not", async () => {
    const job = await Application.job(harness.domain());
    await harness.faults.inject({ endpoint: "token", status: 503, body: { error: "temporarily_unavailable" } });
    const answer = await job.token();
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ error: "temporarily_unavailable" });
    expect((await job.token()).status).toBe(200);
  });

  test("cuts the connection until it is removed", async () => {
    const fault = await harness.faults.inject({ endpoint: "discovery", drop: true, times: null });
    await expect(fetch(harness.discoveryUrl())).rejects.toThrow();
    expect(await harness.faults.list()).toMatchObject([{ id: fault.id, drop: true }]);
    await fault.remove();
    expect((await fetch(harness.discoveryUrl())).status).toBe(200);
  });

  test("halves the JSON of an answer until all are cleared", async () => {
    await harness.faults.inject({ endpoint: "jwks", malform: true, times: null });
    const { jwks_uri } = await discover(harness.domain());
    await expect((await fetch(jwks_uri)).json()).rejects.toThrow(SyntaxError);
    await harness.faults.clear();
    await expect((await fetch(jwks_uri)).json()).resolves.toHaveProperty("keys");
  });
});

describe("recorded requests", () => {
  test("show what the application sent", async () => {
    const job = await Application.job(harness.domain());
    await job.token({ grant_type: "client_credentials", scope: "nonsense" });
    const [request] = await harness.requests({ endpoint: "token", client_id: job.client.client_id });
    expect(request).toMatchObject({ method: "POST", domain: "main", status: 400, error: "invalid_scope" });
    expect(request.parameters).toMatchObject({ grant_type: "client_credentials", scope: "nonsense" });
  });

  test("show every value of a parameter", async () => {
    await fetch(`${harness.discoveryUrl()}?a=1&a=2&b=3`);
    const [request] = await harness.requests({ endpoint: "discovery" });
    expect(request).toMatchObject({ query: { a: ["1", "2"], b: "3" }, truncated: false });
  });

  test("can be waited for", async () => {
    const waiting = harness.waitForRequest({ endpoint: "jwks" });
    const { jwks_uri } = await discover(harness.domain());
    await fetch(jwks_uri);
    expect(await waiting).toMatchObject({ method: "GET", status: 200 });
  });

  test("are listed where none fits, and can be cleared", async () => {
    await fetch(harness.discoveryUrl());
    const wait = () => harness.waitForRequest({ endpoint: "token", wait: 0.1 });
    await expect(wait()).rejects.toThrow(/GET \/main\/oidc\/\.well-known\/openid-configuration 200/);
    await harness.clearRequests();
    await expect(wait()).rejects.toThrow("seen instead: nothing");
  });
});

test("mails are caught", async () => {
  const main = harness.domain();
  const { id } = await main.createUser({ username: "ada", email: "ada@example.com" });
  const waiting = harness.waitForMail({ to: "ada@example.com" });
  await harness.control("POST", `/domains/main/users/${id}/reset-link`, { send: true });
  const mail = await waiting;
  expect(mail.links[0]).toContain(harness.publicUrl);
  expect(await harness.mails({ to: "ada@example.com" })).toEqual([mail]);
  await harness.clearMails();
  expect(await harness.mails()).toEqual([]);
});

async function keyIds(): Promise<string[]> {
  const { jwks_uri } = await discover(harness.domain());
  const { keys } = await (await fetch(jwks_uri)).json() as { keys: { kid: string }[] };
  return keys.map((key) => key.kid);
}
