// Why there is no answer. Each is an error of the rule alone; the plugin goes on.

export class PluginError extends Error {
  constructor(tag, message) {
    super(message);
    this.tag = tag;
  }
}

export class InvalidParams extends PluginError {
  constructor(message) {
    super("invalid-params", message);
  }
}

export class InvalidInput extends PluginError {
  constructor(message) {
    super("invalid-input", message);
  }
}

export class InsufficientData extends PluginError {
  constructor(message) {
    super("insufficient-data", message);
  }
}

export class InvalidState extends PluginError {
  constructor(message) {
    super("invalid-state", message);
  }
}

// How many frames of a stack are told.
const FRAMES = 3;

/** The interface's `error`; of what is not one of ours, the last frames are told too. */
export function errorOf(error) {
  if (error instanceof PluginError) return thrown(error.tag, error.message, error);
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const stack = String(error?.stack ?? "").split("\n").map((it) => it.trim()).filter((it) => it.startsWith("at "));
  return thrown("internal", [`uncaught ${said}`, ...stack.slice(0, FRAMES).map((it) => `  ${it}`)].join("\n"), error);
}

// What is thrown across the border; tests read it as an error of ours.
function thrown(tag, message, cause) {
  const it = new PluginError(tag, message);
  it.cause = cause;
  it.payload = { tag, val: message };
  return it;
}
