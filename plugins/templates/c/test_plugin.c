// Runs natively: make test.

#include "testing.h"

int main(void) {
  const char *texts[] = {"yes", "as you like it", "", " a  b\tc "};
  const dl_verdict expected[] = {DL_PASS, DL_FAIL, DL_SKIP, DL_PASS};
  uint32_t offsets[5];
  char data[64];
  uint8_t validity[] = {0xb};
  dl_column column = dl_test_texts(texts, 4, offsets, data);
  column.validity.is_some = true;
  column.validity.val.ptr = validity;
  column.validity.val.len = 1;
  dl_batch batch = dl_test_batch(&column, 1, 4);
  const dl_record_check *rule = &dl_record_checks[0];
  dl_error error = {0};
  dl_kept *kept = dl_kept_open(rule->state_size, rule->open, dl_test_params("{\"most\": 3}"), &error);
  dl_why why = {0};
  for (uint32_t row = 0; row < 4; row++) DL_CHECK(rule->judge(kept->state, &batch, row, &why) == expected[row]);
  DL_CHECK(strcmp(why.message, "4 words, at most 3 hold") == 0);
  dl_kept_close(kept);
  if (dl_failures == 0) puts("ok");
  return dl_failures != 0;
}
