// Tests of plugins under node, through the same adapter as inside a component. See `testing.d.ts`.

import { bitmap, exportsOf } from "./index.js";
import { encode } from "./utf8.js";

const TAGS = {
  number: "numbers", integer: "integers", boolean: "booleans", text: "texts", category: "categories",
  timestamp: "timestamps", vector: "vectors", json: "json",
};

const FITS = {
  number: (it) => typeof it === "number",
  integer: (it) => Number.isSafeInteger(it),
  timestamp: (it) => Number.isSafeInteger(it),
  boolean: (it) => typeof it === "boolean",
  text: (it) => typeof it === "string",
  category: (it) => typeof it === "string",
  vector: (it) => Array.isArray(it),
  json: () => true,
};

function texts(values) {
  const offsets = [0];
  for (const it of values) offsets.push(offsets[offsets.length - 1] + encode(it).length);
  return { offsets, data: values.join("") };
}

const PAYLOADS = {
  number: (values) => values.map((it) => it ?? 0),
  integer: (values) => values.map((it) => it ?? 0),
  timestamp: (values) => values.map((it) => it ?? 0),
  boolean: (values) => bitmap(values.map((it) => it ?? false)),
  text: (values) => texts(values.map((it) => it ?? "")),
  json: (values) => texts(values.map((it) => (typeof it === "string" ? it : JSON.stringify(it)))),
  category: (values) => {
    const dictionary = [...new Set(values.map((it) => it ?? ""))].sort();
    return { codes: values.map((it) => dictionary.indexOf(it ?? "")), dictionary };
  },
  vector: (values) => {
    const dimension = values.find((it) => it !== null)?.length ?? 0;
    return { dimension, values: values.flatMap((it) => it ?? new Array(dimension).fill(0)) };
  },
};

// The columns of some data, each in the first accepted type that all values fit, as the host does it.
function table(plugin, id, data) {
  const rule = plugin.capabilities[id];
  if (!rule) throw new Error(`${plugin.name} has no capability \`${id}\``);
  const columns = [];
  for (const [input, values] of Object.entries(data)) {
    const found = rule.inputs.find((it) => it.name === input);
    if (!found) throw new Error(`${id} has no input \`${input}\` (it has: ${rule.inputs.map((it) => it.name).join(", ")})`);
    for (const [field, column] of Array.isArray(values) ? [[input, values]] : Object.entries(values)) {
      const columnType = found.accepts.find((type) => column.every((it) => it === null || FITS[type](it)));
      if (!columnType) throw new Error(`input \`${input}\`: the values fit none of ${found.accepts.join(", ")}`);
      columns.push({ binding: { input, field, columnType }, values: column });
    }
  }
  const missing = rule.inputs.filter((it) => it.required && !(it.name in data)).map((it) => it.name);
  if (missing.length) throw new Error(`${id}: required inputs are missing: ${missing.join(", ")}`);
  const rows = columns[0]?.values.length ?? 0;
  if (columns.some((it) => it.values.length !== rows)) throw new Error(`${id}: the columns are of different lengths`);
  const batch = (chosen = [...Array(rows).keys()]) => ({
    rows: chosen.length,
    columns: columns.map(({ binding, values }) => {
      const these = chosen.map((i) => values[i]);
      return {
        data: { tag: TAGS[binding.columnType], val: PAYLOADS[binding.columnType](these) },
        validity: these.includes(null) ? bitmap(these.map((it) => it !== null)) : undefined,
      };
    }),
  });
  return { rule, rows, bindings: columns.map((it) => it.binding), batch };
}

const CONTEXT = { seed: 0n };

const set = (bits, row) => ((bits[row >> 3] >> (row & 7)) & 1) === 1;

function verdicts(checker, batch, context, maxFindings) {
  const { passed, skipped, findings } = checker.check(context, batch, maxFindings);
  const words = [...Array(batch.rows).keys()].map((row) => (skipped && set(skipped, row) ? "skip" : set(passed, row) ? "pass" : "fail"));
  return { words, findings };
}

export function check(plugin, id, data, params = {}, { context = CONTEXT, maxFindings = 100 } = {}) {
  const { bindings, batch } = table(plugin, id, data);
  return verdicts(exportsOf(plugin).recordCheck.Checker.open(id, JSON.stringify(params), bindings), batch(), context, maxFindings);
}

export function measure(plugin, id, data, params = {}, { context = CONTEXT } = {}) {
  const { bindings, batch } = table(plugin, id, data);
  const it = exportsOf(plugin).metric.Accumulator.open(id, JSON.stringify(params), bindings);
  it.observe(batch());
  return it.finish(context).map((one) => ({ ...one, labels: Object.fromEntries(one.labels) }));
}

export function compare(plugin, id, reference, current, params = {}, { context = CONTEXT } = {}) {
  const { driftTest } = exportsOf(plugin);
  const [before, after] = [reference, current].map((data) => {
    const { bindings, batch } = table(plugin, id, data);
    const it = driftTest.Summary.open(id, JSON.stringify(params), bindings);
    it.observe(batch());
    return it;
  });
  return driftTest.compare(context, before, after);
}

export function laws(plugin, id, data, params = {}, tolerance = 1e-9) {
  const { rule, rows, bindings, batch } = table(plugin, id, data);
  const text = JSON.stringify(params);
  const made = exportsOf(plugin);
  const broken = (law, left, right) => {
    throw new Error(`${id}: ${law}: ${JSON.stringify(left)} against ${JSON.stringify(right)}`);
  };
  const all = [...Array(rows).keys()];
  if (rule.kind === "record-check") {
    const words = (chosen) => verdicts(made.recordCheck.Checker.open(id, text, bindings), batch(chosen), CONTEXT, 100).words;
    const together = words(all);
    for (const row of all) if (words([row])[0] !== together[row]) broken(`row ${row} depends on its neighbours`, words([row])[0], together[row]);
    const backwards = words([...all].reverse()).reverse();
    if (backwards.join() !== together.join()) broken("verdicts depend on the order of rows", backwards, together);
    return;
  }
  const Kept = rule.kind === "metric" ? made.metric.Accumulator : made.driftTest.Summary;
  const of = (...parts) => {
    const it = Kept.open(id, text, bindings);
    parts.forEach((part) => it.observe(batch(part)));
    return it;
  };
  const merged = (...states) => {
    const it = Kept.open(id, text, bindings);
    states.forEach((state) => it.merge(state));
    return it;
  };
  const whole = of(all);
  const answers = (it) => {
    const asked = rule.kind === "metric" ? [() => it.finish(CONTEXT)] : [[it, whole], [whole, it]].map((pair) => () => {
      // The explanation is for people: numbers in it may be rounded either way.
      const { explanation, ...rest } = made.driftTest.compare(CONTEXT, ...pair);
      return rest;
    });
    return asked.map((ask) => {
      try {
        return ask();
      } catch (error) {
        // To refuse is an answer too, as long as it is the same one.
        return error.tag ?? String(error);
      }
    });
  };
  const holds = (law, left, right) => {
    if (left.rows() !== right.rows()) broken(law, `${left.rows()} rows`, `${right.rows()} rows`);
    const [a, b] = [answers(left), answers(right)];
    if (!same(a, b, tolerance)) broken(law, a, b);
  };
  const third = Math.max(Math.floor(rows / 3), 1);
  const parts = [all.slice(0, third), all.slice(third, 2 * third), all.slice(2 * third)];
  const saved = parts.map((it) => of(it).save());
  holds("observing in parts differs from observing at once", of(...parts), whole);
  holds("saving and merging into an empty state loses something", merged(whole.save()), whole);
  holds("observing a batch of no rows is not neutral", of([], all, []), whole);
  holds("an empty state is not neutral", merged(of().save(), whole.save(), of().save()), whole);
  holds("merging does not commute", merged(saved[0], saved[1]), merged(saved[1], saved[0]));
  holds("merging does not associate", merged(merged(saved[0], saved[1]).save(), saved[2]), merged(saved[0], merged(saved[1], saved[2]).save()));
  if (rule.mergeable) holds("merging parts differs from observing at once", merged(...saved), whole);
}

function same(left, right, tolerance) {
  if (typeof left === "number" && typeof right === "number") {
    return Object.is(left, right) || left === right || Math.abs(left - right) <= tolerance * Math.max(1, Math.abs(left), Math.abs(right));
  }
  if (typeof left === "object" && left && typeof right === "object" && right) {
    const names = Object.keys(left);
    return names.length === Object.keys(right).length && names.every((it) => it in right && same(left[it], right[it], tolerance));
  }
  return left === right;
}
