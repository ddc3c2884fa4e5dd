import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { KindResults } from "./run-kind.ts";
import { slugOf, type ServerKind } from "./server.ts";

const fileOf = (folder: string, kind: Pick<ServerKind, "name" | "setup">): string =>
  `${folder}/${slugOf(kind)}.json`;

/** Keeps the results of a kind, so that a later run of other kinds can write the guide about all. */
export function keepResults(folder: string, results: KindResults): void {
  writeFileSync(fileOf(folder, results), JSON.stringify(results, undefined, 2));
}

/** Returns the newest results of each kind that has been driven, in the order of `kinds`. */
export function keptResults(folder: string, kinds: readonly ServerKind[]): readonly KindResults[] {
  return kinds
    .map((kind) => fileOf(folder, kind))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, "utf8")) as KindResults);
}
