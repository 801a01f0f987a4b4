/** What it costs to know who calls, and how often: the same request with each of them, beside the one without. */
import { join } from "node:path";
import { createApiKey } from "../../src/gateway/auth/index.ts";
import type { GatewayOptions } from "../../src/node.ts";
import type { WrkLoad } from "../harness/wrk.ts";
import { runFolder } from "./edge.ts";
import { startDure } from "./fleet.ts";
import { startModule } from "./peer.ts";
import { type Contestant, checkAnswer, measureInTurns } from "./rounds.ts";
import { edgeTable } from "./tables.ts";

const path = "/products/7";
/** More than a gateway remembers, so that each is verified anew. */
const tokens = 20_000;
/** A limit that nobody meets. */
const generous = { requests: 1_000_000_000, perS: 1 };

/** Runs the benchmark. */
export async function benchCredentials(rounds: number) {
  const script = join(runFolder(), "tokens.lua");
  const issuer = await startModule("./issuer.ts", script, String(tokens));
  const [url = "", token = ""] = issuer.address.split(" ");
  const { key, id, hash } = createApiKey();
  const jwt: Partial<GatewayOptions> = {
    auth: {
      issuers: [{ issuer: "https://issuer.example", algorithms: ["ES256"], jwks: { url } }],
    },
  };
  const bearer = (credentials: string): WrkLoad => ({
    headers: [`Authorization: Bearer ${credentials}`],
  });
  const start = async (
    name: string,
    options: Partial<GatewayOptions>,
    load: WrkLoad = {},
  ): Promise<Contestant> => ({ name, edge: await startDure(options), path, load });
  const contestants = [
    await start("nobody is asked", {}),
    await start("API key", { auth: { apiKeys: [{ id, hash, subject: "shop" }] } }, bearer(key)),
    await start("JWT, seen before", jwt, bearer(token)),
    await start("JWT, each a new one", jwt, { script }),
    await start("rate limit by address", {
      rateLimits: [{ name: "address", by: "ip", ...generous }],
    }),
    await start(
      "JWT, seen before, and its rate limit",
      { ...jwt, rateLimits: [{ name: "member", by: "principal", ...generous }] },
      bearer(token),
    ),
  ];
  for (const contestant of contestants)
    await checkAnswer(
      contestant.load?.script ? { ...contestant, load: bearer(token) } : contestant,
    );
  const rows = await measureInTurns(contestants, rounds);
  await issuer.stop();
  return { rows, text: edgeTable(rows, "nobody is asked") };
}
