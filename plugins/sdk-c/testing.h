// For tests that run natively: batches of plain arrays, and the laws that every plugin keeps. A test is a program
// that includes this once and returns `dl_failures`.

#ifndef DRIFTLINE_TESTING_H
#define DRIFTLINE_TESTING_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driftline_plugin.h"

static int dl_failures = 0;

#define DL_CHECK(holds)                                                        \
  do {                                                                         \
    if (!(holds)) {                                                            \
      fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds); \
      dl_failures++;                                                           \
    }                                                                          \
  } while (0)

// A column of numbers, all of them there; set `validity` for others.
static inline dl_column dl_test_numbers(double *values, size_t count) {
  dl_column it = {0};
  it.data.tag = DRIFTLINE_PLUGIN_TYPES_COLUMN_DATA_NUMBERS;
  it.data.val.numbers.ptr = values;
  it.data.val.numbers.len = count;
  return it;
}

static inline dl_column dl_test_vectors(float *values, uint32_t dimension, size_t rows) {
  dl_column it = {0};
  it.data.tag = DRIFTLINE_PLUGIN_TYPES_COLUMN_DATA_VECTORS;
  it.data.val.vectors.dimension = dimension;
  it.data.val.vectors.values.ptr = values;
  it.data.val.vectors.values.len = rows * dimension;
  return it;
}

// Offsets must have room for one more than there are texts, data for all texts.
static inline dl_column dl_test_texts(const char *const *texts, size_t rows, uint32_t *offsets, char *data) {
  dl_column it = {0};
  it.data.tag = DRIFTLINE_PLUGIN_TYPES_COLUMN_DATA_TEXTS;
  offsets[0] = 0;
  for (size_t i = 0; i < rows; i++) {
    size_t length = strlen(texts[i]);
    memcpy(data + offsets[i], texts[i], length);
    offsets[i + 1] = offsets[i] + (uint32_t)length;
  }
  it.data.val.texts.offsets.ptr = offsets;
  it.data.val.texts.offsets.len = rows + 1;
  it.data.val.texts.data.ptr = (uint8_t *)data;
  it.data.val.texts.data.len = offsets[rows];
  return it;
}

static inline dl_batch dl_test_batch(dl_column *columns, size_t count, uint32_t rows) {
  return (dl_batch){.rows = rows, .columns = {columns, count}};
}

static inline dl_params dl_test_params(const char *json) { return (dl_params){json, strlen(json)}; }

static inline void dl_test_forget(dl_error *error) {
  free(error->val.internal.ptr);
  memset(error, 0, sizeof *error);
}

static inline void dl_test_free(dl_measurements *found) {
  for (size_t i = 0; i < found->count; i++) {
    free(found->items[i].name.ptr);
    for (size_t k = 0; k < found->items[i].labels.len; k++) {
      free(found->items[i].labels.ptr[k].f0.ptr);
      free(found->items[i].labels.ptr[k].f1.ptr);
    }
    free(found->items[i].labels.ptr);
  }
  free(found->items);
  *found = (dl_measurements){0};
}

// The value of a measurement, NAN where there is none of that name.
static inline double dl_test_value(const dl_measurements *found, const char *name) {
  for (size_t i = 0; i < found->count; i++)
    if (found->items[i].name.len == strlen(name) && memcmp(found->items[i].name.ptr, name, strlen(name)) == 0)
      return found->items[i].value;
  return NAN;
}

static inline dl_kept *dl_test_merged(const dl_metric *metric, const char *params, dl_kept **parts, size_t count) {
  dl_error error = {0};
  dl_kept *kept = dl_kept_open(metric->state_size, metric->open, dl_test_params(params), &error);
  DL_CHECK(kept != NULL);
  for (size_t i = 0; i < count; i++) {
    size_t length;
    uint8_t *state = dl_kept_save(parts[i], &length);
    DL_CHECK(dl_kept_merge(kept, metric->merge, state, length, &error));
    free(state);
  }
  return kept;
}

// Both must measure the same, up to rounding.
static inline void dl_test_same(const dl_metric *metric, const char *law, const dl_kept *left, const dl_kept *right) {
  dl_context context = {0};
  dl_measurements a = {0}, b = {0};
  dl_error error = {0};
  bool one = metric->finish(left->state, &context, &a, &error);
  if (!one) dl_test_forget(&error);
  bool other = metric->finish(right->state, &context, &b, &error);
  if (!other) dl_test_forget(&error);
  bool same = one == other && left->rows == right->rows && a.count == b.count;
  for (size_t i = 0; same && i < a.count; i++) {
    double x = a.items[i].value, y = b.items[i].value;
    same = (isnan(x) && isnan(y)) || x == y || fabs(x - y) <= 1e-9 * fmax(1, fmax(fabs(x), fabs(y)));
  }
  if (!same) {
    fprintf(stderr, "%s: %s\n", metric->about.id, law);
    dl_failures++;
  }
  dl_test_free(&a);
  dl_test_free(&b);
}

// Of three batches: observing in parts equals merging, merging commutes and associates, empty is neutral.
static inline void dl_test_laws(const dl_metric *metric, const char *params, dl_batch batches[3]) {
  dl_error error = {0};
  dl_kept *parts[3], *whole = dl_test_merged(metric, params, NULL, 0), *empty = dl_test_merged(metric, params, NULL, 0);
  for (int i = 0; i < 3; i++) {
    parts[i] = dl_test_merged(metric, params, NULL, 0);
    DL_CHECK(metric->observe(parts[i]->state, &batches[i], &error));
    parts[i]->rows = batches[i].rows;
    DL_CHECK(metric->observe(whole->state, &batches[i], &error));
    whole->rows += batches[i].rows;
  }
  dl_kept *ab = dl_test_merged(metric, params, (dl_kept *[]){parts[0], parts[1]}, 2);
  dl_kept *ba = dl_test_merged(metric, params, (dl_kept *[]){parts[1], parts[0]}, 2);
  dl_kept *bc = dl_test_merged(metric, params, (dl_kept *[]){parts[1], parts[2]}, 2);
  dl_kept *left = dl_test_merged(metric, params, (dl_kept *[]){ab, parts[2]}, 2);
  dl_kept *right = dl_test_merged(metric, params, (dl_kept *[]){parts[0], bc}, 2);
  dl_kept *neutral = dl_test_merged(metric, params, (dl_kept *[]){empty, whole, empty}, 3);
  dl_test_same(metric, "merging does not commute", ab, ba);
  dl_test_same(metric, "merging does not associate", left, right);
  dl_test_same(metric, "merging parts differs from observing at once", left, whole);
  dl_test_same(metric, "an empty state is not neutral", neutral, whole);
  dl_kept *all[] = {parts[0], parts[1], parts[2], whole, empty, ab, ba, bc, left, right, neutral};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) dl_kept_close(all[i]);
}

#endif
