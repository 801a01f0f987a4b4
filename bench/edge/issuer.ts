/**
 * Who issues tokens: serves its keys, and writes so many tokens as a Lua script for wrk, which sends them in turn:
 * `issuer.ts <script> <count>`. The first of them is in its address, behind the URL of the keys.
 */
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { listenLocally } from "./listen.ts";

const [script = "", count = "1"] = process.argv.slice(2);
const alg = "ES256";
const { privateKey, publicKey } = await generateKeyPair(alg);
const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg }] });
const server = createServer((_, response) =>
  response.writeHead(200, { "content-type": "application/json" }).end(keys),
);
const tokens = await Promise.all(
  Array.from({ length: Number(count) }, (_, number) =>
    new SignJWT({ scope: "products:read" })
      .setProtectedHeader({ alg, kid: "one" })
      .setIssuer("https://issuer.example")
      .setSubject(`member-${number}`)
      .setExpirationTime("2h")
      .sign(privateKey),
  ),
);
writeFileSync(
  script,
  `local tokens = {\n${tokens.map((token) => `"${token}"`).join(",\n")}\n}
local number = 0
function request()
  number = number % #tokens + 1
  return wrk.format("GET", nil, { ["authorization"] = "Bearer " .. tokens[number] })
end
`,
);
await listenLocally(server, (url) => `${url} ${tokens[0]}`);
