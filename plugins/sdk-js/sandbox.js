// Inside a component, before the author's module: what would reach for the system says what is wrong instead of
// trapping without words, and `console` writes to the host's log.

import { log } from "driftline:plugin/logging@0.1.0";

const write = (level) => (...values) =>
  log(level, values.map((it) => (typeof it === "object" ? JSON.stringify(it) : String(it))).join(" "));

globalThis.console = {
  trace: write("trace"), debug: write("debug"), log: write("info"), info: write("info"), warn: write("warn"), error: write("error"),
};

const refuse = (what) => () => {
  throw new Error(`a plugin sees no ${what}`);
};

Math.random = refuse("chance but its context's seed: use random(context)");

const RealDate = Date;
const noClock = refuse("clock");
globalThis.Date = new Proxy(RealDate, {
  construct: (target, values) => (values.length === 0 ? noClock() : new target(...values)),
  apply: noClock,
  get: (target, name) => (name === "now" ? noClock : target[name]),
});
