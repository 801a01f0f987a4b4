/** Answers that are asked for again and again while somebody looks. */
import { useEffect, useRef, useState } from "preact/hooks";
import { noticeFailure } from "./session.ts";

/** One question's state. What was answered stays while it is asked again, and when asking fails. */
export interface Polled<Value> {
  readonly data: Value | undefined;
  /** Of the last time it was asked; undefined after a success. */
  readonly error: unknown;
  readonly refresh: () => void;
}

/** How often, and what it depends on: another key is another question, whose old answer is forgotten. */
export interface PollOptions {
  readonly key: string;
  /** Default 3,000. 0: once. */
  readonly everyMs?: number;
}

/** Asks now and every so often, but not while the page is hidden, and never twice at a time. */
export function usePoll<Value>(
  load: (signal: AbortSignal) => Promise<Value>,
  { key, everyMs = 3_000 }: PollOptions,
): Polled<Value> {
  const [state, setState] = useState<{ key: string; data?: Value; error?: unknown }>({ key });
  const refresh = useRef(() => {});
  const latestLoad = useRef(load);
  latestLoad.current = load;
  useEffect(() => {
    const controller = new AbortController();
    let timer = 0;
    let isAsking = false;
    const ask = async () => {
      clearTimeout(timer);
      if (isAsking) return;
      isAsking = true;
      try {
        const data = await latestLoad.current(controller.signal);
        if (!controller.signal.aborted) setState({ key, data, error: undefined });
      } catch (error) {
        if (controller.signal.aborted) return;
        noticeFailure(error);
        setState((before) => (before.key === key ? { ...before, error } : { key, error }));
      } finally {
        isAsking = false;
      }
      if (everyMs > 0 && !controller.signal.aborted && !document.hidden)
        timer = window.setTimeout(ask, everyMs);
    };
    const onVisible = () => {
      if (!document.hidden) void ask();
    };
    refresh.current = () => void ask();
    document.addEventListener("visibilitychange", onVisible);
    void ask();
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      clearTimeout(timer);
      controller.abort();
    };
  }, [key, everyMs]);
  const isSame = state.key === key;
  return {
    data: isSame ? state.data : undefined,
    error: isSame ? state.error : undefined,
    refresh: () => refresh.current(),
  };
}
