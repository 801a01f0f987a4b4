/** NestJS over its TCP transport: it knows one address a client, so the caller has a client for each callee and takes turns. */
import "reflect-metadata";
import { Controller, Logger, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import {
  ClientProxyFactory,
  MessagePattern,
  type MicroserviceOptions,
  Transport,
} from "@nestjs/microservices";
import { lastValueFrom } from "rxjs";
import { freePort } from "../harness/free-port.ts";
import type { Answer, Handlers, Question } from "./messages.ts";
import type { FailurePeer } from "./peer.ts";

const host = "127.0.0.1";
const patterns = ["read", "write"] as const;

/** Decorators are called as functions: Node runs erasable syntax only. */
function moduleFor(handlers: Handlers) {
  class StockController {
    read(question: Question): Promise<Answer> {
      return handlers.read(question);
    }
    write(question: Question): Promise<Answer> {
      return handlers.write(question);
    }
  }
  for (const name of patterns) {
    const method = Object.getOwnPropertyDescriptor(StockController.prototype, name);
    MessagePattern(`stock.${name}`)(StockController.prototype, name, method ?? {});
  }
  Controller()(StockController);
  class AppModule {}
  Module({ controllers: [StockController] })(AppModule);
  return AppModule;
}

const peer: FailurePeer = {
  async serve({ handlers }) {
    const port = await freePort();
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(moduleFor(handlers), {
      transport: Transport.TCP,
      options: { host, port },
      logger: false,
    });
    await app.listen();
    return { port, stop: () => app.close() };
  },
  async connect({ callees }) {
    Logger.overrideLogger(false);
    const clients = callees.map(({ port }) =>
      ClientProxyFactory.create({ transport: Transport.TCP, options: { host, port } }),
    );
    let turn = 0;
    const send = (pattern: string, question: Question): Promise<Answer> => {
      const client = clients[turn++ % clients.length];
      if (!client) throw new Error("no callee");
      return lastValueFrom(client.send<Answer>(pattern, question));
    };
    return {
      read: (question) => send("stock.read", question),
      write: (question) => send("stock.write", question),
    };
  },
};
export default peer;
