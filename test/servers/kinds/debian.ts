import { existsSync } from "node:fs";
import { runProgram } from "../process.ts";
import { CannotStart } from "../server.ts";

interface DebianPackages {
  /** Names with versions, such as `glewlwyd=2.7.5-*`. */
  readonly packages: readonly string[];
  /** Files of the packages. If all of them exist, nothing is installed. */
  readonly files: readonly string[];
  /** Answers to the questions of the packages, in the format of `debconf-set-selections`. */
  readonly answers?: string;
  /** Services that the packages start, and that must not run on. */
  readonly services: readonly string[];
}

/** Installs Debian packages for the whole machine, without the services that they start. @throws CannotStart */
export async function installDebian(wanted: DebianPackages): Promise<void> {
  const { packages, files, answers, services } = wanted;
  if (files.every((file) => existsSync(file))) return;
  if (!existsSync("/usr/bin/apt-get")) throw new CannotStart("it comes from Debian's packages");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await runProgram("apt-get", ["update"], { env });
  if (answers) {
    const script = 'printf "%s\\n" "$1" | debconf-set-selections';
    await runProgram("sh", ["-c", script, "sh", answers], { env });
  }
  await runProgram("apt-get", ["install", "-y", "--no-install-recommends", ...packages], { env });
  for (const service of services) {
    await runProgram("service", [service, "stop"]).catch(() => {});
    await runProgram("update-rc.d", [service, "disable"]).catch(() => {});
  }
}
