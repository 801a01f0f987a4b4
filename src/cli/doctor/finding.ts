/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  /** `bad`: it will not work. `doubtful`: it works, and may not do so for long. */
  readonly state: "good" | "doubtful" | "bad";
  readonly told: string;
}

/** A finding in short. */
export function finding(what: string, state: Finding["state"], told: string): Finding {
  return { what, state, told };
}
