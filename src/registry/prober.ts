import { now } from "../kit/index.ts";
import { Client, type PeerIdentity, type Transport } from "../wire/index.ts";
import type { View } from "./core/view.ts";
import type { NodeRecord } from "./record.ts";

/** What a prober works with. */
export interface ProberOptions {
  readonly view: View;
  readonly token: string | undefined;
  readonly transport: Transport | undefined;
  /** Whether that very process answers. Default: a handshake. */
  readonly probe: ((record: NodeRecord) => Promise<boolean>) | undefined;
  identity(): PeerIdentity;
  /** The view may be another now. */
  onProbed(): void;
}

/** Probes at work at once. */
const probesMax = 16;
const probeTimeoutMs = 1_000;

/** Asks the nodes in doubt whether they are there. */
export class Prober {
  readonly #options: ProberOptions;
  #atWork = 0;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Probes whoever is due. */
  run(): void {
    const { view, identity, onProbed } = this.#options;
    const probe = this.#options.probe ?? ((record: NodeRecord) => this.#shakeHands(record));
    view.sweep(now());
    for (const record of view.dueProbes(now())) {
      if (record.id === identity().nodeId) {
        view.heardFrom(record.id);
        continue;
      }
      if (this.#atWork >= probesMax) return;
      this.#atWork += 1;
      void probe(record)
        .catch(() => false)
        .then((isAlive) => {
          this.#atWork -= 1;
          view.probed(record.id, record.incarnation, isAlive, now());
          onProbed();
        });
    }
  }

  /** A frozen process still accepts connections, so only a finished handshake of that very node counts. */
  async #shakeHands(record: NodeRecord): Promise<boolean> {
    if (record.port === 0) return false;
    const { token, transport, identity } = this.#options;
    const client = new Client({
      address: { host: record.host, port: record.port },
      identity: identity(),
      expectNodeId: record.id,
      expectName: record.name,
      token,
      transport,
      connectTimeoutMs: probeTimeoutMs,
    });
    try {
      const peer = await client.connect();
      return peer.incarnation === record.incarnation;
    } finally {
      client.destroy();
    }
  }
}
