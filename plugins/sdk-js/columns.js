// Columns of a batch as JavaScript values, null where a row holds none.

import { InvalidInput } from "./errors.js";
import { positions } from "./utf8.js";

const bit = (bitmap, row) => ((bitmap[row >> 3] >> (row & 7)) & 1) === 1;

// Offsets count bytes of UTF-8. Where all is ASCII they count characters too, and nothing is counted.
function texts({ offsets, data }) {
  if (offsets[offsets.length - 1] === data.length) return (row) => data.slice(offsets[row], offsets[row + 1]);
  const at = positions(data, offsets);
  return (row) => data.slice(at[row], at[row + 1]);
}

const READ = {
  numbers: (val) => (row) => val[row],
  integers: (val) => (row) => val[row],
  timestamps: (val) => (row) => val[row],
  booleans: (val) => (row) => bit(val, row),
  texts,
  json: texts,
  categories: ({ codes, dictionary }) => (row) => dictionary[codes[row]],
  vectors: ({ dimension, values }) => (row) => values.slice(row * dimension, (row + 1) * dimension),
};

export class Column {
  constructor(binding, rows, { data, validity }) {
    this.input = binding.input;
    this.field = binding.field;
    this.columnType = binding.columnType;
    this.rows = rows;
    this.raw = data.val;
    this.validity = validity;
    this.value = READ[data.tag](data.val);
  }

  isValid(row) {
    return !this.validity || bit(this.validity, row);
  }

  get(row) {
    return this.isValid(row) ? this.value(row) : null;
  }

  present() {
    const values = [];
    for (let row = 0; row < this.rows; row++) if (this.isValid(row)) values.push(this.value(row));
    return values;
  }

  *[Symbol.iterator]() {
    for (let row = 0; row < this.rows; row++) yield this.get(row);
  }
}

export class Batch {
  constructor(bindings, raw) {
    this.rows = raw.rows;
    this.columns = raw.columns.map((it, i) => new Column(bindings[i], raw.rows, it));
  }

  all(input) {
    return this.columns.filter((it) => it.input === input);
  }

  get(input) {
    return this.columns.find((it) => it.input === input);
  }

  column(input) {
    const found = this.get(input);
    if (found) return found;
    const bound = this.columns.map((it) => it.input).join(", ") || "none";
    throw new InvalidInput(`no field is bound to the input \`${input}\` (bound: ${bound})`);
  }
}
