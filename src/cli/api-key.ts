import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { createApiKey } from "../gateway/index.ts";
import { print, printJson } from "./terminal.ts";

interface ApiKeyFlags {
  readonly subject: string;
  readonly scope: readonly string[];
  readonly expires?: string;
  readonly json?: boolean;
}

/** `dure api-key`: makes a key for programs that call over HTTP. */
export function defineApiKey(program: Command): void {
  program
    .command("api-key")
    .description("make an API key for a program that calls over HTTP")
    .requiredOption("--subject <id>", "who calls with it")
    .option("--scope <scope>", "a scope that it has; may be repeated", collect, [])
    .option(
      "--expires <date>",
      "the day on which it ends, such as 2027-01-31 (default: never)",
      day,
    )
    .option("--json", "print the key and its entry as JSON")
    .addHelpText("after", examples)
    .action(apiKey);
}

async function apiKey({ subject, scope, expires, json }: ApiKeyFlags): Promise<void> {
  const { key, id, hash } = createApiKey();
  const entry = {
    id,
    hash,
    subject,
    ...(scope.length > 0 ? { scopes: scope } : {}),
    ...(expires === undefined ? {} : { expires }),
  };
  if (json) return printJson({ key, entry });
  await print(`${key}

Give it to its owner now: it is kept nowhere. The gateway knows it by this entry of gateway.auth.apiKeys, which is no secret:
${JSON.stringify(entry)}`);
}

function day(text: string): string {
  if (z.iso.date().safeParse(text).success) return text;
  throw new InvalidArgumentError('It must be a day such as "2027-01-31".');
}

function collect(value: string, former: readonly string[]): readonly string[] {
  return [...former, value];
}

const examples = `
Examples:
  $ dure api-key --subject billing --scope orders:read --scope orders:write --expires 2027-01-31
  $ curl -H "Authorization: Bearer dure_..." http://localhost:8080/orders`;
