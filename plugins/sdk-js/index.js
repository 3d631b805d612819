// Write Driftline plugins in JavaScript. An author writes a module
//
//     import { plugin, recordCheck } from "driftline-plugin";
//     export default plugin({ name, version, description, page }, { even: recordCheck({ ... }) });
//
// and `driftline-plugin build` makes a component of it. What an author sees is described in `index.d.ts`.

import { Batch } from "./columns.js";
import { PluginError, errorOf } from "./errors.js";
import { decode, encode } from "./utf8.js";

export { Batch, Column } from "./columns.js";
export { InsufficientData, InvalidInput, InvalidParams, InvalidState, PluginError } from "./errors.js";

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const TYPES = ["number", "integer", "boolean", "text", "category", "timestamp", "vector", "json"];

const capability = (kind, rule, needed) => {
  for (const name of needed) {
    if (typeof rule[name] !== "function") throw new TypeError(`a ${kind} needs the function \`${name}\``);
  }
  const inputs = (rule.inputs ?? []).map((it) => ({ required: true, many: false, description: "", ...it }));
  for (const { name, accepts } of inputs) {
    const wrong = (accepts ?? []).filter((it) => !TYPES.includes(it));
    if (!accepts?.length || wrong.length) {
      throw new TypeError(`input \`${name}\`: ${wrong.join(", ") || "no types"}; expected some of ${TYPES.join(", ")}`);
    }
  }
  const params = rule.params ?? { type: "object", properties: {}, additionalProperties: false };
  return { stateVersion: 1, mergeable: true, ...rule, kind, inputs, outputs: rule.outputs ?? [], params };
};

export const recordCheck = (rule) => capability("record-check", rule, rule.check ? ["check"] : ["judge"]);
export const driftTest = (rule) => capability("drift-test", rule, ["empty", "observe", "merge", "compare"]);
export const metric = (rule) => capability("metric", rule, ["empty", "observe", "merge", "finish"]);

export function plugin(about, capabilities) {
  if (!NAME.test(about.name)) throw new TypeError(`plugin name \`${about.name}\`: expected lower-case letters, digits and hyphens`);
  if (!VERSION.test(about.version)) throw new TypeError(`plugin \`${about.name}\`: version \`${about.version}\` is not of the form 1.2.3`);
  for (const id of Object.keys(capabilities)) {
    if (!NAME.test(id)) throw new TypeError(`capability \`${id}\`: expected lower-case letters, digits and hyphens`);
  }
  return { ...about, capabilities };
}

/** Bits to bytes, least significant first. */
export function bitmap(bits) {
  const packed = new Uint8Array((bits.length + 7) >> 3);
  bits.forEach((bit, i) => {
    if (bit) packed[i >> 3] |= 1 << (i & 7);
  });
  return packed;
}

/** Numbers within 0 and 1 that repeat for the same context (mulberry32): the only chance that a plugin should use. */
export function random(context) {
  let state = Number(BigInt.asUintN(32, BigInt(context.seed) ^ (BigInt(context.seed) >> 32n)));
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let it = Math.imul(state ^ (state >>> 15), 1 | state);
    it = (it + Math.imul(it ^ (it >>> 7), 61 | it)) ^ it;
    return ((it ^ (it >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Defaults that the schema states, at the top level: the host checks parameters and leaves defaults to the plugin.
function withDefaults(schema, params) {
  const filled = {};
  for (const [name, it] of Object.entries(schema.properties ?? {})) {
    if (it.default !== undefined) filled[name] = it.default;
  }
  return { ...filled, ...params };
}

function open(plugin, kind, id, params, columns) {
  const rule = Object.hasOwn(plugin.capabilities, id) ? plugin.capabilities[id] : undefined;
  if (rule?.kind !== kind) {
    const known = Object.keys(plugin.capabilities).filter((it) => plugin.capabilities[it].kind === kind);
    throw new PluginError("invalid-params", `${plugin.name} ${plugin.version} has no ${kind} \`${id}\` (it has: ${known.join(", ") || "none"})`);
  }
  const values = withDefaults(rule.params, params.trim() ? JSON.parse(params) : {});
  return { id, rule, columns, params: rule.open ? rule.open(values, columns) : values };
}

// Whatever is thrown becomes an error of the interface; anything else would be a trap without words.
function guarded(call) {
  try {
    return call();
  } catch (error) {
    throw errorOf(error);
  }
}

function checkRows({ id, rule, params, columns }, context, rows, maxFindings) {
  const batch = new Batch(columns, rows);
  if (rule.check) {
    const { passed, skipped, findings } = rule.check(batch, params, context, maxFindings);
    for (const [what, bits] of Object.entries({ passed, skipped })) {
      if (bits && bits.length !== rows.rows) {
        throw new PluginError("internal", `${id}: \`${what}\` has ${bits.length} entries for ${rows.rows} rows`);
      }
    }
    return { passed: bitmap(passed), skipped: skipped && bitmap(skipped), findings: (findings ?? []).slice(0, maxFindings) };
  }
  const inputs = rule.inputs.filter((it) => it.required && !it.many).map((it) => batch.column(it.name));
  const column = inputs.length === 1 ? batch.columns.indexOf(inputs[0]) : undefined;
  const passed = new Array(batch.rows).fill(true);
  const skipped = new Array(batch.rows).fill(false);
  const findings = [];
  for (let row = 0; row < batch.rows; row++) {
    const values = inputs.map((it) => it.get(row));
    if (values.includes(null)) {
      skipped[row] = true;
      continue;
    }
    const wrong = rule.judge(values, params, context);
    if (wrong === null || wrong === undefined) continue;
    passed[row] = false;
    if (findings.length < maxFindings) {
      const { code = id, message } = typeof wrong === "string" ? { message: wrong } : wrong;
      findings.push({ row, column, code, message });
    }
  }
  return { passed: bitmap(passed), skipped: skipped.includes(true) ? bitmap(skipped) : undefined, findings };
}

const measurements = (list) =>
  list.map(({ name, value, labels = {} }) => ({ name, value, labels: Object.entries(labels) }));

// A state is the rows observed, and what the author keeps, as JSON.
const VERSION_OF_STATES = "J1 ";

function folded(plugin, kind) {
  return class Folded {
    static open(id, params, columns) {
      return guarded(() => {
        const it = new Folded();
        it.opened = open(plugin, kind, id, params, columns);
        it.state = it.opened.rule.empty(it.opened.params);
        it.count = 0;
        return it;
      });
    }

    observe(rows) {
      return guarded(() => {
        const { rule, params, columns } = this.opened;
        this.state = rule.observe(this.state, new Batch(columns, rows), params) ?? this.state;
        this.count += rows.rows;
      });
    }

    merge(bytes) {
      return guarded(() => {
        let saved;
        try {
          const text = decode(bytes);
          if (!text.startsWith(VERSION_OF_STATES)) throw new Error("it begins otherwise than states do");
          saved = JSON.parse(text.slice(VERSION_OF_STATES.length));
          if (!Number.isSafeInteger(saved.rows) || saved.rows < 0) throw new Error("it has no number of rows");
        } catch (error) {
          throw new PluginError("invalid-state", `${this.opened.id}: a damaged state: ${error.message}`);
        }
        const { rule, params } = this.opened;
        const other = rule.load ? rule.load(saved.state, params) : saved.state;
        this.state = rule.merge(this.state, other, params) ?? this.state;
        this.count += saved.rows;
      });
    }

    save() {
      return guarded(() => {
        const { rule, params } = this.opened;
        const state = rule.save ? rule.save(this.state, params) : this.state;
        return encode(VERSION_OF_STATES + JSON.stringify({ rows: this.count, state }));
      });
    }

    rows() {
      // A number: componentize-qjs takes no BigInt for a u64.
      return this.count;
    }

    finish(context) {
      return guarded(() => measurements(this.opened.rule.finish(this.state, this.opened.params, context)));
    }
  };
}

/** What a component exports, made of a plugin. */
export function exportsOf(plugin) {
  const about = {
    describe: () => ({
      name: plugin.name,
      version: plugin.version,
      description: plugin.description,
      page: plugin.page,
      capabilities: Object.entries(plugin.capabilities).map(([id, it]) => ({
        id,
        kind: it.kind,
        summary: it.summary,
        paramsSchema: JSON.stringify(it.params),
        inputs: it.inputs,
        outputs: it.outputs.map((o) => ({ unit: undefined, description: "", ...o })),
        stateVersion: it.stateVersion,
        mergeable: it.mergeable,
      })),
    }),
  };
  class Checker {
    static open(id, params, columns) {
      return guarded(() => {
        const it = new Checker();
        it.opened = open(plugin, "record-check", id, params, columns);
        return it;
      });
    }

    check(context, rows, maxFindings) {
      return guarded(() => checkRows(this.opened, context, rows, maxFindings));
    }
  }
  const Summary = folded(plugin, "drift-test");
  const compare = (context, reference, current) =>
    guarded(() => {
      const { rule, params } = reference.opened;
      const it = rule.compare(reference.state, current.state, params, context);
      return {
        statistic: it.statistic,
        pValue: it.pValue ?? undefined,
        details: measurements(it.details ?? []),
        explanation: it.explanation,
      };
    });
  return {
    about,
    recordCheck: { Checker },
    driftTest: { Summary, compare },
    metric: { Accumulator: folded(plugin, "metric") },
  };
}
