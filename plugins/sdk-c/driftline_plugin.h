// Write Driftline plugins in C.
//
// A plugin is one file that defines `dl_plugin` and the table of its kind: `dl_record_checks`, `dl_drift_tests` or
// `dl_metrics`. A component holds one kind. The rest of the SDK does the border: copies, states, verdict bits.

#ifndef DRIFTLINE_PLUGIN_H
#define DRIFTLINE_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driftline.h"

typedef driftline_plugin_types_batch_t dl_batch;
typedef driftline_plugin_types_column_t dl_column;
typedef driftline_plugin_types_context_t dl_context;
typedef driftline_plugin_types_error_t dl_error;

// ---- what a plugin says of itself -------------------------------------------------------------------------------

enum { DL_NUMBER, DL_INTEGER, DL_BOOLEAN, DL_TEXT, DL_CATEGORY, DL_TIMESTAMP, DL_VECTOR, DL_JSON, DL_TYPES };

typedef struct {
  const char *name;
  // DL_NUMBER and so on, the best first, and how many.
  uint8_t accepts[DL_TYPES];
  size_t types;
  bool optional;
  bool many;
  const char *description;
} dl_input;

typedef struct {
  const char *name;
  // NULL: a bare number or a share.
  const char *unit;
  const char *description;
} dl_output;

typedef struct {
  const char *id;
  // What it expects, following "Expects"; of a metric what it measures.
  const char *summary;
  // The JSON Schema of the parameters, an object.
  const char *params_schema;
  const dl_input *inputs;
  size_t input_count;
  const dl_output *outputs;
  size_t output_count;
  // Raised when states saved by an older release cannot be merged any more; 0 counts as 1.
  uint32_t state_version;
} dl_about;

typedef struct {
  const char *name;
  const char *version;
  const char *description;
  // Markdown; the build makes `page.h` of page.md.
  const char *page;
} dl_plugin_about;

extern const dl_plugin_about dl_plugin;

// ---- what a plugin does -----------------------------------------------------------------------------------------
//
// `state` is a plain struct of `state_size` bytes without pointers. It begins as zeros; `open` puts the parameters
// into it. Functions that answer false have set the error with `dl_fail`.

typedef struct {
  const char *json;
  size_t length;
} dl_params;

typedef bool dl_open(void *state, dl_params params, dl_error *error);

typedef enum { DL_PASS, DL_FAIL, DL_SKIP } dl_verdict;

typedef struct {
  // A stable word to count by; by default the capability's id.
  const char *code;
  char message[256];
  // An index into the batch's columns, or -1.
  int32_t column;
} dl_why;

typedef struct {
  dl_about about;
  size_t state_size;
  dl_open *open;
  // Judges one record; fills `why` when it fails.
  dl_verdict (*judge)(const void *state, const dl_batch *batch, uint32_t row, dl_why *why);
} dl_record_check;

// Measurements that are being gathered.
typedef struct dl_measurements dl_measurements;

// Adds a measurement; `label` may be NULL.
void dl_measure(dl_measurements *to, const char *name, double value, const char *label, const char *label_value);

typedef bool dl_observe(void *state, const dl_batch *batch, dl_error *error);
// Adds what another state has observed.
typedef void dl_merge(void *state, const void *other);

typedef struct {
  dl_about about;
  size_t state_size;
  dl_open *open;
  dl_observe *observe;
  dl_merge *merge;
  bool (*finish)(const void *state, const dl_context *context, dl_measurements *to, dl_error *error);
} dl_metric;

typedef struct {
  double statistic;
  // NAN: none.
  double p_value;
  char explanation[256];
} dl_outcome;

typedef struct {
  dl_about about;
  size_t state_size;
  dl_open *open;
  dl_observe *observe;
  dl_merge *merge;
  bool (*compare)(const void *reference, const void *current, const dl_context *context, dl_outcome *outcome,
                  dl_measurements *details, dl_error *error);
} dl_drift_test;

// One of these tables, and its length, by the plugin's kind.
extern const dl_record_check dl_record_checks[];
extern const size_t dl_record_check_count;
extern const dl_metric dl_metrics[];
extern const size_t dl_metric_count;
extern const dl_drift_test dl_drift_tests[];
extern const size_t dl_drift_test_count;

// ---- data ---------------------------------------------------------------------------------------------------------

// Whether a row of a column holds a value.
static inline bool dl_valid(const dl_column *column, uint32_t row) {
  return !column->validity.is_some || (column->validity.val.ptr[row >> 3] >> (row & 7) & 1);
}

// Values of a column; the caller knows the type, for an input's types are its own.
static inline double dl_number(const dl_column *column, uint32_t row) { return column->data.val.numbers.ptr[row]; }
static inline int64_t dl_integer(const dl_column *column, uint32_t row) { return column->data.val.integers.ptr[row]; }
static inline bool dl_boolean(const dl_column *column, uint32_t row) {
  return column->data.val.booleans.ptr[row >> 3] >> (row & 7) & 1;
}

typedef struct {
  const char *data;
  // Bytes. There is no terminating zero.
  size_t length;
} dl_text;

// The text of a row of a text, category or JSON column.
dl_text dl_text_of(const dl_column *column, uint32_t row);

// The vector of a row, `column->data.val.vectors.dimension` long.
static inline const float *dl_vector(const dl_column *column, uint32_t row) {
  return column->data.val.vectors.values.ptr + (size_t)row * column->data.val.vectors.dimension;
}

// ---- parameters, which the host has checked against the schema -------------------------------------------------------

// The value of a member, or what is given where it is missing or of another type.
double dl_param_number(dl_params params, const char *name, double missing);
bool dl_param_boolean(dl_params params, const char *name, bool missing);

// The text of a member as it stands in JSON, without quotes and with its escapes; data is NULL where it is missing.
dl_text dl_param_text(dl_params params, const char *name);

// ---- errors ---------------------------------------------------------------------------------------------------------

enum { DL_INVALID_PARAMS, DL_INVALID_INPUT, DL_INSUFFICIENT_DATA, DL_INVALID_STATE, DL_INTERNAL };

// Sets the error and answers false. The format is printf's.
bool dl_fail(dl_error *error, uint8_t which, const char *format, ...) __attribute__((format(printf, 3, 4)));

// Writes to the host's log. The format is printf's.
void dl_log(uint8_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

// ---- for the rest of the SDK and for tests ------------------------------------------------------------------------

struct dl_measurements {
  driftline_plugin_types_measurement_t *items;
  size_t count;
};

// What is kept of a window, with the rows observed.
typedef struct {
  size_t size;
  uint64_t rows;
  void *state;
} dl_kept;

// Memory of zeros; there is always some, or the plugin traps.
void *dl_zeros(size_t count, size_t size);
// A copy; of NULL, the empty text.
driftline_string_t dl_string(const char *text);
dl_kept *dl_kept_open(size_t size, dl_open *open, dl_params params, dl_error *error);
bool dl_kept_merge(dl_kept *kept, dl_merge *merge, const uint8_t *state, size_t length, dl_error *error);
uint8_t *dl_kept_save(const dl_kept *kept, size_t *length);
void dl_kept_close(dl_kept *kept);

#endif
