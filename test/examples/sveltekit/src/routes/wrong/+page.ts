import { browser } from "$app/environment";
import type { Load } from "@sveltejs/kit";
import { auth } from "../../lib/auth.ts";

export const load: Load = async () => {
  if (browser) await auth.getUser();
};
