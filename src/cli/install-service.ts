import { dirname } from "node:path";
import type { Command } from "commander";
import { entryFile } from "./package-info.ts";
import { addProjectFlags, type ProjectFlags } from "./project.ts";
import { print } from "./terminal.ts";
import { loadConfigured } from "./up.ts";

/** `dure install-service --print`: a unit for systemd. Printed only: what runs as a service is its administrator's decision. */
export function defineInstallService(program: Command): void {
  const command = program
    .command("install-service")
    .description("print a systemd unit that runs the project")
    .requiredOption("--print", "print it; nothing is installed")
    .option("--user <name>", "the user that runs it", "dure");
  addProjectFlags(command).addHelpText("after", examples).action(installService);
}

interface ServiceFlags extends ProjectFlags {
  readonly user: string;
}

async function installService(flags: ServiceFlags): Promise<void> {
  const { config, configPath, dataFolder } = await loadConfigured(flags);
  const profile = config.profile === undefined ? [] : ["--profile", config.profile];
  const command = [process.execPath, ...process.execArgv, entryFile(), "up"];
  const words = [...command, "--config", configPath, "--data", dataFolder, ...profile];
  await print(`# Save as /etc/systemd/system/${config.name}.service, then:
#   systemctl daemon-reload && systemctl enable --now ${config.name}
[Unit]
Description=${config.name}, run by dure
Wants=network-online.target
After=network-online.target

[Service]
User=${flags.user}
WorkingDirectory=${dirname(configPath)}
Environment=NODE_ENV=production
ExecStart=${words.map(quote).join(" ")}
# New code without a lost call: systemctl reload ${config.name}
ExecReload=/bin/kill -USR2 $MAINPID
# The supervisor alone is told to stop, and tells its processes in order.
KillMode=mixed
TimeoutStopSec=60
Restart=always
RestartSec=1
LimitNOFILE=65536
# A process that starts in a reload gives way to those that serve, and gets its priority back when it is ready.
LimitNICE=+0
NoNewPrivileges=true
PrivateTmp=true

[Install]
WantedBy=multi-user.target
`);
}

/** As systemd reads words (systemd.service(5), "Command lines"). */
function quote(word: string): string {
  const escaped = word.replace(/[\\"]/g, "\\$&").replace(/%/g, "%%").replace(/\$/g, "$$$$");
  return /[\s"'\\]/.test(word) ? `"${escaped}"` : escaped;
}

const examples = `
Examples:
  $ dure install-service --print
  $ dure install-service --print --profile production --user shop | sudo tee /etc/systemd/system/shop.service`;
