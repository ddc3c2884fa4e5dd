// This file is loaded when the page is idle.
export { sweepTraces } from "../browser/storage/sweep-traces.ts";
