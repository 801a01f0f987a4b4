/** The body cannot be read to its end: it is malformed (400), too slow (408) or too large (413). */
export class BodyRefused extends Error {
  readonly status: 400 | 408 | 413;

  constructor(status: 400 | 408 | 413, message: string) {
    super(message);
    this.status = status;
  }
}
