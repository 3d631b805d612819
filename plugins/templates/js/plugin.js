// What this plugin is for, in a sentence.

import { plugin, recordCheck } from "driftline-plugin";

export default plugin(
  {
    name: "{{name}}",
    version: "0.1.0",
    description: "What this plugin is for, in a sentence.",
  },
  {
    "max-words": recordCheck({
      summary: "each text to have at most `most` words",
      inputs: [{ name: "text", accepts: ["text", "category"], description: "The text." }],
      params: {
        type: "object",
        properties: { most: { description: "The most words that hold.", type: "integer", minimum: 0 } },
        required: ["most"],
        additionalProperties: false,
      },
      judge([text], { most }) {
        const words = text.split(/\s+/).filter((it) => it !== "").length;
        return words <= most ? null : { code: "too-many-words", message: `${words} words, at most ${most} hold` };
      },
    }),
  },
);
