// Inside a component: the exports of a plugin of metrics.

#define KIND EXPORTS_DRIFTLINE_PLUGIN_ABOUT_KIND_METRIC
#include "describe.h"

static const dl_about *about_of(size_t index) { return &dl_metrics[index].about; }
static size_t about_count(void) { return dl_metric_count; }

struct exports_driftline_plugin_metric_accumulator_t {
  const dl_metric *metric;
  dl_kept *kept;
};
typedef exports_driftline_plugin_metric_accumulator_t accumulator;

static bool opened(driftline_string_t *capability, driftline_string_t *params, exports_driftline_plugin_metric_own_accumulator_t *to,
                   dl_error *error) {
  for (size_t i = 0; i < dl_metric_count; i++) {
    if (!same(capability, dl_metrics[i].about.id)) continue;
    dl_kept *kept = dl_kept_open(dl_metrics[i].state_size, dl_metrics[i].open, params_of(params), error);
    if (!kept) return false;
    accumulator *it = dl_zeros(1, sizeof *it);
    it->metric = &dl_metrics[i];
    it->kept = kept;
    *to = exports_driftline_plugin_metric_accumulator_new(it);
    return true;
  }
  return unknown(capability, error);
}

bool exports_driftline_plugin_metric_static_accumulator_open(driftline_string_t *capability, driftline_string_t *params,
    exports_driftline_plugin_metric_list_binding_t *columns, exports_driftline_plugin_metric_own_accumulator_t *to,
    dl_error *error) {
  bool done = opened(capability, params, to, error);
  driftline_string_free(capability);
  driftline_string_free(params);
  exports_driftline_plugin_metric_list_binding_free(columns);
  return done;
}

bool exports_driftline_plugin_metric_method_accumulator_observe(accumulator *it, dl_batch *rows, dl_error *error) {
  bool done = it->metric->observe(it->kept->state, rows, error);
  if (done) it->kept->rows += rows->rows;
  driftline_plugin_types_batch_free(rows);
  return done;
}

bool exports_driftline_plugin_metric_method_accumulator_merge(accumulator *it, driftline_list_u8_t *state, dl_error *error) {
  bool done = dl_kept_merge(it->kept, it->metric->merge, state->ptr, state->len, error);
  driftline_list_u8_free(state);
  return done;
}

bool exports_driftline_plugin_metric_method_accumulator_save(accumulator *it, driftline_list_u8_t *to, dl_error *error) {
  to->ptr = dl_kept_save(it->kept, &to->len);
  return true;
}

uint64_t exports_driftline_plugin_metric_method_accumulator_rows(accumulator *it) { return it->kept->rows; }

bool exports_driftline_plugin_metric_method_accumulator_finish(accumulator *it, dl_context *context,
    exports_driftline_plugin_metric_list_measurement_t *to, dl_error *error) {
  dl_measurements found = {0};
  bool done = it->metric->finish(it->kept->state, context, &found, error);
  driftline_plugin_types_context_free(context);
  to->ptr = found.items;
  to->len = found.count;
  return done;
}

void exports_driftline_plugin_metric_accumulator_destructor(accumulator *it) {
  dl_kept_close(it->kept);
  free(it);
}
