#include "testing.h"

static dl_measurements measured(const char *params, dl_column *column, uint32_t rows) {
  dl_error error = {0};
  dl_context context = {0};
  dl_measurements found = {0};
  dl_batch batch = dl_test_batch(column, 1, rows);
  dl_kept *kept = dl_kept_open(dl_metrics[0].state_size, dl_metrics[0].open, dl_test_params(params), &error);
  DL_CHECK(dl_metrics[0].observe(kept->state, &batch, &error));
  if (!dl_metrics[0].finish(kept->state, &context, &found, &error)) {
    DL_CHECK(error.tag == DL_INSUFFICIENT_DATA);
    dl_test_forget(&error);
  }
  dl_kept_close(kept);
  return found;
}

static void lengths_are_measured(void) {
  float values[] = {3, 4, 0, 0, NAN, 1, 6, 8};
  dl_column column = dl_test_vectors(values, 2, 4);
  dl_measurements found = measured("{}", &column, 4);
  DL_CHECK(dl_test_value(&found, "mean") == 5);
  DL_CHECK(fabs(dl_test_value(&found, "deviation") - sqrt(50.0 / 3)) < 1e-12);
  DL_CHECK(dl_test_value(&found, "least") == 0);
  DL_CHECK(dl_test_value(&found, "greatest") == 10);
  DL_CHECK(dl_test_value(&found, "zero_share") == 0.25);
  DL_CHECK(dl_test_value(&found, "broken_share") == 0.25);
  dl_test_free(&found);
}

static void missing_vectors_are_left_out(void) {
  float values[] = {3, 4, 0, 0, 6, 8};
  uint8_t bits[] = {5};
  dl_column column = dl_test_vectors(values, 2, 3);
  column.validity.is_some = true;
  column.validity.val.ptr = bits;
  column.validity.val.len = 1;
  dl_measurements found = measured("{}", &column, 3);
  DL_CHECK(dl_test_value(&found, "zero_share") == 0);
  DL_CHECK(dl_test_value(&found, "mean") == 7.5);
  dl_test_free(&found);
}

static void parameters_count(void) {
  float values[] = {1, 1};
  dl_column column = dl_test_vectors(values, 1, 2);
  dl_measurements found = measured("{\"zero_below\": 2, \"min_rows\":2}", &column, 2);
  DL_CHECK(dl_test_value(&found, "zero_share") == 1);
  dl_test_free(&found);
  found = measured("{\"min_rows\":3}", &column, 2);
  DL_CHECK(found.count == 0);
  dl_test_free(&found);
}

static void only_broken_vectors_have_no_mean(void) {
  float values[] = {INFINITY};
  dl_column column = dl_test_vectors(values, 1, 1);
  dl_measurements found = measured("{}", &column, 1);
  DL_CHECK(dl_test_value(&found, "broken_share") == 1);
  DL_CHECK(isnan(dl_test_value(&found, "mean")));
  dl_test_free(&found);
}

static void laws_hold(void) {
  float a[] = {1, 2, 3, 4}, b[] = {NAN, 7, 0, 0}, c[] = {100};
  dl_column columns[] = {dl_test_vectors(a, 2, 2), dl_test_vectors(b, 2, 2), dl_test_vectors(c, 1, 1)};
  dl_batch batches[] = {dl_test_batch(&columns[0], 1, 2), dl_test_batch(&columns[1], 1, 2), dl_test_batch(&columns[2], 1, 1)};
  dl_test_laws(&dl_metrics[0], "{}", batches);
  dl_batch none[] = {dl_test_batch(&columns[0], 1, 0), batches[1], dl_test_batch(&columns[2], 1, 0)};
  dl_test_laws(&dl_metrics[0], "{}", none);
}

static void damaged_states_are_refused(void) {
  dl_error error = {0};
  dl_kept *kept = dl_kept_open(dl_metrics[0].state_size, dl_metrics[0].open, dl_test_params("{}"), &error);
  size_t length;
  uint8_t *state = dl_kept_save(kept, &length);
  for (size_t cut = 0; cut < length; cut++) {
    DL_CHECK(!dl_kept_merge(kept, dl_metrics[0].merge, state, cut, &error));
    DL_CHECK(error.tag == DL_INVALID_STATE);
    dl_test_forget(&error);
  }
  DL_CHECK(dl_kept_merge(kept, dl_metrics[0].merge, state, length, &error));
  free(state);
  dl_kept_close(kept);
}

int main(void) {
  lengths_are_measured();
  missing_vectors_are_left_out();
  parameters_count();
  only_broken_vectors_have_no_mean();
  laws_hold();
  damaged_states_are_refused();
  if (dl_failures == 0) puts("ok");
  return dl_failures != 0;
}
