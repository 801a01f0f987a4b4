import type { z } from "zod";
import {
  contract,
  type HandlersOf,
  type SagaSummary,
  sagaOperations,
} from "../../contract/index.ts";
import { asError, LruMap } from "../../kit/index.ts";
import type { MeshNode } from "../../mesh/index.ts";
import type { consoleContract } from "../console-contract.ts";
import type { ConsoleParts } from "../console-parts.ts";
import type { SagaView } from "../schemas/work.ts";

type Handlers = HandlersOf<typeof consoleContract>;

/** Services that are asked at once. */
const servicesMax = 100;

/** The sagas of all services that have any. */
export function sagaHandlers({
  options: { node },
}: ConsoleParts): Pick<Handlers, "sagas" | "saga" | "retrySaga" | "abandonSaga"> {
  const clients = new SagaClients(node);
  return {
    async sagas({ service, state, limit }) {
      const asked = servicesWithSagas(node).filter(
        (name) => service === undefined || name === service,
      );
      const failures: { name: string; reason: string }[] = [];
      const found = asked.slice(0, servicesMax).map(async (name) => {
        try {
          const { items } = await clients.of(name).sagas(state === undefined ? {} : { state });
          return items.map((saga) => viewOf(name, saga));
        } catch (thrown) {
          failures.push({ name, reason: asError(thrown).message });
          return [];
        }
      });
      const items = (await Promise.all(found)).flat();
      items.sort((left, right) => right.createdAt - left.createdAt);
      return { items: items.slice(0, limit), failures };
    },
    async saga({ service, id }, ctx) {
      const { items } = await clients.of(service).sagas({ id });
      const found = items.find((saga) => saga.id === id);
      return found ? viewOf(service, found) : ctx.fail("NoSuchSaga");
    },
    retrySaga: ({ service, id }) => clients.of(service).retrySaga({ id }),
    abandonSaga: ({ service, id }) => clients.of(service).abandonSaga({ id }),
  };
}

/** Clients of services by what all services with sagas have in common. */
class SagaClients {
  readonly #node: MeshNode;
  readonly #clients = new LruMap<string, ReturnType<typeof clientOf>>(servicesMax);

  constructor(node: MeshNode) {
    this.#node = node;
  }

  of(service: string): ReturnType<typeof clientOf> {
    const known = this.#clients.get(service) ?? clientOf(this.#node, service);
    this.#clients.set(service, known);
    return known;
  }
}

function clientOf(node: MeshNode, service: string) {
  return node.client(contract(service, sagaOperations()));
}

function servicesWithSagas(node: MeshNode): string[] {
  const { registry } = node;
  const wanted = Object.keys(sagaOperations());
  return registry.services().filter((service) =>
    registry.instancesOf(service).some(({ service: { contractHash } }) => {
      const operations = node.contractOf(contractHash)?.operations ?? {};
      return wanted.every((name) => Object.hasOwn(operations, name));
    }),
  );
}

function viewOf(service: string, saga: SagaSummary): z.infer<typeof SagaView> {
  const { id, name, state, error, createdAt, steps } = saga;
  return { service, id, name, state, error, createdAt, steps: [...steps] };
}
