/**
 * Our reader of HTTP/1.1 against node:http: mutated requests from a printed seed, each connection read by both. Whatever both
 * understand, they must understand alike; where one goes on and the other refuses, the difference must be in a list here, with its
 * reason. `npm run test:fuzz` reads a million connections.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { generator } from "../../wire/support/mutations.ts";
import { mutatedRequests } from "./support/mutated-requests.ts";
import {
  activity,
  ownReader,
  type Reading,
  referenceReader,
  refusalIn,
} from "./support/readers.ts";

const longForm = process.env.DURE_FUZZ_CONNECTIONS;
const connections = Number(longForm ?? 20_000);
/** The short form always reads the same: a rare difference that is new should stop whoever looks for one, and nobody else. */
const seed = Number(process.env.DURE_TEST_SEED ?? (longForm ? Date.now() % 1_000_000 : 1));
const batchSize = 200;
/** Turns of the event loop without a byte or a request: nothing more will come. */
const quietTurns = 5;
const turnsMax = 10_000;

/** What we refuse and node:http takes, or waits for the rest of. Both lists are by our words. */
const weAreStricter: [refusal: RegExp, why: string][] = [
  [/^HTTP\/1\.0 has no transfer-encoding/, "RFC 9112, 6.1: the framing is faulty"],
  [/^only HTTP\/1\.1 and HTTP\/1\.0/, "llhttp takes 0.9 and 2.0"],
  [/^the request line names no HTTP version/, "llhttp takes HTTP/0.9 without a version"],
  [/^the request line does not end with an HTTP version/, "llhttp takes spaces before a version"],
  [
    /^the method is not followed by one space/,
    "llhttp takes several, and waits for more of a method",
  ],
  [/^this is not an HTTP request/, "llhttp skips any number of CR and LF before a request"],
  [/^a line of the request's head does not end/, "llhttp skips a bare CR before a request"],
  [
    /^the request target/,
    "llhttp takes other schemes, * for all methods, fragments, bad escapes, bytes above 127",
  ],
  [/^the (path|query)/, "node:http does not look into escapes"],
  [/^this is not a proxy/, "node:http closes the connection for CONNECT, with no answer"],
  [
    /^the request needs exactly one valid Host/,
    "node:http looks at whether there is one, no further",
  ],
  [/^the request has more than one (host|authorization|content-type)/, "node:http keeps the first"],
  [/^the request has more than one transfer-encoding/, "llhttp joins them"],
  [/^transfer-encoding /, "llhttp takes other codings before chunked, and waits"],
  [/^content-length .* is not a number/, "llhttp takes lengths of 16 digits and more"],
  [/^the one expectation/, "RFC 9110, 10.1.1: 417; node:http reads on behind it"],
  [/^the body is larger/, "node:http has no limit"],
  [
    /^a chunk does not begin with its size/,
    "llhttp takes sizes of 16 digits, and an extension without its value",
  ],
  [/^a trailer speaks/, "node:http closes for a Connection: close among trailers"],
  [/^no method is longer/, "it waits for the end of its method"],
  [/^status 4/, "one of these, answered to HEAD"],
];
/** What node:http refuses and we take whole: its code, and what must then be in the bytes. */
const weTakeMore: [refusal: RegExp, bytes: RegExp, why: string][] = [
  [
    /^HPE_INVALID_METHOD$/,
    /./,
    "llhttp has a list of methods; for us any token is one (RFC 9110, 9.1)",
  ],
  [
    /^HPE_(STRICT|INVALID_CHUNK_SIZE)$/,
    /[0-9a-f][\t ]+;|;.*[\t ]/i,
    "llhttp takes no white space in extensions of chunks (RFC 9112, 7.1.1: BWS)",
  ],
  [/^HPE_INVALID_TRANSFER_ENCODING$/, /chunked *\t/i, "llhttp takes no tab behind chunked"],
];

interface Pair {
  readonly bytes: Buffer;
  readonly ours: Reading;
  readonly theirs: Reading;
}

test(`${connections} mutated connections are read as node:http reads them, but for what is listed (DURE_TEST_SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = generator(seed);
  const own = ownReader();
  const reference = referenceReader();
  const seen = new Map<string, number>();
  let understood = 0;
  for (let done = 0; done < connections; done += batchSize) {
    const batch = Array.from({ length: batchSize }, (): Pair => {
      const bytes = mutatedRequests(random);
      return { bytes, ours: own.read(bytes), theirs: reference.read(bytes) };
    });
    await quiet();
    for (const pair of batch) {
      const difference = compare(pair);
      understood += pair.ours.requests.length;
      if (difference) seen.set(difference, (seen.get(difference) ?? 0) + 1);
    }
  }
  const unknown = [...seen.keys()].filter((why) => why.startsWith("unknown"));
  assert.deepEqual(unknown.slice(0, 20), [], `${unknown.length} unknown differences`);
  t.diagnostic(`${understood} requests understood`);
  for (const [why, count] of seen) t.diagnostic(`${count} times: ${why}`);
  assert.ok(understood > connections / 10, String(understood));
});

/** Waits until nothing moves; a reader that never rests has hung. */
async function quiet(): Promise<void> {
  let before = -1;
  let turns = 0;
  for (let calm = 0; calm < quietTurns; turns += 1) {
    assert.ok(turns < turnsMax, "a reader does not come to rest");
    await new Promise((resolve) => setImmediate(resolve));
    calm = before === activity.count ? calm + 1 : 0;
    before = activity.count;
  }
}

interface Verdicts {
  readonly ourRefusal: string | undefined;
  readonly theirRefusal: string | undefined;
  /** Whether we closed because a client asked for it. */
  readonly hasClosed: boolean;
  readonly haveTheyClosed: boolean;
  readonly text: string;
}

/** Why they differ, by the lists. */
function reasonFor(more: number, verdicts: Verdicts): string | undefined {
  const { ourRefusal, theirRefusal, hasClosed, haveTheyClosed, text } = verdicts;
  if (
    haveTheyClosed &&
    more >= 0 &&
    /HTTP\/1\.0[\s\S]*:(\s\s+keep-alive|.*keep-alive\s+\r)/i.test(text)
  )
    return "llhttp takes no white space around keep-alive, and closes";
  if (more > 0) {
    return weTakeMore.find(
      ([refusal, bytes]) => refusal.test(theirRefusal ?? "") && bytes.test(text),
    )?.[2];
  }
  if (ourRefusal !== undefined)
    return weAreStricter.find(([refusal]) => refusal.test(ourRefusal))?.[1];
  if (hasClosed)
    return "of close and keep-alive in one request we take close, node:http keep-alive";
  return more === 0 ? "we judge a line, or a head, when it is complete" : undefined;
}

/** Why the two differ; undefined if they do not. Fails where both understood, and not the same. */
function compare({ bytes, ours, theirs }: Pair): string | undefined {
  const text = bytes.toString("latin1");
  const sent = `DURE_TEST_SEED=${seed}: ${JSON.stringify(text)}`;
  const both = Math.min(ours.requests.length, theirs.requests.length);
  assert.deepEqual(ours.requests.slice(0, both), theirs.requests.slice(0, both), sent);
  const ourRefusal = refusalIn(ours);
  const theirRefusal = refusalIn(theirs);
  if (ourRefusal !== undefined) assert.ok(ours.hasEnded, `refused and not closed: ${sent}`);
  const more = ours.requests.length - theirs.requests.length;
  if (more === 0 && (ourRefusal === undefined) === (theirRefusal === undefined)) return undefined;
  const refusals = `${ours.requests.length} and ${ourRefusal}; ${theirs.requests.length} and ${theirRefusal}`;
  const why = reasonFor(more, {
    ourRefusal,
    theirRefusal,
    hasClosed: ours.hasEnded && /\bclose\b/i.test(text),
    haveTheyClosed: theirs.hasEnded && theirRefusal === undefined,
    text,
  });
  return why ?? `unknown, ours and theirs: ${refusals}; ${sent}`;
}
