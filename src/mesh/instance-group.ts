import type { Balancer, Choice } from "./core/balancer.ts";
import { HashRing } from "./core/hash-ring.ts";
import { slowStartMs, slowStartShare } from "./core/slow-start.ts";
import type { Target } from "./targets.ts";

/** What a call asks of the instances. */
export interface TargetChoice extends Choice<Target> {
  /** The key names data that one instance owns: it goes nowhere else while its owner takes calls. */
  readonly isPartitioned: boolean;
}

/** An instance may have this much more than its share of the pending calls before a key goes to the next one (Mirrokni et al.). */
const boundedLoad = 1.25;
/** Calls stay in the caller's zone until its instances are this much more loaded than those of others. */
const zonePatience = 2;

/** Instances that can stand in for each other: those of one service that offer an operation, of one version. */
export class InstanceGroup {
  readonly targets: readonly Target[];
  /** The greatest weight among them. */
  readonly #weightMax: number;
  /** Since when the oldest of them is there: where all are new, none has to start slowly. */
  readonly #oldestSince: number;
  readonly #balancer: Balancer<Target>;
  readonly #near: readonly Target[];
  readonly #far: readonly Target[];
  #ring: HashRing | undefined;
  #places: readonly Target[] = [];

  /** @param zone the caller's; empty if it has none. */
  constructor(targets: readonly Target[], balancer: Balancer<Target>, zone: string) {
    this.targets = targets;
    this.#weightMax = Math.max(...targets.map(({ weight }) => weight));
    this.#oldestSince = Math.min(...targets.map(({ since }) => since));
    this.#balancer = balancer;
    this.#near = zone === "" ? [] : targets.filter((target) => target.zone === zone);
    this.#far = this.#near.length === 0 ? targets : targets.filter((each) => each.zone !== zone);
  }

  /** In which part of all choices a target takes part, 0 to 1: less of them the less it weighs, and while it is new, or back. */
  shareOf(target: Target, time: number): number {
    const share = target.weight / this.#weightMax;
    const ageMs = time - target.since;
    if (ageMs >= slowStartMs) return share;
    const started = slowStartShare(ageMs) / slowStartShare(time - this.#oldestSince);
    return started >= 1 ? share : share * Math.min(1, started * this.#relief(target, time));
  }

  /**
   * How many times more loaded than a new instance those before it are, 1 at least. Those that are slow to answer would otherwise be
   * given nine tenths of all calls while the new one has nothing to do.
   */
  #relief(target: Target, time: number): number {
    const load = target.load(time);
    if (load === 0) return 1;
    const older = this.targets.filter(({ since }) => since < target.since);
    return Math.max(1, Math.min(...older.map((each) => each.load(time))) / load);
  }

  /** The instance to take; undefined if there is none. */
  pick(choice: TargetChoice): Target | undefined {
    if (choice.key !== undefined) return this.#pickByKey(choice.key, choice);
    const near = this.#near.length > 0 ? this.#balancer.pick(this.#near, choice) : undefined;
    const far = this.#balancer.pick(this.#far, choice);
    if (!near || !far) return near ?? far;
    return near.load(choice.now) > zonePatience * far.load(choice.now) ? far : near;
  }

  #pickByKey(key: string, choice: TargetChoice): Target | undefined {
    this.#ring ??= this.#makeRing();
    const at = (place: number) => this.#places[place] as Target;
    const mayTake = (place: number) => choice.mayTake(at(place));
    let place: number | undefined;
    if (!choice.isPartitioned) {
      const pending = this.#places.reduce((sum, { pendingCount }) => sum + pendingCount, 0);
      const bound = Math.ceil((boundedLoad * (pending + 1)) / this.#places.length);
      place = this.#ring.find(key, (each) => mayTake(each) && at(each).pendingCount < bound);
    }
    place ??= this.#ring.find(key, mayTake);
    return place === undefined ? undefined : at(place);
  }

  /** Keyed by place: a process that takes another's place takes its keys. While both are there, the newer one has them. */
  #makeRing(): HashRing {
    const byPlace = new Map<string, Target>();
    for (const target of this.targets) {
      const known = byPlace.get(target.place);
      if (!known || known.startedAt < target.startedAt) byPlace.set(target.place, target);
    }
    this.#places = [...byPlace.values()];
    return new HashRing(
      [...byPlace.keys()],
      this.#places.map(({ weight }) => weight),
    );
  }
}
