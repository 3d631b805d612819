// Inside a component: the exports of a plugin of record checks.

#define KIND EXPORTS_DRIFTLINE_PLUGIN_ABOUT_KIND_RECORD_CHECK
#include "describe.h"

static const dl_about *about_of(size_t index) { return &dl_record_checks[index].about; }
static size_t about_count(void) { return dl_record_check_count; }

struct exports_driftline_plugin_record_check_checker_t {
  const dl_record_check *rule;
  dl_kept *kept;
};
typedef exports_driftline_plugin_record_check_checker_t checker;
typedef exports_driftline_plugin_record_check_finding_t finding;

static bool opened(driftline_string_t *capability, driftline_string_t *params, exports_driftline_plugin_record_check_own_checker_t *to,
                   dl_error *error) {
  for (size_t i = 0; i < dl_record_check_count; i++) {
    if (!same(capability, dl_record_checks[i].about.id)) continue;
    dl_kept *kept = dl_kept_open(dl_record_checks[i].state_size, dl_record_checks[i].open, params_of(params), error);
    if (!kept) return false;
    checker *it = dl_zeros(1, sizeof *it);
    it->rule = &dl_record_checks[i];
    it->kept = kept;
    *to = exports_driftline_plugin_record_check_checker_new(it);
    return true;
  }
  return unknown(capability, error);
}

bool exports_driftline_plugin_record_check_static_checker_open(driftline_string_t *capability, driftline_string_t *params,
    exports_driftline_plugin_record_check_list_binding_t *columns,
    exports_driftline_plugin_record_check_own_checker_t *to, dl_error *error) {
  bool done = opened(capability, params, to, error);
  driftline_string_free(capability);
  driftline_string_free(params);
  exports_driftline_plugin_record_check_list_binding_free(columns);
  return done;
}

bool exports_driftline_plugin_record_check_method_checker_check(checker *it, dl_context *context, dl_batch *rows,
    uint32_t max_findings, exports_driftline_plugin_record_check_verdicts_t *to, dl_error *error) {
  size_t bytes = (rows->rows + 7) / 8, capacity = 0;
  memset(to, 0, sizeof *to);
  to->passed.ptr = dl_zeros(bytes, 1);
  to->passed.len = bytes;
  uint8_t *skipped = dl_zeros(bytes, 1);
  bool any = false;
  for (uint32_t row = 0; row < rows->rows; row++) {
    dl_why why = {.code = it->rule->about.id, .column = -1};
    dl_verdict verdict = it->rule->judge(it->kept->state, rows, row, &why);
    if (verdict == DL_PASS) to->passed.ptr[row >> 3] |= (uint8_t)(1 << (row & 7));
    if (verdict == DL_SKIP) {
      skipped[row >> 3] |= (uint8_t)(1 << (row & 7));
      any = true;
    }
    if (verdict != DL_FAIL || to->findings.len >= max_findings) continue;
    if (to->findings.len == capacity) {
      capacity = capacity ? 2 * capacity : 16;
      finding *grown = realloc(to->findings.ptr, capacity * sizeof *grown);
      if (!grown) abort();
      to->findings.ptr = grown;
    }
    finding *one = &to->findings.ptr[to->findings.len++];
    one->row = row;
    one->column.is_some = why.column >= 0;
    one->column.val = (uint32_t)why.column;
    one->code = dl_string(why.code);
    one->message = dl_string(why.message);
  }
  if (any) {
    to->skipped.is_some = true;
    to->skipped.val.ptr = skipped;
    to->skipped.val.len = bytes;
  } else {
    free(skipped);
  }
  driftline_plugin_types_batch_free(rows);
  driftline_plugin_types_context_free(context);
  return true;
}

void exports_driftline_plugin_record_check_checker_destructor(checker *it) {
  dl_kept_close(it->kept);
  free(it);
}
