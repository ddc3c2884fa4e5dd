import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { runProgram } from "./process.ts";

/** A program of a Go module. */
export interface GoProgram {
  /** The path of the program's package, which lies in the module. */
  readonly path: string;
  /** The exact version of the module. */
  readonly version: string;
  readonly tags?: readonly string[];
  /**
   * The modules that the program's own `go.mod` replaces, such as `a.example/x=b.example/x@v1.0.0`. Go reads the replacements of
   * the main module only, so the build repeats them.
   */
  readonly replacements?: readonly string[];
}

/**
 * Builds a program below `folder`, unless an earlier run has built this version, and returns the file of the program. Go keeps
 * the modules and what it has compiled in its own caches.
 * @throws CannotStart Go is missing, or the module cannot be had or built
 */
export async function buildGoProgram(folder: string, program: GoProgram): Promise<string> {
  const { path, version, tags = [], replacements = [] } = program;
  const file = `${folder}/program-${version}`;
  if (existsSync(file)) return file;
  const cwd = `${folder}/build`;
  rmSync(cwd, { recursive: true, force: true });
  mkdirSync(cwd, { recursive: true });
  await runProgram("go", ["mod", "init", "build"], { cwd });
  const replace = replacements.map((replacement) => `-replace=${replacement}`);
  await runProgram("go", ["mod", "edit", ...replace], { cwd });
  await runProgram("go", ["get", "-tool", `${path}@${version}`], { cwd });
  // A build that was interrupted must not look like a finished one.
  await runProgram("go", ["build", "-tags", tags.join(","), "-o", "program", path], { cwd });
  renameSync(`${cwd}/program`, file);
  return file;
}
