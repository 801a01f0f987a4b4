/** Some of a head's bytes, as they came. */
export interface HeadPiece {
  readonly bytes: Uint8Array;
  /** Where to read on. */
  readonly at: number;
  /** Where to stop: the end of the bytes or of what a head may have. */
  readonly stop: number;
  /** What an index in `bytes` needs to become a position in the head. */
  readonly base: number;
}

/** Why a head is refused. */
export interface HeadRefusal {
  readonly status: 400 | 414 | 417 | 431 | 501 | 505;
  readonly detail: string;
}

export const noLineEnd = "a line of the request's head does not end with CR LF";
