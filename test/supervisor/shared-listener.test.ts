import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { DureError } from "../../src/index.ts";
import { SharedListener } from "../../src/supervisor/index.ts";

test("a port that somebody listens on already is refused by name", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  t.after(() => other.close());
  const { port } = await new Promise<{ port: number }>((resolve) =>
    other.once("listening", () => resolve(other.address() as { port: number })),
  );
  const shared = new SharedListener({ host: "127.0.0.1", port, takers: () => [] });
  await assert.rejects(shared.listen(), (error: DureError) => {
    assert.ok(error instanceof DureError);
    assert.equal(error.code, "ALREADY_EXISTS");
    assert.match(error.message, new RegExp(`cannot listen on 127.0.0.1:${port}`));
    return true;
  });
});
