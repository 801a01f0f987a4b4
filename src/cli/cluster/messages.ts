/** A clone asks its supervisor to listen for it. */
export interface ListenQuestion {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** The port that is listened on, or why none is. */
export type ListenAnswer =
  | { readonly port: number }
  | { readonly port?: undefined; readonly code: string; readonly message: string };
