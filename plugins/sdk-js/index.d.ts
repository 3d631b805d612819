// Write Driftline plugins in JavaScript or TypeScript.

/** The type of a column. */
export type ColumnType = "number" | "integer" | "boolean" | "text" | "category" | "timestamp" | "vector" | "json";

/**
 * A value of a column. Integers and timestamps (microseconds since 1970-01-01T00:00:00Z) are numbers, so beyond
 * 2^53 they are rounded; take an identifier as text. JSON is its text.
 */
export type Value = number | boolean | string | number[];

/** Which field a column holds. */
export interface Binding {
  /** The capability's input. */
  input: string;
  /** The field, as the suite names it: for messages. */
  field: string;
  columnType: ColumnType;
}

/** A column; iterating gives its values, null where a row holds none. */
export class Column<V extends Value = Value> implements Iterable<V | null> {
  readonly input: string;
  readonly field: string;
  readonly columnType: ColumnType;
  readonly rows: number;
  /** What the border gave: see `column-data` in plugin.wit. */
  readonly raw: unknown;
  /** The bitmap of rows that hold a value; none: every row does. */
  readonly validity?: Uint8Array;
  isValid(row: number): boolean;
  /** The value of a row; it means nothing where `isValid` says no. */
  value(row: number): V;
  get(row: number): V | null;
  /** The values that there are, in order. */
  present(): V[];
  [Symbol.iterator](): Iterator<V | null>;
}

/** Some records, in order, column by column. */
export class Batch {
  readonly rows: number;
  /** In the order of the bindings. */
  readonly columns: Column[];
  /** The columns of an input that takes many fields. */
  all<V extends Value = Value>(input: string): Column<V>[];
  /** The column of an input, if a field is bound to it. */
  get<V extends Value = Value>(input: string): Column<V> | undefined;
  /** The column of an input; throws `InvalidInput` if no field is bound to it. */
  column<V extends Value = Value>(input: string): Column<V>;
}

/** All that an answer may depend on beside the data. */
export interface Context {
  model?: string;
  modelVersion?: string;
  segment?: string;
  /** Start and exclusive end in microseconds since 1970-01-01T00:00:00Z. */
  window?: [number | bigint, number | bigint];
  /** The same for the same question. */
  seed: number | bigint;
}

/** Numbers within 0 and 1 that repeat for the same context: the only chance that a plugin has. */
export function random(context: Context): () => number;

/** A field of the records, or several, that a capability reads. */
export interface Input {
  name: string;
  /** The types that it can take, the one it likes best first. */
  accepts: ColumnType[];
  /** Whether it must be bound; true by default. */
  required?: boolean;
  /** Whether any number of fields may be bound to it; false by default. */
  many?: boolean;
  description?: string;
}

/** A measurement that a capability may return. */
export interface Output {
  name: string;
  /** `nats`, `seconds`, `%`; none: a bare number or a share. */
  unit?: string;
  description?: string;
}

/** A number that was measured. */
export interface Measurement {
  name: string;
  value: number;
  /** What it was measured of, where it is one of several. */
  labels?: Record<string, string>;
}

/** Why a value does not hold. */
export interface Failure {
  message: string;
  /** A stable word to count by; by default the capability's id. */
  code?: string;
}

/** Why a record failed. */
export interface Finding {
  /** Its row in the batch. */
  row: number;
  code: string;
  message: string;
  /** An index into the batch's columns. */
  column?: number;
}

/** A verdict on each record of a batch. */
export interface Verdicts {
  passed: boolean[];
  /** Where there was nothing to judge. None: all were judged. */
  skipped?: boolean[];
  /** In order of rows. */
  findings?: Finding[];
}

interface Rule<P> {
  /** What it expects, following "Expects"; of a metric what it measures. */
  summary: string;
  inputs: Input[];
  /** The JSON Schema of the parameters, an object; by default that of no parameters. Top-level defaults are filled in. */
  params?: Record<string, unknown>;
  /** Called once with the parameters; what it returns is passed on. Throw `InvalidParams` if they do not fit together. */
  open?(params: any, columns: Binding[]): P;
}

interface RecordCheckByValue<P> extends Rule<P> {
  /** Judges one record by the values of the required inputs, in order; all are there. Nothing means that it holds. */
  judge(values: any[], params: P, context: Context): Failure | string | null | undefined;
}

interface RecordCheckByBatch<P> extends Rule<P> {
  check(batch: Batch, params: P, context: Context, maxFindings: number): Verdicts;
}

interface Folded<S, P> extends Rule<P> {
  outputs?: Output[];
  /** Raised when states saved by an older release cannot be merged any more; 1 by default. */
  stateVersion?: number;
  /** Whether merging states equals observing all their rows; true by default. */
  mergeable?: boolean;
  /** The state of no records. */
  empty(params: P): S;
  /** Adds some records: changes the state, or returns a new one. */
  observe(state: S, batch: Batch, params: P): S | void;
  /** Adds another state: changes the first, or returns a new one. */
  merge(state: S, other: S, params: P): S | void;
  /** What is kept, as JSON can hold it; by default the state as it is. NaN and infinities are lost in JSON. */
  save?(state: S, params: P): unknown;
  /** Takes back what `save` gave. */
  load?(saved: any, params: P): S;
}

/** Offers a rule that judges each record. */
export function recordCheck<P = any>(rule: RecordCheckByValue<P> | RecordCheckByBatch<P>): Capability;

/** Offers a rule that compares a reference window with a current one. */
export function driftTest<S, P = any>(
  rule: Folded<S, P> & { compare(reference: S, current: S, params: P, context: Context): Outcome },
): Capability;

/** Offers numbers about a window. */
export function metric<S, P = any>(
  rule: Folded<S, P> & { finish(state: S, params: P, context: Context): Measurement[] },
): Capability;

/** What a drift test measured. */
export interface Outcome {
  statistic: number;
  pValue?: number;
  details?: Measurement[];
  explanation?: string;
}

/** A rule that a plugin offers. */
export interface Capability {
  readonly kind: "record-check" | "drift-test" | "metric";
}

/** What a plugin says of itself. */
export interface About {
  /** Lower-case letters, digits and hyphens. */
  name: string;
  /** Semantic version. */
  version: string;
  description: string;
  /** Markdown; by default the file page.md beside the module. */
  page?: string;
}

/** A plugin; the default export of an author's module. */
export interface Plugin extends About {
  readonly capabilities: Record<string, Capability>;
}

/** A plugin with its capabilities by id. */
export function plugin(about: About, capabilities: Record<string, Capability>): Plugin;

/** A fault of the plugin; the base of the others. */
export class PluginError extends Error {
  constructor(tag: string, message: string);
}
/** The parameters do not fit together. */
export class InvalidParams extends PluginError {
  constructor(message: string);
}
/** The data does not fit. */
export class InvalidInput extends PluginError {
  constructor(message: string);
}
/** There is too little data to answer. Never an alarm. */
export class InsufficientData extends PluginError {
  constructor(message: string);
}
/** The bytes of a state are damaged or of another version. */
export class InvalidState extends PluginError {
  constructor(message: string);
}
