import { browser } from "$app/environment";
import { redirect, type Load } from "@sveltejs/kit";
import { auth } from "../../lib/auth.ts";

// A server knows no user, and renders the state `loading`. The browser then runs `load` again.
export const load: Load = async ({ url }) => {
  if (!browser || (await auth.getUser())) return;
  redirect(307, `/sign-in?returnTo=${encodeURIComponent(url.pathname + url.search)}`);
};
