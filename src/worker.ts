export { serveRefreshes } from "./compose/serve-refreshes.ts";
