import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { createGateway, type Gateway, type GatewayOptions } from "../../../src/gateway/index.ts";
import { createNode } from "../../../src/mesh/index.ts";

type Routes = NonNullable<GatewayOptions["routes"]>;

/** A gateway on a node without a mesh, until the test ends. */
export async function startGateway(
  t: TestContext,
  routes: Routes,
  options: Partial<GatewayOptions> = {},
): Promise<Gateway> {
  const node = await createNode({ name: "gateway", mesh: "test", distributors: [], services: [] });
  const gateway = await createGateway({ node, port: 0, routes, ...options });
  t.after(async () => {
    await gateway.close();
    await node.close();
  });
  return gateway;
}

/** An upstream that says what the test says, byte by byte: `speak` is called once a request's head is there. */
export async function startLiar(
  t: TestContext,
  speak: (socket: Socket, head: string, connection: number) => void,
): Promise<{ url: string; heads: string[] }> {
  const heads: string[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const connection = connections;
    let received = "";
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = received.slice(0, end);
      received = received.slice(end + 4);
      heads.push(head);
      speak(socket, head, connection);
    });
  });
  return { url: await listen(t, server), heads };
}

/** An honest server. */
export async function startOrigin(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createHttpServer(listener);
  t.after(() => server.closeAllConnections());
  return listen(t, server);
}

async function listen(t: TestContext, server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
