/** What a clone is told when it starts. */
export interface CloneSpec {
  /** The cookie by which a client comes back to this clone; absent where cookies decide nothing. */
  readonly cookie?: { readonly name: string; readonly value: string } | undefined;
}

/** A clone asks its supervisor to listen for it. */
export interface ListenQuestion {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Whether it speaks HTTP without TLS, so that its requests can be read before it has them. */
  readonly isPlainHttp: boolean;
}

/** The port that is listened on, or why none is. */
export type ListenAnswer =
  | { readonly port: number }
  | { readonly port?: undefined; readonly code: string; readonly message: string };
