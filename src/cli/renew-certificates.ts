import { listCertificates, openAuthority } from "../certs/index.ts";
import { wallTime } from "../kit/index.ts";

/** Issues anew, under the same names, what has less than `share` of its life left. Gives back the files' names. */
export async function renewDue(folder: string, share: number): Promise<string[]> {
  const authority = await openAuthority(folder);
  const renewed: string[] = [];
  for (const { file, names, validFrom, validTo } of listCertificates(folder)) {
    const lifeMs = validTo.getTime() - validFrom.getTime();
    if (file === "ca.pem" || validTo.getTime() - wallTime() > lifeMs * share) continue;
    const name = file.slice(0, -".pem".length);
    const services = [...names.matchAll(/URI:spiffe:\/\/[^/]+\/([^,\s]+)/g)].map(
      ([, each]) => each as string,
    );
    const hosts = [...names.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(
      ([, each]) => each as string,
    );
    const days = Math.max(1, Math.round(lifeMs / 86_400_000));
    await authority.issue({ name, services, hosts, days });
    renewed.push(file);
  }
  return renewed;
}
