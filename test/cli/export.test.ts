import assert from "node:assert/strict";
import { test } from "node:test";
import { exportFormats } from "../../src/cli/export/formats.ts";
import { httpServers, keepingFormer } from "../../src/cli/export/http-servers.ts";
import { dure, temporaryFolder } from "./support.ts";

const node = (slot: string, urls: readonly string[], name = "gateway", state = "ready") => ({
  ...{ slot, urls, name, state },
});

test("only what is plainly an address becomes part of a configuration", () => {
  const servers = httpServers([
    node("a", ["GET /x", "http://10.0.0.2:8080", "http://10.0.0.1:8080"]),
    node("b", ["http://10.0.0.3:80; } http { evil", "http://x y:1", "http://10.0.0.4:80\nevil:1"]),
    node("c", ["http://10.0.0.5:80"], "gateway", "draining"),
    node("d\n}evil{", ["https://[::1]:443"], "edge\n} evil {"),
  ]);
  assert.equal(servers.get("gateway")?.length, 2);
  for (const format of Object.values(exportFormats)) {
    const text = format("shop; evil", servers);
    assert.match(text, /server (a-1 )?10\.0\.0\.1:8080/);
    assert.doesNotMatch(text.replace(/^#.*$/m, ""), /[;}{\n] *evil|10\.0\.0\.[345]/);
  }
  assert.match(exportFormats.haproxy?.("shop", servers) ?? "", /\[::1\]:443 check ssl verify/);
});

test("a name that has nobody any more keeps its last servers", () => {
  const former = httpServers([node("a", ["http://10.0.0.1:80"]), node("b", ["http://b:80"], "b")]);
  const current = httpServers([node("a", ["http://10.0.0.2:80"])]);
  const kept = keepingFormer(former, current);
  assert.equal(kept.get("b")?.[0]?.address, "b:80");
  assert.deepEqual(
    kept.get("gateway")?.map(({ address }) => address),
    ["10.0.0.2:80"],
  );
});

test("an export of nobody knows what, or without a file to watch, is refused", async (context) => {
  const cwd = temporaryFolder(context);
  assert.equal((await dure(context, ["export", "apache"], { cwd })).code, 2);
  const watch = await dure(context, ["export", "nginx", "--watch"], { cwd });
  assert.equal(watch.code, 2);
  assert.match(watch.stderr, /--out/);
});
