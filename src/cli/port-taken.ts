import { settings } from "../config/index.ts";
import { checkPort } from "../supervisor/index.ts";
import { CommandError, exitCodes, isPortTaken } from "./exit-code.ts";

/** Where a port is set: the path of its option. */
export type PortOption = "gateway.port" | "distributor.port" | "metrics.port" | "console.port";

/** Starts something that listens; says who has the port and how to choose another if it is taken. */
export async function portAdvice<Value>(
  option: PortOption,
  host: string,
  port: number,
  start: () => Promise<Value>,
): Promise<Value> {
  try {
    return await start();
  } catch (thrown) {
    if (!isPortTaken(thrown)) throw thrown;
    const found = await findPort(option, host, port);
    throw found instanceof CommandError ? found : thrown;
  }
}

/** The port, if it is free (for 0: any free one), or an error that says who has it and how to choose another. */
export async function findPort(
  option: PortOption,
  host: string,
  port: number,
): Promise<number | CommandError> {
  const found = await checkPort(host, port);
  if (found.isFree) return found.port;
  const setting = settings.find(({ path }) => path === option);
  const remedy = `set ${setting?.variable} to another port`;
  if (found.code !== "EADDRINUSE") {
    return new CommandError(
      `cannot listen on port ${port} of ${host} (${found.code}); ${remedy}`,
      exitCodes.failure,
    );
  }
  const holder = found.holder ?? "another process";
  return new CommandError(
    `port ${port} is taken by ${holder}; stop it, or ${remedy}`,
    exitCodes.portTaken,
  );
}
