/**
 * Work by the clock, once for the whole fleet: at each time of a schedule every instance offers the same event to the event log, which
 * stores it once, and one instance of the service takes it, like any other event: at least once, tried again when it fails.
 */
import { Cron } from "croner";
import type { ScheduledHandler, ScheduleOptions } from "../contract/index.ts";
import { asError, DureError } from "../kit/index.ts";
import { deliverTo } from "./event-delivery.ts";
import type { EventSchedule, EventSubscription } from "./events-port.ts";
import type { ContextSource } from "./handler-context.ts";

/** What a service asked for with `every`. */
export interface DeclaredSchedule {
  readonly service: string;
  /** Names it among the service's own: the expression and its time zone. */
  readonly name: string;
  readonly handler: ScheduledHandler;
  /** The first time after `time`, both in ms since 1970; undefined where there is none. */
  next(time: number): number | undefined;
}

/** Reads a schedule. Throws INVALID_ARGUMENT for an expression or a time zone that there is not. */
export function declareSchedule(
  service: string,
  cron: string,
  handler: ScheduledHandler,
  { timeZone = "UTC" }: ScheduleOptions = {},
): DeclaredSchedule {
  const parsed = parse(service, cron, timeZone);
  const next = (time: number) => parsed.nextRun(new Date(time))?.getTime();
  return { service, name: `${cron} ${timeZone}`, handler, next };
}

function parse(service: string, cron: string, timeZone: string): Cron {
  try {
    const parsed = new Cron(cron, { timezone: timeZone, paused: true });
    // Croner looks at the time zone when it first needs it.
    parsed.nextRun();
    return parsed;
  } catch (thrown) {
    const message = `service ${service}: every("${cron}") in ${timeZone}: ${asError(thrown).message}; a schedule is five fields (minute hour day month weekday), such as "0 3 * * *", or six with seconds first`;
    throw new DureError("INVALID_ARGUMENT", message);
  }
}

/** The events of a service's schedules, and how they are worked on. Throws ALREADY_EXISTS for a schedule that is there twice. */
export function scheduled(
  declared: readonly DeclaredSchedule[],
  source: ContextSource,
): { readonly schedules: EventSchedule[]; readonly subscriptions: EventSubscription[] } {
  const byService = new Map<string, Map<string, DeclaredSchedule>>();
  for (const schedule of declared) {
    const { service, name } = schedule;
    const own = byService.get(service) ?? new Map<string, DeclaredSchedule>();
    if (own.has(name)) {
      const message = `service ${service} has two schedules "${name}"; do both in one handler`;
      throw new DureError("ALREADY_EXISTS", message);
    }
    byService.set(service, own.set(name, schedule));
  }
  const schedules = declared.map(({ service, name, next }) => ({
    topic: topicOf(service),
    name,
    next,
  }));
  const subscriptions = [...byService].map(([service, own]) =>
    subscriptionTo(service, own, source),
  );
  return { schedules, subscriptions };
}

function topicOf(service: string): string {
  return `dure.every.${service}`;
}

function subscriptionTo(
  service: string,
  own: ReadonlyMap<string, DeclaredSchedule>,
  source: ContextSource,
): EventSubscription {
  return {
    group: service,
    topic: topicOf(service),
    start: "now",
    concurrency: own.size,
    async deliver(incoming, signal) {
      // A former version of the service had others.
      const schedule = own.get(incoming.key);
      if (!schedule) return;
      const { at } = JSON.parse(incoming.body) as { at: number };
      const name = `every ${schedule.name}`;
      const span = { kind: "consume", name: `${service} ${name}`, service } as const;
      const subject = { service, name, isStream: false, span };
      await deliverTo(source, subject, { incoming, signal }, (context) =>
        schedule.handler(context, new Date(at)),
      );
    },
  };
}
