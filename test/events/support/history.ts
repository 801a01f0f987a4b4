/**
 * What was published, and what became of it in every group, in the order in which it happened; and what is wrong with it. Events of
 * one key are published one after another, so the order of their publishing is theirs.
 */

/** Something that happened. `id` names an event among all. */
export type Happening =
  | { readonly kind: "published"; readonly id: string; readonly key: string }
  /** Its publisher was told that it is stored. */
  | { readonly kind: "acknowledged"; readonly id: string }
  | { readonly kind: "delivered"; readonly id: string; readonly group: string; readonly by: string }
  | { readonly kind: "handled"; readonly id: string; readonly group: string; readonly by: string }
  /** Its handler rejected. */
  | { readonly kind: "failed"; readonly id: string; readonly group: string; readonly by: string }
  /** A member, or the log: what was done shortly before may not have been written down. */
  | { readonly kind: "crashed"; readonly who: string };

/** How far an event is in a group. */
interface Progress {
  /** By whom, while its handler runs. */
  running: string | undefined;
  handledAt: number | undefined;
}

/** What must not have happened, in words. Expects a history that has come to rest. */
export function problemsOf(history: readonly Happening[], groups: readonly string[]): string[] {
  const acknowledged = history.flatMap((each) => (each.kind === "acknowledged" ? [each.id] : []));
  return groups.flatMap((group) => {
    const checker = new GroupChecker(group);
    for (const [at, happening] of history.entries()) checker.take(happening, at);
    return [...checker.problems, ...acknowledged.flatMap((id) => checker.lossOf(id))];
  });
}

class GroupChecker {
  readonly problems: string[] = [];
  readonly #group: string;
  readonly #keys = new Map<string, string>();
  /** By key, in their order. */
  readonly #ids = new Map<string, string[]>();
  readonly #progress = new Map<string, Progress>();
  #crashedAt = -1;

  constructor(group: string) {
    this.#group = group;
  }

  take(happening: Happening, at: number): void {
    switch (happening.kind) {
      case "published":
        this.#keys.set(happening.id, happening.key);
        this.#ids.set(happening.key, [...(this.#ids.get(happening.key) ?? []), happening.id]);
        return;
      case "crashed":
        this.#crashedAt = at;
        for (const each of this.#progress.values())
          if (each.running === happening.who) each.running = undefined;
        return;
      case "delivered":
        if (happening.group === this.#group) this.#onDelivered(happening);
        return;
      case "handled":
      case "failed":
        if (happening.group === this.#group) this.#onEnded(happening, at);
        return;
      default:
    }
  }

  lossOf(id: string): string[] {
    if (this.#progress.get(id)?.handledAt !== undefined) return [];
    return [`${this.#group}: ${id} was acknowledged and is lost`];
  }

  #onDelivered({ id, by }: { readonly id: string; readonly by: string }): void {
    const key = this.#keys.get(id);
    if (key === undefined) return this.#tell(id, "was never published");
    const progress = this.#progress.get(id) ?? { running: undefined, handledAt: undefined };
    this.#progress.set(id, progress);
    if (progress.handledAt !== undefined && progress.handledAt > this.#crashedAt)
      this.#tell(id, `was handled, and came again to ${by} though nothing had crashed`);
    const ids = this.#ids.get(key) as string[];
    for (const other of ids) {
      const running = this.#progress.get(other)?.running;
      // One that has lost its lanes to somebody else learns of it a moment later.
      if (running === by || (running !== undefined && this.#crashedAt < 0))
        this.#tell(id, `came to ${by} while ${other} of its key was at work`);
    }
    progress.running = by;
  }

  #onEnded({ kind, id, by }: { kind: string; id: string; by: string }, at: number): void {
    const progress = this.#progress.get(id);
    if (progress?.running === by) progress.running = undefined;
    if (kind !== "handled" || !progress) return;
    if (progress.handledAt === undefined) this.#checkOrder(id);
    progress.handledAt = at;
  }

  /** An event that is handled for the first time has none behind it that was handled already. */
  #checkOrder(id: string): void {
    const ids = this.#ids.get(this.#keys.get(id) ?? "") ?? [];
    for (const later of ids.slice(ids.indexOf(id) + 1))
      if (this.#progress.get(later)?.handledAt !== undefined)
        this.#tell(id, `was handled after ${later}, which comes later in its key`);
  }

  #tell(id: string, what: string): void {
    this.problems.push(`${this.#group}: ${id} ${what}`);
  }
}
