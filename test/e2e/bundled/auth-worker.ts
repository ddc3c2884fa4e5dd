import { serveRefreshes } from "../../../src/worker.ts";

serveRefreshes();
