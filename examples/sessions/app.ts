// A server with sessions in Redis: `dure cluster` runs it on all cores, and each request may reach another process.
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Session, Sessions } from "./sessions.ts";

const sessions = new Sessions(process.env.REDIS_URL ?? "redis://127.0.0.1:6379");
await sessions.connect();

createServer((request, response) => {
  answer(request, response).catch(({ message }: Error) => {
    console.error(message);
    reply(response, 503, { error: "sessions cannot be read now; try again" });
  });
}).listen(Number(process.env.PORT ?? 3000));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = /(?:^|;\s*)sid=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
  const session = id === undefined ? undefined : await sessions.read(id);
  switch (`${request.method} ${request.url}`) {
    case "POST /sign-in": {
      // A new name at each sign-in: what somebody else made the browser keep before is worth nothing.
      if (session) await sessions.end(session.id);
      const fresh = await sessions.begin(randomBytes(24).toString("base64url"), { user: "kim" });
      const attributes = "Path=/; HttpOnly; SameSite=Lax; Max-Age=3600";
      response.setHeader("set-cookie", `sid=${fresh.id}; ${attributes}`);
      return reply(response, 200, seen(fresh));
    }
    case "POST /cart": {
      const changed = session && (await sessions.add(session.id, "items", 1));
      if (!changed) break;
      return reply(response, 200, seen(changed));
    }
    case "GET /me":
      if (!session) break;
      return reply(response, 200, seen(session));
    case "POST /sign-out":
      if (session) await sessions.end(session.id);
      return reply(response, 200, {});
    default:
      return reply(response, 404, {
        error: "there is POST /sign-in, /cart, /sign-out and GET /me",
      });
  }
  reply(response, 401, { error: "sign in first" });
}

/** What the client sees: its session, and which process has answered. */
function seen({ fields }: Session): object {
  return { ...fields, process: process.env.DURE_INSTANCE };
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}
