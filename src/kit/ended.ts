/**
 * Runs code and tells when it has ended: `onEnd` with nothing, or with what was thrown. What the code gives and throws goes on as it is,
 * and a promise is given only where the code gives one: much of what a request passes through waits for nothing.
 */
export function ended<Output>(
  run: () => Output,
  onEnd: (failure: { readonly thrown: unknown } | undefined) => void,
): Output | Promise<Awaited<Output>> {
  const fail = (thrown: unknown): never => {
    onEnd({ thrown });
    throw thrown;
  };
  let output: Output;
  try {
    output = run();
  } catch (thrown) {
    return fail(thrown);
  }
  if (isThenable(output)) {
    return Promise.resolve(output).then((value) => {
      onEnd(undefined);
      return value;
    }, fail);
  }
  onEnd(undefined);
  return output;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === "function";
}
