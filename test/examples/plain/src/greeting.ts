import { auth } from "./auth.ts";

/** Returns a greeting for the user who is signed in. */
export async function greeting(): Promise<string> {
  const user = await auth.getUser();
  return `Hello ${user?.name ?? "stranger"}`;
}
