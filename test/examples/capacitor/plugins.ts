/** The parts of `@capacitor/browser` and `@capacitor/app` that the example uses, as version 8 declares them. */

export interface PluginListenerHandle {
  remove: () => Promise<void>;
}

export interface BrowserPlugin {
  open(options: { url: string }): Promise<void>;
  close(): Promise<void>;
  addListener(
    eventName: "browserFinished",
    listenerFunc: () => void,
  ): Promise<PluginListenerHandle>;
}

export interface AppPlugin {
  getLaunchUrl(): Promise<{ url: string } | undefined>;
  addListener(
    eventName: "appUrlOpen",
    listenerFunc: (event: { url: string }) => void,
  ): Promise<PluginListenerHandle>;
}
