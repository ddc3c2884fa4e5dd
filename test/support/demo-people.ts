import type { Page } from "puppeteer-core";

/** Answers "Stay signed in?", once it is asked. */
export async function answerRemember(page: Page, answer: "yes" | "no"): Promise<void> {
  await page.bringToFront();
  const button = await page.waitForSelector(`latchkey-remember >>> [part=${answer}]`, {
    visible: true,
  });
  await button!.click();
  await page.waitForFunction(
    () => !document.querySelector("latchkey-remember")?.shadowRoot?.querySelector(".card"),
    { polling: 20 },
  );
}
