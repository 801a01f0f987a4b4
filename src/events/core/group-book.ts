/**
 * Who works on which lane of a topic, within one consumer group. Members say that they are alive; lanes are shared evenly among those
 * that do, and a lane changes hands only when its owner has given it back or has fallen silent. Pure: time is an argument.
 *
 * A log that was started again knows nobody: for a moment it gives nothing away, and members say what they had. What they say counts,
 * so that they go on with what they were doing.
 *
 * Invariants: (G1) a lane has one owner at most; (G2) each change of owner raises the lane's epoch, so that what a former owner still
 * says can be told apart; (G3) once members are the same for a while, each has its share, give or take one lane.
 */
import { laneCount } from "./lanes.ts";

/** What a member learns when it says that it is alive. */
export interface Renewal {
  /** Lanes that are its own from now on. */
  readonly gained: readonly number[];
  /** Lanes that it should finish and give back, for others to have their share. */
  readonly release: readonly number[];
}

interface Member {
  expiresAt: number;
  readonly lanes: Set<number>;
}

export class GroupBook {
  readonly #leaseMs: number;
  readonly #members = new Map<string, Member>();
  readonly #owners = new Array<string | undefined>(laneCount).fill(undefined);
  readonly #epochs: Float64Array;
  readonly #firstEpoch: number;
  readonly #claimsUntil: number;

  /**
   * @param firstEpoch above every epoch that was given out before.
   * @param claimsUntil nothing is given away before.
   */
  constructor(leaseMs: number, firstEpoch: number, claimsUntil = 0) {
    this.#leaseMs = leaseMs;
    this.#firstEpoch = firstEpoch;
    this.#claimsUntil = claimsUntil;
    this.#epochs = new Float64Array(laneCount).fill(firstEpoch);
  }

  get memberCount(): number {
    return this.#members.size;
  }

  epochOf(lane: number): number {
    return this.#epochs[lane] as number;
  }

  /** A member is alive. */
  renew(name: string, now: number): Renewal {
    this.#expire(now);
    const member = this.#alive(name, now);
    const surplus = member.lanes.size - this.#quotaOf(name);
    if (surplus >= 0) return { gained: [], release: [...member.lanes].slice(0, surplus) };
    if (now < this.#claimsUntil) return { gained: [], release: [] };
    return { gained: this.#giveFree(name, member, -surplus), release: [] };
  }

  /** A member says that it had a lane before the log was started again. Of several, the one that had it last has it. */
  claim(name: string, [lane, epoch]: readonly [number, number], now: number): void {
    const known = this.#epochs[lane] as number;
    const isFree = this.#owners[lane] === undefined && known === this.#firstEpoch;
    const isOlder = known < epoch && this.#owners[lane] !== undefined;
    if (epoch >= this.#firstEpoch || !(isFree || isOlder)) return;
    const former = this.#owners[lane];
    if (former !== undefined) this.#members.get(former)?.lanes.delete(lane);
    this.#alive(name, now).lanes.add(lane);
    this.#owners[lane] = name;
    this.#epochs[lane] = epoch;
  }

  /** Whether what a member says of a lane counts. */
  isOwner(name: string, lane: number, epoch: number): boolean {
    return this.#owners[lane] === name && this.#epochs[lane] === epoch;
  }

  /** A member gives a lane back. */
  release(name: string, lane: number): void {
    if (this.#owners[lane] !== name) return;
    this.#owners[lane] = undefined;
    // From now on nobody can claim it.
    this.#epochs[lane] = Math.max(this.#epochs[lane] as number, this.#firstEpoch + 1);
    this.#members.get(name)?.lanes.delete(lane);
  }

  /** A member goes, with all its lanes. */
  leave(name: string): void {
    for (const lane of [...(this.#members.get(name)?.lanes ?? [])]) this.release(name, lane);
    this.#members.delete(name);
  }

  #alive(name: string, now: number): Member {
    let member = this.#members.get(name);
    if (!member) {
      member = { expiresAt: 0, lanes: new Set() };
      this.#members.set(name, member);
    }
    member.expiresAt = now + this.#leaseMs;
    return member;
  }

  #giveFree(name: string, member: Member, count: number): number[] {
    const gained: number[] = [];
    for (let lane = 0; lane < laneCount && gained.length < count; lane += 1) {
      if (this.#owners[lane] !== undefined) continue;
      this.#owners[lane] = name;
      this.#epochs[lane] = (this.#epochs[lane] as number) + 1;
      member.lanes.add(lane);
      gained.push(lane);
    }
    return gained;
  }

  #quotaOf(name: string): number {
    const names = [...this.#members.keys()].sort();
    const share = Math.floor(laneCount / names.length);
    return share + (names.indexOf(name) < laneCount % names.length ? 1 : 0);
  }

  #expire(now: number): void {
    for (const [name, { expiresAt }] of this.#members) if (expiresAt <= now) this.leave(name);
  }
}
