// What this plugin is for, in a sentence.

#include "driftline_plugin.h"

#include <stdio.h>

const dl_plugin_about dl_plugin = {
    .name = "{{name}}",
    .version = "0.1.0",
    .description = "What this plugin is for, in a sentence.",
    .page =
#include "page.h"
    ,
};

struct max_words {
  double most;
};

static bool open(void *state, dl_params params, dl_error *error) {
  (void)error;
  ((struct max_words *)state)->most = dl_param_number(params, "most", 0);
  return true;
}

static dl_verdict judge(const void *state, const dl_batch *batch, uint32_t row, dl_why *why) {
  const struct max_words *it = state;
  const dl_column *column = &batch->columns.ptr[0];
  if (!dl_valid(column, row)) return DL_SKIP;
  dl_text text = dl_text_of(column, row);
  size_t words = 0;
  bool inside = false;
  for (size_t i = 0; i < text.length; i++) {
    bool space = text.data[i] == ' ' || (text.data[i] >= '\t' && text.data[i] <= '\r');
    if (!space && !inside) words++;
    inside = !space;
  }
  if ((double)words <= it->most) return DL_PASS;
  why->code = "too-many-words";
  why->column = 0;
  snprintf(why->message, sizeof why->message, "%zu words, at most %.0f hold", words, it->most);
  return DL_FAIL;
}

static const dl_input INPUTS[] = {
    {.name = "text", .accepts = {DL_TEXT, DL_CATEGORY}, .types = 2, .description = "The text."},
};

const dl_record_check dl_record_checks[] = {{
    .about =
        {
            .id = "max-words",
            .summary = "each text to have at most `most` words",
            .params_schema = "{\"type\":\"object\",\"properties\":{\"most\":{\"type\":\"integer\",\"minimum\":0,"
                             "\"description\":\"The most words that hold.\"}},"
                             "\"required\":[\"most\"],\"additionalProperties\":false}",
            .inputs = INPUTS,
            .input_count = sizeof INPUTS / sizeof *INPUTS,
        },
    .state_size = sizeof(struct max_words),
    .open = open,
    .judge = judge,
}};
const size_t dl_record_check_count = sizeof dl_record_checks / sizeof *dl_record_checks;
