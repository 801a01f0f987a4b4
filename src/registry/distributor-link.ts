/**
 * One node's tie to one Distributor: connects for ever, registers, watches, tells what it hears. Each Distributor has its own
 * loop, so a dead one never holds up another.
 */
import { Backoff, DureError, now, sleep } from "../kit/index.ts";
import type { Logger } from "../telemetry/index.ts";
import {
  type Address,
  Client,
  type IncomingStream,
  type PeerIdentity,
  type Transport,
} from "../wire/index.ts";
import { advertisedHost } from "./advertised-host.ts";
import { distributorRefs, type RegisterMessage, type WatchMessage } from "./protocol.ts";
import type { NodeRecord } from "./record.ts";

/** What the loop needs and whom it tells. */
export interface DistributorLinkOptions {
  readonly address: Address;
  readonly token: string | undefined;
  readonly transport: Transport | undefined;
  readonly logger: Logger;
  identity(): PeerIdentity;
  record(): NodeRecord;
  onMessage(message: WatchMessage): void;
  onGone(): void;
  /** A higher incarnation of this id is known. */
  onOutdated(incarnation: number): void;
  /** A newer process took the id: stop announcing. */
  onReplaced(): void;
}

/** For how long a link must live before the next loss counts as the first. */
const stableMs = 30_000;
/** A registration lives as long as its link; the wire needs a number. 24 days. */
const foreverMs = 2_000_000_000;
/** A change that the Distributor could not take is told again after so long, in ms. */
const updateAgainMs = 500;

export class DistributorLink {
  readonly address: Address;
  readonly #options: DistributorLinkOptions;
  readonly #stop = new AbortController();
  #client: Client | undefined;
  #epoch: string | undefined;
  #seq: number | undefined;
  #telling: Promise<void> | undefined;
  isConnected = false;
  /** The revision of the record that the Distributor has; undefined while it has none. */
  announcedRevision: number | undefined;
  since = now();

  constructor(options: DistributorLinkOptions) {
    this.address = options.address;
    this.#options = options;
  }

  /** Never ends by itself. */
  async run(): Promise<void> {
    const backoff = new Backoff({ baseMs: 100, capMs: 2_000 });
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const startedAt = now();
      const reason = await this.#session().catch((error: Error) => error.message);
      if (signal.aborted) return;
      if (this.isConnected) {
        this.#setConnected(false);
        this.#options.logger.warn("lost a Distributor; calls go on with the last view", {
          address: this.#where(),
          reason,
        });
        this.#options.onGone();
      } else {
        this.#options.logger.debug("no Distributor here yet", { address: this.#where(), reason });
      }
      if (now() - startedAt > stableMs) backoff.reset();
      await sleep(backoff.nextMs(), signal).catch(() => {});
    }
  }

  /** Tells the Distributor what has changed in the record, until it has heard it. */
  update(): void {
    this.#telling ??= this.#tellChanges().finally(() => {
      this.#telling = undefined;
    });
  }

  async #tellChanges(): Promise<void> {
    while (this.isConnected && this.#client && !this.#stop.signal.aborted) {
      const record = this.#announced(this.#client);
      if (record.revision === this.announcedRevision) return;
      const call = this.#client.call(
        distributorRefs.update,
        { deadlineMs: 5_000 },
        JSON.stringify(record),
      );
      const { ok } = await call.outcome;
      if (ok && this.isConnected) this.announcedRevision = record.revision;
      else await sleep(updateAgainMs, this.#stop.signal).catch(() => {});
    }
  }

  /** Says goodbye; resolves when the Distributor has heard it, or cannot. */
  async leave(): Promise<void> {
    if (!this.isConnected || !this.#client) return;
    const body = JSON.stringify({ id: this.#options.record().id });
    await this.#client.call(distributorRefs.leave, { deadlineMs: 1_000 }, body).outcome;
  }

  close(): void {
    this.#stop.abort(new DureError("CANCELLED", "closed"));
    this.#client?.destroy();
  }

  /** Connects, registers, watches; resolves or rejects when it is over, with the reason. */
  async #session(): Promise<string> {
    const { address, token, transport, logger } = this.#options;
    const client = new Client({
      address,
      token,
      transport,
      logger,
      identity: this.#options.identity(),
    });
    this.#client = client;
    try {
      await client.connect();
      const head = { deadlineMs: foreverMs };
      const record = this.#announced(client);
      const registration = client.openStream(
        distributorRefs.register,
        head,
        JSON.stringify(record),
      );
      const watchRequest = JSON.stringify({ epoch: this.#epoch, seq: this.#seq });
      const changes = client.openStream(distributorRefs.watch, head, watchRequest);
      const over = new Promise<string>((resolve) => {
        client.onClose((error) => {
          if (error.code === "ALREADY_EXISTS") this.#options.onReplaced();
          resolve(error.message);
        });
      });
      return await Promise.race([
        over,
        this.#followRegistration(registration, record.revision),
        this.#followChanges(changes),
      ]);
    } finally {
      client.destroy();
    }
  }

  /** The record with an address that others can dial. */
  #announced({ localAddress }: Client): NodeRecord {
    const record = this.#options.record();
    return { ...record, host: advertisedHost(record.host, localAddress) };
  }

  async #followRegistration(stream: IncomingStream, revision: number): Promise<string> {
    for await (const bytes of stream) {
      const message = JSON.parse(Buffer.from(bytes).toString()) as RegisterMessage;
      if (message.kind === "registered") {
        this.#setConnected(true);
        this.#options.logger.info("registered", { distributor: this.#where() });
        this.announcedRevision = revision;
        // What has changed since the registration was sent could not be told before it was taken.
        this.update();
      } else if (message.kind === "outdated") {
        this.#options.onOutdated(message.incarnation);
        return "a higher incarnation is known";
      }
    }
    return "the registration ended";
  }

  async #followChanges(stream: IncomingStream): Promise<string> {
    for await (const bytes of stream) {
      const message = JSON.parse(Buffer.from(bytes).toString()) as WatchMessage;
      if (
        message.kind === "changes" &&
        (message.epoch !== this.#epoch || message.from !== this.#seq)
      ) {
        this.#epoch = undefined;
        this.#seq = undefined;
        return "a change was missed; asking for the whole list";
      }
      this.#epoch = message.epoch;
      this.#seq = message.seq;
      this.#options.onMessage(message);
    }
    return "the watch ended";
  }

  #setConnected(isConnected: boolean): void {
    this.isConnected = isConnected;
    if (!isConnected) this.announcedRevision = undefined;
    this.since = now();
  }

  #where(): string {
    return `${this.address.host}:${this.address.port}`;
  }
}
