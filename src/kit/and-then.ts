/**
 * What `next` makes of a value, at once if the value is there. An async function would cost a promise and a turn of the microtask
 * queue even where nothing is waited for, and a request passes through many such steps.
 */
export function andThen<In, Out>(
  value: In | Promise<In>,
  next: (value: In) => Out | Promise<Out>,
): Out | Promise<Out> {
  return value instanceof Promise ? value.then(next) : next(value);
}
