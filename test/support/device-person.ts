/** A user with a phone, simulated by `fetch`, who opens the verification page, enters the code, and decides. */

type Decision = { readonly approveAs: "ada" | "grace" | "linus" } | "deny";

/** Enters the code and approves or denies the login. Returns the title of the last page. */
export async function decide(
  verificationUri: string,
  userCode: string,
  decision: Decision,
): Promise<string> {
  const visit = browse();
  const entry = await visit(verificationUri);
  const form = { xsrf: field(entry, "xsrf"), user_code: userCode };
  const confirm = await visit(verificationUri, form);
  if (!confirm.includes('name="confirm"')) return title(confirm);
  if (decision === "deny") {
    return title(await visit(verificationUri, { ...form, abort: "yes" }));
  }
  const login = await visit(verificationUri, { ...form, confirm: "yes" });
  const action = /action="(\/interaction\/[^"]+)"/.exec(login)?.[1];
  if (action === undefined) throw new Error(`no login page but ${title(login)}`);
  const done = await visit(new URL(action, verificationUri).href, { user: decision.approveAs });
  return title(done);
}

/** Keeps cookies and follows redirects, as browsers do. */
function browse(): (url: string, form?: Record<string, string>) => Promise<string> {
  const cookies = new Map<string, string>();
  return async (url, form) => {
    let next: string | undefined = url;
    let body = form && new URLSearchParams(form);
    for (;;) {
      const response: Response = await fetch(next, {
        ...(body && { method: "POST", body }),
        redirect: "manual",
        headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") },
      });
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
        if (value === "") cookies.delete(name!);
        else cookies.set(name!, value!);
      }
      const location = response.headers.get("location");
      if (location === null) return response.text();
      next = new URL(location, next).href;
      body = undefined;
    }
  };
}

function field(html: string, name: string): string {
  const input = new RegExp(`name="${name}" value="([^"]*)"`).exec(html);
  if (!input) throw new Error(`the page ${title(html)} has no ${name}`);
  return input[1]!;
}

function title(html: string): string {
  return /<h1>(.*?)<\/h1>/.exec(html)?.[1] ?? "";
}
