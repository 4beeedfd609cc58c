import { useHarness } from "registrar-harness/vitest";
import { describe, expect, test } from "vitest";
import { Application, REDIRECT_URI } from "./application.js";

const harness = useHarness();

test("the first domain has a gateway that gets a token", async () => {
  const { gateway } = harness.domain();
  const job = await Application.job(harness.domain());
  const registrar = new Application(job.domain, job.server, { ...job.client, ...gateway! });
  expect(await (await registrar.token()).json()).toMatchObject({ scope: "dcr_admin" });
  expect((await harness.createDomain()).gateway).toBeUndefined();
});

test("users are made, changed and deleted", async () => {
  const main = harness.domain();
  const ada = await main.createUser({ username: "ada", email: "ada@example.com", claims: { name: "Ada" } });
  expect(await main.updateUser(ada.id, { email: null, claims: { name: "Ada L." } }))
    .toMatchObject({ username: "ada", claims: { name: "Ada L." } });
  await main.deleteUser(ada.id);
  await expect(main.deleteUser(ada.id)).rejects.toMatchObject({ status: 404 });
});

test("clients are made, changed and deleted", async () => {
  const job = await Application.job(harness.domain());
  const { client_id, client_secret } = job.client;
  expect(client_secret).toBeTypeOf("string");
  const changed = await job.domain.updateClient(client_id, { metadata: { client_name: "Night" } });
  expect(changed.metadata).toMatchObject({ client_name: "Night" });
  await job.domain.deleteClient(client_id);
  expect((await job.token()).status).toBe(401);
});

test("scopes and resources stand in the tokens", async () => {
  const main = harness.domain();
  await main.createScope({ name: "orders", self_registrable: true });
  const resource = await main.createResource({ name: "Orders", identifiers: ["https://orders.example/"] });
  expect(resource.client_secret).toBeTypeOf("string");
  await main.createUser({ username: "ada" });
  const minted = await main.mint({ user: "ada", scope: "orders", resource: "https://orders.example/" });
  expect(minted.claims).toMatchObject({ aud: "https://orders.example/", scope: "orders" });
});

describe("a minted token", () => {
  test("is believed if it is sound", async () => {
    const job = await Application.job(harness.domain());
    const { token, claims } = await job.domain.mint({ client_id: job.client.client_id, claims: { team: "blue" } });
    expect(claims).toMatchObject({ iss: job.domain.issuer, team: "blue" });
    expect(await job.introspect(token)).toMatchObject({ active: true });
  });

  test.each(["expired", "wrong_key", "tampered_payload", "alg_none", "malformed"] as const)(
    "is refused if it is %s",
    async (flaw) => {
      const job = await Application.job(harness.domain());
      const { token } = await job.domain.mint({ client_id: job.client.client_id, flaw });
      expect(await job.introspect(token)).toEqual({ active: false });
    },
  );
});

describe("a person", () => {
  test("logs in", async () => {
    const shop = await shopOfAda();
    const { location, parameters } = await shop.domain.authorize({ url: new URL(shop.loginUrl()), user: "ada" });
    expect(location.startsWith(REDIRECT_URI)).toBe(true);
    expect(parameters).toMatchObject({ state: "s1", iss: shop.domain.issuer });
    const tokens = await (await shop.exchange(parameters.code)).json();
    expect(tokens).toHaveProperty("id_token");
  });

  test("says no", async () => {
    const shop = await shopOfAda();
    const answer = await shop.domain.authorize({ url: shop.loginUrl(), user: "ada", decision: "deny" });
    expect(answer.parameters).toMatchObject({ error: "access_denied" });
  });

  test("sees an error page where the request is wrong", async () => {
    const shop = await shopOfAda();
    const url = shop.loginUrl({ redirect_uri: "https://other.example/" });
    await expect(shop.domain.authorize({ url, user: "ada" })).rejects.toMatchObject({ status: 422 });
  });

  test("is logged in by a cookie", async () => {
    const shop = await shopOfAda();
    const session = await shop.domain.session("ada");
    const page = await fetch(shop.loginUrl({ prompt: "none" }), {
      headers: { cookie: session.cookie },
      redirect: "manual",
    });
    expect(page.headers.get("location")).not.toContain("login_required");
    await shop.domain.expire({ session_id: session.session_id });
    const again = await fetch(shop.loginUrl({ prompt: "none" }), {
      headers: { cookie: session.cookie },
      redirect: "manual",
    });
    expect(again.headers.get("location")).toContain("login_required");
  });

  test("is waited for, and decides", async () => {
    const shop = await shopOfAda();
    expect((await fetch(shop.loginUrl())).status).toBe(200);
    const [waiting] = await shop.domain.interactions();
    expect(waiting).toMatchObject({ client_id: shop.client.client_id, page: "login", request: { state: "s1" } });
    const { parameters } = await shop.domain.decide(waiting.id, { user: "ada" });
    expect((await shop.exchange(parameters.code)).status).toBe(200);
  });

  test("approves by itself, as long as that is set", async () => {
    const shop = await shopOfAda();
    const arrive = async () => (await fetch(shop.loginUrl(), { redirect: "manual" })).headers.get("location") ?? "";
    await shop.domain.autoApprove("ada");
    expect(await arrive()).toContain(`${REDIRECT_URI}?`);
    await shop.domain.autoApprove([{ user: "ada", decision: "deny", when: { state: "s1" } }]);
    expect(await arrive()).toContain("access_denied");
    await shop.domain.stopAutoApprove();
    expect(await arrive()).not.toContain(REDIRECT_URI);
  });
});

test("issued tokens are changed, as long as that is set", async () => {
  const job = await Application.job(harness.domain());
  const active = async () => (await job.introspect((await (await job.token()).json() as any).access_token)).active;
  await job.domain.changeTokens([{ when: { grant_type: "client_credentials" }, flaw: "expired" }]);
  expect(await active()).toBe(false);
  await job.domain.stopChangingTokens();
  expect(await active()).toBe(true);
});

test("tokens are revoked", async () => {
  const job = await Application.job(harness.domain());
  const { access_token } = await (await job.token()).json() as any;
  await job.domain.revoke({ token: access_token });
  expect(await job.introspect(access_token)).toEqual({ active: false });
  await expect(job.domain.revoke({ user: "nobody" })).rejects.toMatchObject({ status: 404 });
});

test("codes and secrets expire", async () => {
  const shop = await shopOfAda();
  const { parameters } = await shop.domain.authorize({ url: shop.loginUrl(), user: "ada" });
  await shop.domain.expire({ token: parameters.code });
  expect(await (await shop.exchange(parameters.code)).json()).toMatchObject({ error: "invalid_grant" });
  await shop.domain.expire({ client_secret_of: shop.client.client_id });
  expect((await shop.exchange("x")).status).toBe(401);
});

test("queued values are handed out in order", async () => {
  const main = harness.domain();
  expect(await main.queue({ client_id: ["first", "second"] })).toMatchObject({ client_id: ["first", "second"] });
  const made = [await Application.job(main), await Application.job(main), await Application.job(main)];
  expect(made.map((job) => job.client.client_id).slice(0, 2)).toEqual(["first", "second"]);
});

test("keys are rotated", async () => {
  const job = await Application.job(harness.domain());
  const kid = async () => {
    const { access_token } = await (await job.token()).json() as { access_token: string };
    return JSON.parse(Buffer.from(access_token.split(".")[0], "base64url").toString()).kid;
  };
  const before = await kid();
  await job.domain.rotateKeys({ now: true });
  expect(await kid()).not.toBe(before);
});

async function shopOfAda(): Promise<Application> {
  await harness.domain().createUser({ username: "ada", password: "correct horse" });
  return Application.web(harness.domain());
}
