// What is the same for every kind, and runs natively too.

#include "driftline_plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *dl_zeros(size_t count, size_t size) {
  // Never of no bytes, for then NULL would be an answer.
  void *memory = calloc(count ? count : 1, size ? size : 1);
  if (!memory) abort();
  return memory;
}

static driftline_string_t copied(const char *text, size_t length) {
  driftline_string_t copy = {dl_zeros(length, 1), length};
  memcpy(copy.ptr, text, length);
  return copy;
}

driftline_string_t dl_string(const char *text) { return text ? copied(text, strlen(text)) : copied("", 0); }

bool dl_fail(dl_error *error, uint8_t which, const char *format, ...) {
  char text[512];
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  error->tag = which;
  // The cases are alike: each is a text.
  error->val.internal = dl_string(text);
  return false;
}

void dl_measure(dl_measurements *to, const char *name, double value, const char *label, const char *label_value) {
  driftline_plugin_types_measurement_t *items = realloc(to->items, (to->count + 1) * sizeof *items);
  if (!items) abort();
  to->items = items;
  driftline_plugin_types_measurement_t *it = &items[to->count++];
  memset(it, 0, sizeof *it);
  it->name = dl_string(name);
  it->value = value;
  if (label) {
    it->labels.ptr = dl_zeros(1, sizeof *it->labels.ptr);
    it->labels.len = 1;
    it->labels.ptr[0].f0 = dl_string(label);
    it->labels.ptr[0].f1 = dl_string(label_value);
  }
}

dl_text dl_text_of(const dl_column *column, uint32_t row) {
  if (column->data.tag == DRIFTLINE_PLUGIN_TYPES_COLUMN_DATA_CATEGORIES) {
    const driftline_plugin_types_category_data_t *it = &column->data.val.categories;
    const driftline_string_t *text = &it->dictionary.ptr[it->codes.ptr[row]];
    return (dl_text){(const char *)text->ptr, text->len};
  }
  const driftline_plugin_types_text_data_t *it = &column->data.val.texts;
  uint32_t start = it->offsets.ptr[row];
  return (dl_text){(const char *)it->data.ptr + start, it->offsets.ptr[row + 1] - start};
}

// ---- parameters ---------------------------------------------------------------------------------------------------

static const char *past_text(const char *at, const char *end) {
  for (at++; at < end && *at != '"'; at++)
    if (*at == '\\') at++;
  return at < end ? at + 1 : end;
}

static const char *past_value(const char *at, const char *end) {
  int depth = 0;
  while (at < end) {
    if (*at == '"') {
      at = past_text(at, end);
      continue;
    }
    if (depth == 0 && (*at == ',' || *at == '}' || *at == ']')) break;
    if (*at == '{' || *at == '[') depth++;
    if (*at == '}' || *at == ']') depth--;
    at++;
  }
  return at;
}

static const char *past_space(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
  return at;
}

// The value of a member of the outermost object, as it stands.
static dl_text member(dl_params params, const char *name) {
  const char *at = params.json, *end = params.json + params.length;
  at = past_space(at, end);
  if (at < end && *at == '{') at++;
  for (;;) {
    at = past_space(at, end);
    if (at >= end || *at != '"') return (dl_text){NULL, 0};
    const char *key = at + 1;
    at = past_text(at, end);
    size_t length = (size_t)(at - key) - 1;
    at = past_space(at, end);
    if (at < end && *at == ':') at = past_space(at + 1, end);
    const char *value = at;
    at = past_value(at, end);
    if (length == strlen(name) && memcmp(key, name, length) == 0) {
      while (at > value && past_space(at - 1, end) != at - 1) at--;
      return (dl_text){value, (size_t)(at - value)};
    }
    if (at < end && *at == ',') at++;
  }
}

double dl_param_number(dl_params params, const char *name, double missing) {
  dl_text it = member(params, name);
  char text[64];
  if (it.length == 0 || it.length >= sizeof text) return missing;
  memcpy(text, it.data, it.length);
  text[it.length] = 0;
  char *end;
  double value = strtod(text, &end);
  return end == text + it.length ? value : missing;
}

bool dl_param_boolean(dl_params params, const char *name, bool missing) {
  dl_text it = member(params, name);
  if (it.length == 4 && memcmp(it.data, "true", 4) == 0) return true;
  if (it.length == 5 && memcmp(it.data, "false", 5) == 0) return false;
  return missing;
}

dl_text dl_param_text(dl_params params, const char *name) {
  dl_text it = member(params, name);
  if (it.length < 2 || it.data[0] != '"') return (dl_text){NULL, 0};
  return (dl_text){it.data + 1, it.length - 2};
}

// ---- states ---------------------------------------------------------------------------------------------------------

// A state is four letters, the size of the struct, the rows and the struct, as the machine has them: little-endian.
static const char MAGIC[4] = {'D', 'L', 'C', '1'};
enum { HEAD = 16 };

dl_kept *dl_kept_open(size_t size, dl_open *open, dl_params params, dl_error *error) {
  dl_kept *kept = dl_zeros(1, sizeof *kept);
  kept->size = size;
  kept->state = dl_zeros(1, size);
  if (open && !open(kept->state, params, error)) {
    dl_kept_close(kept);
    return NULL;
  }
  return kept;
}

void dl_kept_close(dl_kept *kept) {
  free(kept->state);
  free(kept);
}

uint8_t *dl_kept_save(const dl_kept *kept, size_t *length) {
  *length = HEAD + kept->size;
  uint8_t *state = dl_zeros(1, *length);
  uint32_t size = (uint32_t)kept->size;
  memcpy(state, MAGIC, 4);
  memcpy(state + 4, &size, 4);
  memcpy(state + 8, &kept->rows, 8);
  memcpy(state + HEAD, kept->state, kept->size);
  return state;
}

bool dl_kept_merge(dl_kept *kept, dl_merge *merge, const uint8_t *state, size_t length, dl_error *error) {
  uint32_t size = 0;
  if (length >= HEAD) memcpy(&size, state + 4, 4);
  if (length < HEAD || memcmp(state, MAGIC, 4) != 0 || size != kept->size || length != HEAD + kept->size)
    return dl_fail(error, DL_INVALID_STATE, "a state of %zu bytes is damaged or of another version; expected %zu", length,
                   HEAD + kept->size);
  uint64_t rows;
  memcpy(&rows, state + 8, 8);
  // A copy, since the bytes need not lie where the struct may.
  void *other = dl_zeros(1, size);
  memcpy(other, state + HEAD, size);
  merge(kept->state, other);
  free(other);
  kept->rows += rows;
  return true;
}
