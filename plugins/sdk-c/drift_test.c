// Inside a component: the exports of a plugin of drift tests.

#define KIND EXPORTS_DRIFTLINE_PLUGIN_ABOUT_KIND_DRIFT_TEST
#include "describe.h"

static const dl_about *about_of(size_t index) { return &dl_drift_tests[index].about; }
static size_t about_count(void) { return dl_drift_test_count; }

struct exports_driftline_plugin_drift_test_summary_t {
  const dl_drift_test *test;
  dl_kept *kept;
};
typedef exports_driftline_plugin_drift_test_summary_t summary;

static bool opened(driftline_string_t *capability, driftline_string_t *params, exports_driftline_plugin_drift_test_own_summary_t *to,
                   dl_error *error) {
  for (size_t i = 0; i < dl_drift_test_count; i++) {
    if (!same(capability, dl_drift_tests[i].about.id)) continue;
    dl_kept *kept = dl_kept_open(dl_drift_tests[i].state_size, dl_drift_tests[i].open, params_of(params), error);
    if (!kept) return false;
    summary *it = dl_zeros(1, sizeof *it);
    it->test = &dl_drift_tests[i];
    it->kept = kept;
    *to = exports_driftline_plugin_drift_test_summary_new(it);
    return true;
  }
  return unknown(capability, error);
}

bool exports_driftline_plugin_drift_test_static_summary_open(driftline_string_t *capability, driftline_string_t *params,
    exports_driftline_plugin_drift_test_list_binding_t *columns, exports_driftline_plugin_drift_test_own_summary_t *to,
    dl_error *error) {
  bool done = opened(capability, params, to, error);
  driftline_string_free(capability);
  driftline_string_free(params);
  exports_driftline_plugin_drift_test_list_binding_free(columns);
  return done;
}

bool exports_driftline_plugin_drift_test_method_summary_observe(summary *it, dl_batch *rows, dl_error *error) {
  bool done = it->test->observe(it->kept->state, rows, error);
  if (done) it->kept->rows += rows->rows;
  driftline_plugin_types_batch_free(rows);
  return done;
}

bool exports_driftline_plugin_drift_test_method_summary_merge(summary *it, driftline_list_u8_t *state, dl_error *error) {
  bool done = dl_kept_merge(it->kept, it->test->merge, state->ptr, state->len, error);
  driftline_list_u8_free(state);
  return done;
}

bool exports_driftline_plugin_drift_test_method_summary_save(summary *it, driftline_list_u8_t *to, dl_error *error) {
  to->ptr = dl_kept_save(it->kept, &to->len);
  return true;
}

uint64_t exports_driftline_plugin_drift_test_method_summary_rows(summary *it) { return it->kept->rows; }

bool exports_driftline_plugin_drift_test_compare(dl_context *context, summary *reference, summary *current,
    exports_driftline_plugin_drift_test_outcome_t *to, dl_error *error) {
  dl_outcome outcome = {.p_value = __builtin_nan("")};
  dl_measurements details = {0};
  bool done = reference->test->compare(reference->kept->state, current->kept->state, context, &outcome, &details, error);
  driftline_plugin_types_context_free(context);
  to->statistic = outcome.statistic;
  to->p_value.is_some = outcome.p_value == outcome.p_value;
  to->p_value.val = outcome.p_value;
  to->details.ptr = details.items;
  to->details.len = details.count;
  to->explanation.is_some = outcome.explanation[0] != 0;
  if (to->explanation.is_some) to->explanation.val = dl_string(outcome.explanation);
  return done;
}

void exports_driftline_plugin_drift_test_summary_destructor(summary *it) {
  dl_kept_close(it->kept);
  free(it);
}
