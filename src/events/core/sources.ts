/** How far a source has been taken in. */
export interface Source {
  epoch: number;
  seq: number;
}

/**
 * The number that a source has to go on with. Most count in memory, from 0 in an epoch of their own. One of epoch 0 counts in its
 * database and sends one append at a time: where the log does not know it, because it was silent for long or the log was restored from
 * a backup, it goes on where it is. The others must not: an append that came before its predecessor would take its place.
 */
export function expectedSeq(known: Source | undefined, told: Source): number {
  if (!known) return told.epoch === 0 ? told.seq : 0;
  return known.epoch === told.epoch ? known.seq : 0;
}

/** The id of the event that has this number at its source: the same each time that it is sent. */
export function eventId(source: string, epoch: number, seq: number): string {
  return eventIds(source, epoch)(seq);
}

/** {@link eventId} for many events of one epoch. */
export function eventIds(source: string, epoch: number): (seq: number) => string {
  const start = `${source}:${epoch}:`;
  return (seq) => start + seq;
}
