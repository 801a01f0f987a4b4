/** A NestJS microservice over its TCP transport. Decorators are called as functions: Node runs erasable syntax only. */
import "reflect-metadata";
import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import {
  ClientProxyFactory,
  MessagePattern,
  type MicroserviceOptions,
  Transport,
} from "@nestjs/microservices";
import { lastValueFrom } from "rxjs";
import { freePort } from "../harness/free-port.ts";
import { type Answer, answer, type Question } from "./messages.ts";
import type { CallPeer } from "./peer.ts";

class ProductsController {
  get(question: Question): Answer {
    return answer(question);
  }
}
const getMethod = Object.getOwnPropertyDescriptor(ProductsController.prototype, "get");
MessagePattern("products.get")(ProductsController.prototype, "get", getMethod ?? {});
Controller()(ProductsController);

class AppModule {}
Module({ controllers: [ProductsController] })(AppModule);

const peer: CallPeer = {
  async serve() {
    const port = await freePort();
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
      transport: Transport.TCP,
      options: { host: "127.0.0.1", port },
      logger: false,
    });
    await app.listen();
    return String(port);
  },
  async connect(address) {
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: "127.0.0.1", port: Number(address) },
    });
    await client.connect();
    return (question) => lastValueFrom(client.send<Answer>("products.get", question));
  },
};
export default peer;
