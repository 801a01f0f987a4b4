import { type Command, InvalidArgumentError } from "commander";
import type { ClientOf } from "../contract/index.ts";
import { eventLog } from "../events/index.ts";
import { CommandError, exitCodes } from "./exit-code.ts";
import { addProjectFlags, addSettingFlags, type ProjectFlags } from "./project.ts";
import { withNode } from "./reach.ts";
import { print, printJson, table } from "./terminal.ts";

type Log = ClientOf<typeof eventLog>;
interface EventFlags extends ProjectFlags {
  readonly json?: boolean;
  readonly group?: string;
  readonly from?: number;
  readonly body?: string;
}

const lettersMax = 100;

/** `dure events`: looks at the event log of the running mesh. */
export function defineEvents(program: Command): void {
  const events = program
    .command("events")
    .description("look at the event log of the running mesh")
    .addHelpText("after", examples);
  const withMesh = (command: Command) =>
    addProjectFlags(addSettingFlags(command, ["distributors"]));
  withMesh(events.command("topics"))
    .description("list the topics, and how far every group is")
    .option("--json", "print a JSON object")
    .action(topics);
  withMesh(events.command("dead"))
    .description(`list dead letters, at most ${lettersMax}, oldest first`)
    .option("--group <name>", "those of one group")
    .option("--json", "print a JSON array, with every failure and the data")
    .action(dead);
  withMesh(events.command("replay"))
    .description("give a dead letter to its group once more")
    .argument("<id>", "the letter's number", wholeNumber)
    .option("--body <json>", "other data in place of what failed")
    .action(replay);
  withMesh(events.command("drop"))
    .description("take a dead letter away for good")
    .argument("<id>", "the letter's number", wholeNumber)
    .action(drop);
  withMesh(events.command("tail"))
    .description("print the events of a topic as they come, one JSON object a line")
    .argument("<topic>", "the event's name, such as products.added")
    .option("--from <offset>", "begin there instead of with the next one", wholeNumber)
    .action(tail);
}

async function topics(flags: EventFlags): Promise<void> {
  const { topics: all, groups, delayed } = await withLog(flags, (log) => log.overview());
  if (flags.json) return printJson({ topics: all, groups, delayed });
  const topicRows = all.map(({ name, first, next, bytes }) => [
    name,
    String(next - first),
    String(next),
    `${(bytes / 2 ** 20).toFixed(1)} MiB`,
  ]);
  await print(table(["TOPIC", "KEPT", "NEXT", "SIZE"], topicRows));
  const groupRows = groups.map(({ name, topic, members, lag, parked, dead: letters }) => [
    name,
    topic,
    String(members),
    String(lag),
    String(parked),
    String(letters),
  ]);
  await print(`\n${table(["GROUP", "TOPIC", "MEMBERS", "LAG", "PARKED", "DEAD"], groupRows)}`);
  if (delayed > 0) await print(`\n${delayed} events wait for their time`);
}

async function dead(flags: EventFlags): Promise<void> {
  const { group } = flags;
  const filter = group === undefined ? {} : { group };
  const letters = await withLog(flags, async (log) => {
    const all: Awaited<ReturnType<typeof log.deadLetters>>["letters"] = [];
    for (;;) {
      const input = { after: all.at(-1)?.id ?? 0, max: lettersMax - all.length, ...filter };
      const some = input.max > 0 ? (await log.deadLetters(input)).letters : [];
      if (some.length === 0) return all;
      all.push(...some);
    }
  });
  if (flags.json) return printJson(letters);
  const rows = letters.map(({ id, group: name, at, event, history }) => [
    String(id),
    name,
    event.topic,
    event.key,
    new Date(at).toISOString(),
    String(history.length),
    history.at(-1)?.message.slice(0, 80) ?? "",
  ]);
  await print(table(["ID", "GROUP", "TOPIC", "KEY", "SINCE", "TRIES", "LAST FAILURE"], rows));
}

async function replay(id: number, flags: EventFlags): Promise<void> {
  const { body } = flags;
  if (body !== undefined) checkJson(body);
  const input = body === undefined ? { id } : { id, body };
  const result = await withLog(flags, (log) => log.replay(input).result());
  if (result.ok) return print(`letter ${id} goes to group ${result.value.group} once more`);
  throw unknownLetter(id, result.error);
}

async function drop(id: number, flags: EventFlags): Promise<void> {
  const result = await withLog(flags, (log) => log.drop({ id }).result());
  if (!result.ok) throw unknownLetter(id, result.error);
  await print(`letter ${id} is gone`);
}

/** What to say of a letter that is not there, or what else went wrong. */
function unknownLetter(id: number, error: { readonly code: string }): unknown {
  if (error.code !== "NoSuchLetter") return error;
  return new CommandError(`there is no dead letter ${id}; see: dure events dead`, exitCodes.usage);
}

async function tail(topic: string, flags: EventFlags): Promise<void> {
  const { from } = flags;
  const input = from === undefined ? { topic } : { topic, from };
  await withLog(flags, async (log) => {
    // A quiet topic is not a broken one.
    for await (const { body, ...event } of log.tail(input, { deadlineMs: 24 * 3_600_000 }))
      await print(
        JSON.stringify({ ...event, head: JSON.parse(event.head), data: JSON.parse(body) }),
      );
  });
}

async function withLog<Value>(
  flags: EventFlags,
  use: (log: Log) => Promise<Value>,
): Promise<Value> {
  return withNode(flags, (node) => use(node.client(eventLog)));
}

function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (thrown) {
    const { message } = thrown as Error;
    throw new CommandError(`--body is not JSON (${message}): ${text}`, exitCodes.usage);
  }
}

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

const examples = `
Examples:
  $ dure events topics
  $ dure events dead --group search
  $ dure events replay 17
  $ dure events tail products.added --from 0`;
