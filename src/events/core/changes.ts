import type { GroupChanges } from "../types.ts";

/** What has become of events and is not written down: by offset, so that what is told of one is the last that became of it. */
export class Changes {
  readonly park = new Map<number, GroupChanges["park"][number]>();
  readonly unpark = new Map<number, GroupChanges["unpark"][number]>();
  readonly bury = new Map<number, GroupChanges["bury"][number]>();

  /** Leaves a lane out. */
  forget(lane: number): void {
    for (const changes of [this.park, this.unpark, this.bury])
      for (const [offset, change] of changes) if (change.lane === lane) changes.delete(offset);
  }

  /** All of them; none is left. */
  take(): GroupChanges {
    const all = {
      park: [...this.park.values()],
      unpark: [...this.unpark.values()],
      bury: [...this.bury.values()],
    };
    for (const changes of [this.park, this.unpark, this.bury]) changes.clear();
    return all;
  }

  /** They could not be written down; what has become of an event since then counts. */
  giveBack({ park, unpark, bury }: GroupChanges): void {
    const isTold = (offset: number) => this.park.has(offset) || this.unpark.has(offset);
    for (const each of unpark) if (!isTold(each.offset)) this.unpark.set(each.offset, each);
    for (const each of park) if (!isTold(each.offset)) this.park.set(each.offset, each);
    for (const each of bury)
      if (!this.bury.has(each.event.offset)) this.bury.set(each.event.offset, each);
  }
}
