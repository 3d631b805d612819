// The lengths of vectors: embeddings that are zero, broken or of another length than they used to be.

#include "driftline_plugin.h"

#include <math.h>

const dl_plugin_about dl_plugin = {
    .name = "vector-norms",
    .version = "0.1.0",
    .description = "The lengths of vectors: embeddings that are zero, broken or of another length than they used to be.",
    .page =
#include "page.h"
    ,
};

struct norms {
  // Parameters.
  double zero_below;
  double min_rows;
  // Vectors that were seen, those with NaN or infinity among them, and those of no length.
  uint64_t seen, broken, zero;
  // Of the rest and of those of no length: how many, mean, sum of squared distances from it, least and greatest.
  uint64_t count;
  double mean, squares, least, greatest;
};

static bool open(void *state, dl_params params, dl_error *error) {
  (void)error;
  struct norms *it = state;
  it->zero_below = dl_param_number(params, "zero_below", 1e-6);
  it->min_rows = dl_param_number(params, "min_rows", 1);
  it->least = INFINITY;
  it->greatest = -INFINITY;
  return true;
}

static bool observe(void *state, const dl_batch *batch, dl_error *error) {
  struct norms *it = state;
  if (batch->columns.len != 1) return dl_fail(error, DL_INVALID_INPUT, "expected one field, got %zu", batch->columns.len);
  const dl_column *column = &batch->columns.ptr[0];
  uint32_t dimension = column->data.val.vectors.dimension;
  for (uint32_t row = 0; row < batch->rows; row++) {
    if (!dl_valid(column, row)) continue;
    const float *vector = dl_vector(column, row);
    double sum = 0;
    for (uint32_t i = 0; i < dimension; i++) sum += (double)vector[i] * vector[i];
    it->seen++;
    // A double holds the square of every float, and the sum of as many as there can be.
    if (!isfinite(sum)) {
      it->broken++;
      continue;
    }
    double norm = sqrt(sum);
    if (norm < it->zero_below) it->zero++;
    it->count++;
    double delta = norm - it->mean;
    it->mean += delta / (double)it->count;
    it->squares += delta * (norm - it->mean);
    it->least = fmin(it->least, norm);
    it->greatest = fmax(it->greatest, norm);
  }
  return true;
}

static void merge(void *state, const void *other) {
  struct norms *it = state;
  const struct norms *more = other;
  it->seen += more->seen;
  it->broken += more->broken;
  it->zero += more->zero;
  if (more->count == 0) return;
  // Chan, Golub and LeVeque: the mean and the squares of two parts.
  double mine = (double)it->count, theirs = (double)more->count, all = mine + theirs;
  double delta = more->mean - it->mean;
  it->mean += delta * theirs / all;
  it->squares += more->squares + delta * delta * mine * theirs / all;
  it->count += more->count;
  it->least = fmin(it->least, more->least);
  it->greatest = fmax(it->greatest, more->greatest);
}

static bool finish(const void *state, const dl_context *context, dl_measurements *to, dl_error *error) {
  (void)context;
  const struct norms *it = state;
  if (it->seen == 0 || (double)it->seen < it->min_rows)
    return dl_fail(error, DL_INSUFFICIENT_DATA, "%llu vectors, fewer than min_rows %.0f", (unsigned long long)it->seen,
                   it->min_rows);
  dl_measure(to, "broken_share", (double)it->broken / (double)it->seen, NULL, NULL);
  dl_measure(to, "zero_share", (double)it->zero / (double)it->seen, NULL, NULL);
  if (it->count == 0) return true;
  dl_measure(to, "mean", it->mean, NULL, NULL);
  dl_measure(to, "deviation", sqrt(it->squares / (double)it->count), NULL, NULL);
  dl_measure(to, "least", it->least, NULL, NULL);
  dl_measure(to, "greatest", it->greatest, NULL, NULL);
  return true;
}

static const dl_input INPUTS[] = {
    {.name = "vector", .accepts = {DL_VECTOR}, .types = 1, .description = "The vector, such as an embedding."},
};

static const dl_output OUTPUTS[] = {
    {"broken_share", NULL, "The share of vectors that hold NaN or an infinity."},
    {"zero_share", NULL, "The share of vectors that have no length."},
    {"mean", NULL, "The mean length."},
    {"deviation", NULL, "The standard deviation of the length."},
    {"least", NULL, "The least length."},
    {"greatest", NULL, "The greatest length."},
};

const dl_metric dl_metrics[] = {{
    .about =
        {
            .id = "norms",
            .summary = "The Euclidean lengths of vectors, and how many are broken or zero.",
            .params_schema = "{\"type\":\"object\",\"properties\":{"
                             "\"zero_below\":{\"type\":\"number\",\"minimum\":0,\"default\":1e-6,"
                             "\"description\":\"Vectors shorter than this count as zero.\"},"
                             "\"min_rows\":{\"type\":\"integer\",\"minimum\":1,\"default\":1,"
                             "\"description\":\"With fewer vectors there is no answer.\"}},"
                             "\"additionalProperties\":false}",
            .inputs = INPUTS,
            .input_count = sizeof INPUTS / sizeof *INPUTS,
            .outputs = OUTPUTS,
            .output_count = sizeof OUTPUTS / sizeof *OUTPUTS,
        },
    .state_size = sizeof(struct norms),
    .open = open,
    .observe = observe,
    .merge = merge,
    .finish = finish,
}};
const size_t dl_metric_count = sizeof dl_metrics / sizeof *dl_metrics;
