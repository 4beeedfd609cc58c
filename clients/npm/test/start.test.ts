import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { connectHarness, startHarness } from "registrar-harness";

afterEach(() => void vi.unstubAllEnvs());

test("a server stops, more than once", async () => {
  const harness = await startHarness();
  await harness.reset();
  await harness.stop();
  await harness.stop();
  await expect(harness.reset()).rejects.toThrow(/POST \/reset: no answer from http/);
});

test("a server ends with its block", async () => {
  const url = await (async () => {
    await using harness = await startHarness();
    expect((await fetch(harness.discoveryUrl())).status).toBe(200);
    return harness.card.control_url;
  })();
  await expect(connectHarness(url)).rejects.toMatchObject({ status: undefined });
});

test("the environment's database is not taken", async () => {
  vi.stubEnv("DATABASE_URL", "postgres://127.0.0.1/none");
  vi.stubEnv("REGISTRAR_MASTER_KEY", "none");
  await using harness = await startHarness();
  expect(harness.issuer()).toBe(harness.card.issuer);
});

test("options reach the program", async () => {
  const port = await freePort();
  const publicUrl = `http://localhost:${port}`;
  await using harness = await startHarness({
    publicUrl,
    listen: `127.0.0.1:${port}`,
    baseUrls: ["http://id.example"],
    env: { REGISTRAR_LOG__REQUESTS: "all" },
  });
  expect(harness.publicUrl).toBe(publicUrl);
  expect(harness.issuer()).toBe(`${publicUrl}/main/oidc`);
  expect(JSON.stringify(await harness.control("GET", "/base-urls"))).toContain("http://id.example");
  await fetch(harness.discoveryUrl());
  await vi.waitFor(() => expect(harness.log).toContain("openid-configuration"));
});

test("provisioning by text survives a reset", async () => {
  await using harness = await startHarness({ provision: '[[domain]]\nname = "shop"\n' });
  await harness.reset();
  expect((await fetch(harness.discoveryUrl("shop"))).status).toBe(200);
});

test("the error of a start has what the program said", async () => {
  const start = startHarness({ provision: "no_such_setting = true\n" });
  await expect(start).rejects.toThrow(/did not start: it ended with 1\nregistrar: .*no_such_setting/s);
});

test("the error of a missing program tells where it was looked for", async () => {
  await expect(startHarness({ binary: "/no/such" })).rejects.toThrow("/no/such did not start: spawn /no/such ENOENT");
  vi.stubEnv("REGISTRAR_BIN", "");
  vi.stubEnv("PATH", "/no/such");
  await expect(startHarness()).rejects.toThrow(/`binary` is not given, REGISTRAR_BIN is not set.*\/no\/such/);
});

test.each(["SIGKILL", "SIGTERM"] as const)("a server ends with its process, by %s", async (signal) => {
  const { child, url } = await startElsewhere("setInterval(() => {}, 1000);");
  expect((await connectHarness(url)).card.control_url).toBe(url);
  child.kill(signal);
  await vi.waitFor(() => expect(connectHarness(url)).rejects.toThrow("ECONNREFUSED"), { timeout: 4000, interval: 50 });
});

test("a server does not keep its process alive", async () => {
  const { child, url } = await startElsewhere("");
  expect(child.exitCode ?? (await once(child, "exit"))[0]).toBe(0);
  await vi.waitFor(() => expect(connectHarness(url)).rejects.toThrow("ECONNREFUSED"), { timeout: 4000, interval: 50 });
});

/** A process of its own that starts a server, tells its control URL, and goes on with `then`. */
async function startElsewhere(then: string) {
  const script = `import { startHarness } from "registrar-harness";
    console.log((await startHarness()).card.control_url);
    ${then}`;
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const args = ["--input-type=module", "--eval", script];
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
  return { child, url: String(line).trim() };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
