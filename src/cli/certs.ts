import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { initAuthority, listCertificates, openAuthority } from "../certs/index.ts";
import { loadProject, type ProjectFlags } from "./project.ts";
import { renewDue } from "./renew-certificates.ts";
import { print, printJson, table } from "./terminal.ts";
import { renewShare } from "./transport.ts";

interface CertFlags extends ProjectFlags {
  readonly dir?: string;
  readonly json?: boolean;
  readonly service: readonly string[];
  readonly host: readonly string[];
  readonly days?: number;
}

const standardFolder = "certs";

/** `dure certs`: a private authority, and certificates that prove the names of nodes. */
export function defineCerts(program: Command): void {
  const certs = program
    .command("certs")
    .description("make the certificates by which nodes prove their names to each other")
    .addHelpText("after", examples);
  const withDir = (command: Command) =>
    command.option(
      "--dir <folder>",
      "folder of the certificates (default: security.certs, or certs)",
    );
  const withProject = (command: Command) =>
    withDir(command)
      .option("--config <file>", "configuration file (default: dure.config.ts in this folder)")
      .option("--profile <name>", "profile of the configuration (DURE_PROFILE)");

  withProject(certs.command("init"))
    .description(
      "make the mesh's certificate authority; its key can issue any name, so keep it safe",
    )
    .action(init);
  withProject(certs.command("issue"))
    .description("issue a certificate for a node")
    .argument("<name>", "the node's name, such as products, gateway, or dure for this command line")
    .option("--service <name>", "a service that the node hosts; may be repeated", collect, [])
    .option("--host <host>", "a host name or address of the node; may be repeated", collect, [])
    .option("--days <number>", "how long it is valid (default: 90)", days)
    .action(issue);
  withProject(certs.command("list"))
    .description("list the certificates and when they end")
    .option("--json", "print a JSON array")
    .action(list);
  withProject(certs.command("renew"))
    .description(
      "issue anew what has less than a third of its life left; running nodes take it within a second",
    )
    .action(renew);
}

async function folderOf(flags: CertFlags): Promise<{ folder: string; mesh: string }> {
  const { config } = await loadProject(flags, { isOptional: true });
  return { folder: resolve(flags.dir ?? config.certs ?? standardFolder), mesh: config.name };
}

async function init(flags: CertFlags): Promise<void> {
  const { folder, mesh } = await folderOf(flags);
  await initAuthority(folder, mesh);
  await print(
    `made the authority of the mesh "${mesh}" in ${folder}; ca-key.pem can issue any name: keep it off the machines that run nodes`,
  );
}

async function issue(name: string, flags: CertFlags): Promise<void> {
  const { folder } = await folderOf(flags);
  const authority = await openAuthority(folder);
  const { cert, key } = await authority.issue({
    name,
    services: flags.service,
    hosts: flags.host,
    days: flags.days,
  });
  await print(`issued ${cert} and ${key}`);
}

async function list(flags: CertFlags): Promise<void> {
  const { folder } = await folderOf(flags);
  const certificates = listCertificates(folder);
  if (flags.json) return printJson(certificates);
  const rows = certificates.map(({ file, names, validTo }) => [file, validTo.toISOString(), names]);
  await print(table(["FILE", "VALID TO", "NAMES"], rows));
}

async function renew(flags: CertFlags): Promise<void> {
  const { folder } = await folderOf(flags);
  const renewed = await renewDue(folder, renewShare);
  await print(renewed.length === 0 ? "nothing is due" : `renewed ${renewed.join(", ")}`);
}

function collect(value: string, former: readonly string[]): readonly string[] {
  return [...former, value];
}

function days(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number of days from 1 to 9999.");
}

const examples = `
Examples:
  $ dure certs init
  $ dure certs issue products --host 10.0.0.7
  $ dure certs issue core --service products --service stock --days 30
  $ dure certs list
  $ dure certs renew`;
