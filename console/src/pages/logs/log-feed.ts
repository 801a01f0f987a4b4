/** Lines of the log, newest first: what there is, and what comes while they are followed. At most 5,000 are kept. */
import { useEffect, useState } from "preact/hooks";
import { client } from "../../data/client.ts";
import { perFrame } from "../../data/frame.ts";
import { noticeFailure } from "../../data/session.ts";
import type { LogFilter, LogLine } from "../../data/types.ts";

export interface LogFeed {
  readonly lines: readonly LogLine[];
  /** Lines that came faster than they could be sent. */
  readonly dropped: number;
  readonly error: unknown;
  readonly isLoaded: boolean;
  readonly hasOlder: boolean;
  readonly loadOlder: () => void;
  /** Asks once more. */
  readonly refresh: () => void;
}

const linesMax = 5_000;
const pageSize = 200;
const retryMs = 2_000;

interface State {
  readonly lines: readonly LogLine[];
  readonly dropped: number;
  readonly error: unknown;
  readonly isLoaded: boolean;
  readonly hasOlder: boolean;
}

const nothing: State = {
  lines: [],
  dropped: 0,
  error: undefined,
  isLoaded: false,
  hasOlder: false,
};

export function useLogFeed(filter: LogFilter, isFollowing: boolean): LogFeed {
  const [state, setState] = useState(nothing);
  const [round, setRound] = useState(0);
  const key = JSON.stringify(filter);
  // The key stands for the filter
  useEffect(() => {
    const controller = new AbortController();
    const feed = new Feed(filter, controller.signal, setState);
    void feed.run(isFollowing);
    return () => controller.abort();
  }, [key, isFollowing, round]);
  const loadOlder = async () => {
    const last = state.lines.at(-1);
    if (!last) return;
    const { items } = await client.logs({ ...filter, before: last.id, limit: pageSize });
    setState((before) => ({
      ...before,
      lines: [...before.lines, ...items].slice(0, linesMax),
      hasOlder: items.length === pageSize,
    }));
  };
  return {
    ...state,
    loadOlder: () => void loadOlder().catch(noticeFailure),
    refresh: () => setRound((before) => before + 1),
  };
}

/** One filter's lines, until its signal ends it. */
class Feed {
  readonly #filter: LogFilter;
  readonly #signal: AbortSignal;
  readonly #show: () => void;
  #state = nothing;

  constructor(filter: LogFilter, signal: AbortSignal, onState: (state: State) => void) {
    this.#filter = filter;
    this.#signal = signal;
    this.#show = perFrame(() => {
      if (!signal.aborted) onState(this.#state);
    });
  }

  async run(isFollowing: boolean): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        if (!isFollowing) return await this.#loadNewest();
        await this.#follow();
      } catch (error) {
        if (this.#signal.aborted) return;
        noticeFailure(error);
        this.#set({ error, isLoaded: true });
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }

  async #loadNewest(): Promise<void> {
    const { items } = await client.logs(
      { ...this.#filter, limit: pageSize },
      { signal: this.#signal },
    );
    this.#set({
      lines: items,
      isLoaded: true,
      error: undefined,
      hasOlder: items.length === pageSize,
    });
  }

  /** The first item says that from now on no line is missed; what was before is asked for then. */
  async #follow(): Promise<void> {
    let isFirst = true;
    for await (const { lines, dropped } of client.followLogs(this.#filter, {
      signal: this.#signal,
    })) {
      if (isFirst) await this.#loadNewest();
      isFirst = false;
      if (lines.length + dropped === 0) continue;
      const newest = this.#state.lines[0]?.id ?? -1;
      const fresh = lines.filter(({ id }) => id > newest).sort((a, b) => b.id - a.id);
      this.#set({
        lines: [...fresh, ...this.#state.lines].slice(0, linesMax),
        dropped: this.#state.dropped + dropped,
      });
    }
  }

  #set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    this.#show();
  }
}
