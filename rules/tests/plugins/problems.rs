//! Everything that a suite can get wrong about plugins, with its place and mend.

use driftline_rules::plan::{Options, compile};
use driftline_rules::suite::read;

use super::options;

fn problems(text: &str, options: &Options) -> Vec<String> {
    let (suite, mut problems) = read(text);
    problems.extend(compile(&suite, options).1);
    problems.iter().map(ToString::to_string).collect()
}

#[test]
#[allow(clippy::too_many_lines, reason = "a list")]
fn each_problem_names_its_place_and_mend() {
    let plugins =
        "plugins: { words: words.wasm, twin: twin.wasm, numbers: numbers.wasm, lost: lost.wasm }\nexpectations:\n";
    let lost = "1:71: plugins.lost: the plugin `lost` cannot be used: there is no file `lost.wasm`";
    for (entry, wanted) in [
        (
            "{ field: t, shorter-than: { chars: 1 } }",
            "3:15: expectations[0]: both `words` and `twin` have a rule `shorter-than` (write `words.shorter-than` or `twin.shorter-than`)",
        ),
        ("{ field: t, wrds.x: }", "3:15: expectations[0]: the suite has no plugin `wrds` (did you mean `words`?)"),
        ("{ field: t, else.x: }", "3:15: expectations[0]: the suite has no plugin `else` (name it under `plugins:`"),
        (
            "{ field: t, numbers.summs: }",
            "3:15: expectations[0]: the plugin `numbers` 1.2.0 has no rule `summs` (did you mean `sums`?)",
        ),
        ("{ field: t, numbrs: }", "3:15: expectations[0]: unknown kind `numbrs`"),
        (
            "{ field: t, words.shorter-than: }",
            "3:15: expectations[0]: `words.shorter-than`: \"chars\" is a required property (its parameters are chars, only)",
        ),
        (
            "{ field: t, words.shorter-than: { chars: 3, onyl: [] } }",
            "3:47: expectations[0]: `words.shorter-than`: Additional properties are not allowed ('onyl' was unexpected) (did you mean `only`?)",
        ),
        (
            "{ field: t, words.shorter-than: { chars: 3, only: [a, 1] } }",
            "3:57: expectations[0]: `words.shorter-than`: `only.1`: 1 is not of type \"string\"",
        ),
        (
            "{ field: t, words.shorter-than: 3 }",
            "3:35: expectations[0]: `words.shorter-than` takes a mapping of parameters, found a number",
        ),
        (
            "{ field: t, words.shorter-than: { chars: 13 } }",
            "3:15: expectations[0]: plugin `words` 1.2.0, rule `shorter-than`: 13 brings no luck (`driftline kinds words.shorter-than` shows what it takes)",
        ),
        (
            "{ words.shorter-than: { chars: 3 } }",
            "3:3: expectations[0]: `words.shorter-than` needs a field for its input `text` (its inputs are text (text))",
        ),
        (
            "{ fields: [a, b], words.shorter-than: { chars: 3 } }",
            "3:17: expectations[0]: `words.shorter-than` has no input for the field `b` (its inputs are text (text))",
        ),
        (
            "{ fields: { txt: a }, words.shorter-than: { chars: 3 } }",
            "3:15: expectations[0]: `words.shorter-than` has no input `txt` (did you mean `text`?)",
        ),
        (
            "{ fields: { text: [a, b] }, words.shorter-than: { chars: 3 } }",
            "3:15: expectations[0]: the input `text` of `words.shorter-than` takes one field",
        ),
        (
            "{ field: t, words.shorter-than: { chars: 3 }, expect: { max: 1 } }",
            "3:57: expectations[0]: `words.shorter-than` judges records; there is nothing measured to `expect` (`mostly: 0.95`",
        ),
        (
            "{ field: v, sums: , expect: { max: 1 } }",
            "3:31: expectations[0]: `sums` measures several things; say which is bounded (its outputs are sum, share, rows)",
        ),
        (
            "{ field: v, sums: , expect: { shar: { max: 1 } } }",
            "3:33: expectations[0]: `sums` measures no `shar` (did you mean `share`?)",
        ),
        (
            "{ field: v, sums: , expect: { sum: { mx: 1 } } }",
            "3:40: expectations[0]: `expect.sum` has no `mx` (did you mean `max`?)",
        ),
        (
            "{ field: v, sums: , expect: { sum: { max: one } } }",
            "3:45: expectations[0]: `expect.sum.max`: expected a number",
        ),
        (
            "{ field: v, sums: , expect: { sum: { min: 2, max: 1 } } }",
            "3:38: expectations[0]: `expect.sum`: min 2 is above max 1",
        ),
        ("{ field: v, sums: , expect: { sum: { } } }", "3:38: expectations[0]: `expect.sum` bounds nothing"),
        ("{ field: v, sums: , expect: 3 }", "3:31: expectations[0]: `expect` is a mapping of outputs to bounds"),
        ("{ field: v, sums: , mostly: 0.5 }", "3:31: expectations[0]: `sums` takes no `mostly`"),
        (
            "{ field: t, between: { min: 1 }, when: { field: t, words.same-words: } }",
            "expectations[0].when: `words.same-words` needs a field for its input `others`",
        ),
        (
            "{ field: t, between: { min: 1 }, when: { fields: [t, t], words.same-words: } }",
            "`words.same-words` asks a plugin; a `when` is about one record, and answered at once",
        ),
        (
            "{ field: t, between: { min: 1 }, expect: { max: 1 } }",
            "3:44: expectations[0]: `expect` stands beside rules of plugins",
        ),
        (
            "{ fields: { value: t }, between: { min: 1 } }",
            "3:15: expectations[0]: `between` has no inputs to bind fields to",
        ),
        (
            "{ type: words.same-words, kwargs: {} }",
            "3:11: expectations[0]: a plugin's rule is written in the short form (`words.same-words: { ... }`",
        ),
    ] {
        let said = problems(&format!("{plugins}- {entry}\n"), &options());
        assert!(said.iter().any(|it| it == lost), "{said:#?}");
        assert!(said.iter().any(|it| it.contains(wanted)), "{entry}\n{wanted}\n{said:#?}");
    }
    // What a plugin that is lost would say is not asked again and again.
    assert_eq!(problems(&format!("{plugins}- {{ field: t, lost.rule: }}\n"), &options()), [lost]);
}

#[test]
fn a_declared_type_must_have_a_column() {
    let text = "types: { t: datetime }\nplugins: { numbers: numbers.wasm }\nexpectations:\n- { field: t, sums: }\n";
    let said = problems(text, &options());
    assert_eq!(
        said,
        [
            "4:12: expectations[0]: `t` is declared as datetime, and the input `value` of `sums` takes integer or number (bind another field, or declare it otherwise under `types:`)"
        ]
    );
}

#[test]
fn a_host_without_plugins_says_so() {
    let said = problems("plugins: { words: words.wasm }\nexpectations: []\n", &Options::default());
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("`words` cannot be used: there are no plugins here"), "{said:?}");
}
