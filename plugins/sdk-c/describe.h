// Inside a component: `describe` and the log. Included by the file of each kind, which says what its kind is.

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driftline_plugin.h"

static bool same(driftline_string_t *text, const char *word) {
  return text->len == strlen(word) && memcmp(text->ptr, word, text->len) == 0;
}

static bool unknown(driftline_string_t *capability, dl_error *error) {
  return dl_fail(error, DL_INVALID_PARAMS, "%s %s has no capability `%.*s`", dl_plugin.name, dl_plugin.version,
                 (int)(capability->len > 100 ? 100 : capability->len), (const char *)capability->ptr);
}

static dl_params params_of(driftline_string_t *params) { return (dl_params){(const char *)params->ptr, params->len}; }

void dl_log(uint8_t level, const char *format, ...) {
  char text[512];
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  driftline_string_t line = {(uint8_t *)text, strlen(text)};
  driftline_plugin_logging_log(level, &line);
}

static const dl_about *about_of(size_t index);
static size_t about_count(void);

void exports_driftline_plugin_about_describe(exports_driftline_plugin_about_descriptor_t *to) {
  to->name = dl_string(dl_plugin.name);
  to->version = dl_string(dl_plugin.version);
  to->description = dl_string(dl_plugin.description);
  to->page = dl_string(dl_plugin.page);
  size_t count = about_count();
  to->capabilities.ptr = dl_zeros(count, sizeof *to->capabilities.ptr);
  to->capabilities.len = count;
  for (size_t i = 0; i < count; i++) {
    const dl_about *from = about_of(i);
    exports_driftline_plugin_about_capability_t *it = &to->capabilities.ptr[i];
    it->id = dl_string(from->id);
    it->kind = KIND;
    it->summary = dl_string(from->summary);
    it->params_schema = dl_string(from->params_schema);
    it->inputs.ptr = dl_zeros(from->input_count, sizeof *it->inputs.ptr);
    it->inputs.len = from->input_count;
    for (size_t k = 0; k < from->input_count; k++) {
      const dl_input *input = &from->inputs[k];
      it->inputs.ptr[k].name = dl_string(input->name);
      it->inputs.ptr[k].accepts.ptr = dl_zeros(input->types, 1);
      it->inputs.ptr[k].accepts.len = input->types;
      memcpy(it->inputs.ptr[k].accepts.ptr, input->accepts, input->types);
      it->inputs.ptr[k].required = !input->optional;
      it->inputs.ptr[k].many = input->many;
      it->inputs.ptr[k].description = dl_string(input->description);
    }
    it->outputs.ptr = dl_zeros(from->output_count, sizeof *it->outputs.ptr);
    it->outputs.len = from->output_count;
    for (size_t k = 0; k < from->output_count; k++) {
      const dl_output *output = &from->outputs[k];
      it->outputs.ptr[k].name = dl_string(output->name);
      it->outputs.ptr[k].unit.is_some = output->unit != NULL;
      if (output->unit) it->outputs.ptr[k].unit.val = dl_string(output->unit);
      it->outputs.ptr[k].description = dl_string(output->description);
    }
    it->state_version = from->state_version ? from->state_version : 1;
    it->mergeable = true;
  }
}
