import type { ReactiveController, ReactiveControllerHost } from "lit";
import { chinese } from "./chinese.ts";
import { english } from "./english.ts";
import { german } from "./german.ts";
import type { Strings } from "./strings.ts";

const LANGUAGES: readonly Strings[] = [english, german, chinese];

/** An element that shows texts. Its `strings` replace some or all of the built-in texts of the page's language. */
export interface Speaker extends ReactiveControllerHost, HTMLElement {
  readonly strings: Partial<Strings> | undefined;
}

/**
 * Chooses the language of an element's texts by the nearest `lang` attribute. When a `lang` attribute in the page changes, the
 * element renders again.
 */
export class Speech implements ReactiveController {
  readonly #host: Speaker;
  #watch: MutationObserver | undefined;

  constructor(host: Speaker) {
    this.#host = host;
    host.addController(this);
  }

  get strings(): Strings {
    return { ...languageOf(this.#host), ...this.#host.strings };
  }

  hostConnected(): void {
    this.#watch = new MutationObserver(() => this.#host.requestUpdate());
    this.#watch.observe(this.#host.ownerDocument, {
      subtree: true,
      attributes: true,
      attributeFilter: ["lang"],
    });
  }

  hostDisconnected(): void {
    this.#watch?.disconnect();
  }
}

function languageOf(element: Element): Strings {
  const lang = nearestLang(element).toLowerCase();
  return LANGUAGES.find(({ language }) => lang.split("-")[0] === language.split("-")[0]) ?? english;
}

/**
 * Returns the value of the nearest `lang` attribute, inside or outside the shadow tree. If there is no such attribute, returns
 * an empty string.
 */
function nearestLang(element: Element): string {
  const near = element.closest("[lang]");
  if (near) return near.getAttribute("lang")!;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? nearestLang(root.host) : "";
}
