import { afterEach, expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import type { DeviceStatus } from "../../src/core/device-prompt.ts";
import { qrOf } from "../../src/ui/qr.ts";
import { add, all, now, one, texts, usePage } from "./support.ts";

usePage();
afterEach(() => {
  vi.useRealTimers();
});

/** Shows a device login like the grant: at the end it sends the last status and then aborts the signal. */
async function shown(more: { verificationUri?: string; expiresAt?: number } = {}) {
  const element = add("latchkey-device");
  const controller = new AbortController();
  let publish!: (status: DeviceStatus) => void;
  let unsubscribed = 0;
  const response = element.showCode(
    {
      userCode: "WDJB-MJHT",
      verificationUri: "https://id.example.com/device",
      expiresAt: Date.now() + 600_000,
      ...more,
    },
    {
      signal: controller.signal,
      subscribe: (listener) => {
        publish = listener;
        listener("waiting");
        return () => unsubscribed++;
      },
    },
  );
  await element.updateComplete;
  const update = async (status: DeviceStatus) => {
    publish(status);
    await element.updateComplete;
  };
  const end = async (status: DeviceStatus) => {
    publish(status);
    controller.abort();
    await element.updateComplete;
  };
  return { element, response, update, end, unsubscribed: () => unsubscribed };
}

const isOpen = (element: Element) => all(element, "dialog[open]").length === 1;

test("shows the code, the address as a link, and both as a QR code", async () => {
  const { element } = await shown();
  expect(texts(element, ".code")).toEqual(["WDJB-MJHT"]);
  const link = one(element, ".link") as HTMLAnchorElement;
  expect([link.textContent, link.href, link.rel]).toEqual([
    "id.example.com/device",
    "https://id.example.com/device",
    "noopener noreferrer",
  ]);
  await vi.waitFor(() => one(element, ".qr svg"));
  const drawn = one(element, ".qr path").getAttribute("d");
  expect(drawn).toBe(qrOf("https://id.example.com/device").path);
  expect(one(element, ".qr svg").getAttribute("aria-label")).toMatch(/QR code/);
});

test("the QR code has a quiet zone and its three finders", () => {
  const { size, path } = qrOf("https://id.example.com/device");
  expect(path).toMatch(/^M3 3h7v1h-7z/);
  expect(path).toContain(`M${size - 10} 3h7v1h-7z`);
  expect(path).toContain(`M3 ${size - 4}h7v1h-7z`);
});

test("shows an insecure or malformed URL as text, not as a link", async () => {
  for (const verificationUri of ["javascript:alert(1)", "http://example.com/", "nowhere"]) {
    const { element } = await shown({ verificationUri });
    expect(all(element, "a")).toEqual([]);
    expect(texts(element, ".link")).toEqual([verificationUri]);
    element.remove();
  }
});

test("shows the status, and keeps a failure on screen until the user closes the dialog", async () => {
  for (const [status, words] of [
    ["denied", "The sign-in was declined"],
    ["expired", "The code has expired"],
    ["failed", "The sign-in did not work"],
  ] as const) {
    const { element, response, update, end, unsubscribed } = await shown();
    expect(texts(element, ".words")).toEqual(["Waiting for you to sign in"]);
    await update("retrying");
    expect(texts(element, ".words")[0]).toMatch(/^No connection/);
    expect(texts(element, ".code")).toEqual(["WDJB-MJHT"]);
    await end(status);
    expect(await response).toBeUndefined();
    expect(unsubscribed()).toBe(1);
    expect(isOpen(element)).toBe(true);
    expect(texts(element, ".words")).toEqual([words]);
    expect(all(element, ".code")).toEqual([]);
    expect(element.shadowRoot!.activeElement).toBe(one(element, ".body .button"));
    await userEvent.keyboard("{Enter}");
    await element.updateComplete;
    expect(isOpen(element)).toBe(false);
    element.remove();
  }
});

test("closes by itself after approval, and at once after cancellation", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { element, response, end } = await shown();
  await end("approved");
  expect(await response).toBeUndefined();
  expect(texts(element, ".words")).toEqual(["You are signed in"]);
  vi.advanceTimersByTime(2_000);
  await element.updateComplete;
  expect(isOpen(element)).toBe(false);

  const second = await shown();
  await second.end("cancelled");
  expect(isOpen(second.element)).toBe(false);
  expect(await second.response).toBeUndefined();
});

test("Escape and the buttons dismiss the dialog and restore the focus", async () => {
  const before = document.createElement("button");
  document.body.append(before);
  for (const way of ["{Escape}", "[part=close]", "[part=cancel]"]) {
    before.focus();
    const { element, response } = await shown();
    expect(await now(response)).toBe("pending");
    if (way.startsWith("{")) await userEvent.keyboard(way);
    else one(element, way).click();
    expect(await response).toEqual({ type: "dismiss" });
    expect(isOpen(element)).toBe(false);
    expect(document.activeElement).toBe(before);
    element.remove();
  }
});

test("the late `close` event of one code does not dismiss the next code", async () => {
  const { element, end } = await shown();
  const closed = new Promise((resolve) =>
    one(element, "dialog").addEventListener("close", resolve),
  );
  await end("cancelled");
  const next = element.showCode(
    { userCode: "NEW", verificationUri: "https://id.example.com/", expiresAt: Date.now() + 9_000 },
    { signal: new AbortController().signal, subscribe: () => () => {} },
  );
  await closed;
  expect(await now(next)).toBe("pending");
  expect(isOpen(element)).toBe(true);
});

test("a new code replaces the old one, and removing the element ends the call", async () => {
  const { element, response } = await shown();
  const second = element.showCode(
    { userCode: "NEW", verificationUri: "https://id.example.com/", expiresAt: Date.now() + 9_000 },
    { signal: new AbortController().signal, subscribe: () => () => {} },
  );
  expect(await response).toBeUndefined();
  await element.updateComplete;
  expect(texts(element, ".code")).toEqual(["NEW"]);
  expect(await now(second)).toBe("pending");
  element.remove();
  expect(await second).toBeUndefined();
  await expect(
    element.showCode(
      { userCode: "X", verificationUri: "https://id.example.com/", expiresAt: 0 },
      { signal: new AbortController().signal, subscribe: () => () => {} },
    ),
  ).rejects.toMatchObject({ code: "configuration", input: "latchkey-device" });
});

test("updates the ring every second, and the screen reader's text a few times only", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
  const { element } = await shown({ expiresAt: Date.now() + 120_000 });
  const announced = () => texts(element, "p.unseen[role=status]")[0]!;
  const received = [announced()];
  const clocks: string[] = [];
  const rings: number[] = [];
  for (let second = 0; second < 120; second++) {
    clocks.push(texts(element, ".time")[0]!);
    rings.push(Number(one(element, ".ring").getAttribute("stroke-dashoffset")));
    vi.advanceTimersByTime(1_000);
    await element.updateComplete;
    if (announced() !== received.at(-1)) received.push(announced());
  }
  expect(clocks.slice(0, 2)).toEqual(["2:00", "1:59"]);
  expect(clocks.at(-1)).toBe("0:01");
  expect(rings).toEqual([...rings].sort((a, b) => a - b));
  expect(rings[0]).toBe(0);
  expect(rings[60]! / rings[30]!).toBeCloseTo(2, 1);
  expect(received).toEqual([
    "2 minutes left",
    "1 minute left",
    "30 seconds left",
    "10 seconds left",
  ]);
});

test("copies the code and confirms it, or selects the code when the clipboard is not allowed", async () => {
  const { element } = await shown();
  const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
  one(element, ".copy").click();
  expect(write).toHaveBeenCalledWith("WDJB-MJHT");
  await vi.waitFor(() => expect(texts(element, ".box [role=status]")).toEqual(["Copied"]));
  write.mockRejectedValue(new Error("not allowed"));
  one(element, ".copy").click();
  await vi.waitFor(() => expect(getSelection()!.type).toBe("Range"));
  write.mockRestore();
});

test("B12: a wall clock that is set back does not extend the remaining time of a code", async () => {
  vi.useFakeTimers();
  const { element } = await shown({ expiresAt: Date.now() + 120_000 });
  vi.setSystemTime(Date.now() - 3_600_000);
  await vi.advanceTimersByTimeAsync(1_000);
  await element.updateComplete;
  expect(texts(element, ".time")).toEqual(["1:59"]);
});
