import { serveRefreshes } from "../../src/worker.ts";

// A refresh in this worker continues when its tab reloads or closes.
serveRefreshes();
