/** Holds the lock that shows that the worker lives, and responds to each `hello` after that. */
const ALIVE = `
  const isLocked = new Promise((resolve) => {
    navigator.locks.request("latchkey/worker/bad", () => {
      resolve();
      return new Promise(() => {});
    });
  });
  const onMessage = (port, listener) => {
    port.onmessage = async ({ data }) => {
      await isLocked;
      if (data.type === "hello") port.postMessage({ protocol: 1, type: "hello", worker: "bad" });
      else if (data.type === "refresh") listener(data);
    };
  };
  onconnect = ({ ports: [port] }) => onMessage(port, (data) => serve(port, data));
`;

/** The scripts of workers that fail, by name. The bare site serves them as `/bare/bad-worker/<name>.js`. */
export const BAD_WORKERS: Readonly<Record<string, string>> = {
  throws: 'throw new Error("this worker does not start");',
  "syntax-error": "this is no script",
  silent: "onconnect = ({ ports: [port] }) => (port.onmessage = () => {});",
  nonsense: `onconnect = ({ ports: [port] }) => {
    port.onmessage = () => port.postMessage({ type: "hello", worker: 42, protocol: "one" });
  };`,
  older: `onconnect = ({ ports: [port] }) => {
    port.onmessage = () => port.postMessage({ protocol: 0, type: "hello", worker: "old" });
  };`,
  "hello-only": `${ALIVE} const serve = () => {};`,
  "dies-before": `${ALIVE} const serve = () => close();`,
  "dies-after": `${ALIVE} const serve = (port, { id }) => {
    port.postMessage({ protocol: 1, type: "accepted", id });
    close();
  };`,
  "nonsense-after": `${ALIVE} const serve = (port, { id }) => {
    port.postMessage({ protocol: 1, type: "accepted", id });
    port.postMessage({ protocol: 1, type: "settled", id, outcome: { type: "stored" } });
  };`,
};
