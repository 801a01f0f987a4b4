/** Bounds of a link. Every one has an answer when it is reached. */
export interface WireLimits {
  /** Largest message (request, answer, stream item), in bytes. A larger one is refused by itself: RESOURCE_EXHAUSTED. */
  readonly messageBytesMax: number;
  /** Largest frame after authentication; the rest of a message follows in DATA frames. A larger one closes the link. */
  readonly frameBytesMax: number;
  /** Largest frame before authentication. A larger one closes the link. */
  readonly handshakeFrameBytesMax: number;
  /** The handshake must be over by then, in ms, or the link is closed. */
  readonly handshakeMsMax: number;
  /** Requests at work on one link at once; one more is refused: RESOURCE_EXHAUSTED, not started. */
  readonly streamsMax: number;
  /** Operations numbered on one link; one more closes the link. */
  readonly operationsMax: number;
  /** Links of one server; one more is closed at once. */
  readonly linksMax: number;
  /** Bytes of one stream that a receiver takes before its reader has consumed any. */
  readonly streamCreditBytes: number;
  /** Bytes of all streams of one link together that a receiver takes before they are consumed. */
  readonly linkCreditBytes: number;
}

/** The defaults. Frames of 64 KiB keep a large message from holding up the small ones behind it for long. */
export const defaultLimits: WireLimits = {
  messageBytesMax: 4 * 1024 * 1024,
  frameBytesMax: 192 * 1024,
  handshakeFrameBytesMax: 16 * 1024,
  handshakeMsMax: 5_000,
  streamsMax: 16_384,
  operationsMax: 16_384,
  linksMax: 8_192,
  streamCreditBytes: 256 * 1024,
  linkCreditBytes: 8 * 1024 * 1024,
};

/** Body bytes in one frame. */
export const chunkBytes = 64 * 1024;
