/** What a program that is run beside a node finds in its environment: what Dure was started with, without Dure's own secrets. */
export function programEnvironment(
  dataFolder: string,
): Readonly<Record<string, string | undefined>> {
  return { ...process.env, DURE_TOKEN: undefined, DURE_DATA: dataFolder };
}
