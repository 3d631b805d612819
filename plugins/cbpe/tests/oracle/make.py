"""Makes `binary.json` and `multiclass.json`: made-up probabilities and what numpy estimates of them by other ways.

    pip install numpy && python make.py

The expected confusion matrix is summed row by row, as NannyML's CBPE does; the area under the ROC curve over all pairs
of rows, without bins; deviations are those of many draws of labels. Where NannyML is installed, its own estimates of
`binary.json` are printed beside.
"""

import json
import os

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
DRAWS = 4000


def performance(labels, predicted, ordered):
    """Accuracy, precision, recall, F1 and area; `labels` may be probabilities. `ordered[i, j]`: i is ranked above j."""
    tp = labels[predicted].sum()
    positives, count = labels.sum(), predicted.sum()
    tn = (1 - labels[~predicted]).sum()
    return [
        (tp + tn) / len(labels),
        tp / count,
        tp / positives,
        2 * tp / (count + positives),
        labels @ ordered @ (1 - labels) / (positives * (len(labels) - positives)),
    ]


def estimate(chance, probabilities, predicted):
    ordered = (probabilities[:, None] > probabilities) + (probabilities[:, None] == probabilities) / 2
    # Both in float64: a product of booleans would not be a sum.
    ordered = ordered.astype(float)
    value = performance(probabilities, predicted, ordered)
    drawn = [
        performance((chance.random(len(probabilities)) < probabilities).astype(float), predicted, ordered)
        for _ in range(DRAWS)
    ]
    names = ["accuracy", "precision", "recall", "f1", "auc"]
    return {
        name: {"value": value[at], "deviation": float(numpy.std([it[at] for it in drawn]))}
        for at, name in enumerate(names)
    }


def write(name, content):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
        json.dump(content, file, separators=(",", ":"))
        file.write("\n")


def main():
    chance = numpy.random.default_rng(17)
    probabilities = numpy.round(chance.beta(0.4, 0.8, 400), 6)
    predicted = probabilities >= 0.4
    write("binary.json", {
        "probabilities": probabilities.tolist(),
        "threshold": 0.4,
        "expected": estimate(chance, probabilities, predicted),
    })

    # Parts of 1024, which are exact as 32-bit floats.
    vectors = numpy.array([chance.multinomial(1024, it) for it in chance.dirichlet([0.5, 0.7, 0.9], 300)]) / 1024
    best = vectors.argmax(axis=1)
    classes = [estimate(chance, vectors[:, it], best == it) for it in range(3)]
    right = vectors[numpy.arange(len(vectors)), best]
    expected = {"accuracy": {
        "value": float(right.mean()),
        "deviation": float(numpy.sqrt((right * (1 - right)).sum()) / len(vectors)),
    }}
    for name in ["precision", "recall", "f1", "auc"]:
        expected[name] = {"value": float(numpy.mean([it[name]["value"] for it in classes]))}
    write("multiclass.json", {"vectors": vectors.tolist(), "expected": expected, "classes": classes})
    beside(probabilities, predicted)


def beside(probabilities, predicted):
    """Prints what NannyML says of the binary data, if it is there."""
    try:
        from nannyml.performance_estimation.confidence_based import metrics
    except ImportError:
        return
    labels = predicted.astype(int)
    for name in ["accuracy", "precision", "recall", "f1"]:
        print(name, getattr(metrics, f"estimate_{name}")(labels, probabilities))
    print("auc", metrics.estimate_roc_auc(probabilities, probabilities))


main()
