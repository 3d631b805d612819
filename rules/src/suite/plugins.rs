//! The `plugins:` block of a suite.

use super::node::{Data, Member, Node};
use super::problem::{At, Problem, did_you_mean};
use crate::plugin::Wanted;
use crate::value::Value;

/// A plugin as the suite names it.
#[derive(Clone, Debug)]
pub struct Used {
    /// Which.
    pub wanted: Wanted,
    /// Where it stands.
    pub at: At,
    /// Its path: `plugins[0]`, `plugins.language`.
    pub path: String,
}

const MEMBERS: [&str; 5] = ["name", "file", "version", "digest", "limits"];
const LIMITS: [&str; 2] = ["memory", "time"];

/// Reads the block: a list, or a mapping of names to files or members.
pub(super) fn read(node: &Node, problems: &mut Vec<Problem>) -> Vec<Used> {
    let mut reader = Reader { problems };
    let mut all = Vec::new();
    match &node.data {
        Data::Scalar(Value::Null) => {}
        Data::List(items) => {
            for (i, item) in items.iter().enumerate() {
                let path = format!("plugins[{i}]");
                let mut used = Used { wanted: Wanted::default(), at: item.at, path };
                reader.members(item, true, &mut used);
                if used.wanted.name.is_empty() {
                    reader.problem(
                        item.at,
                        &used.path,
                        "a plugin needs a name",
                        "`{ name: language, file: language.wasm }`",
                    );
                }
                all.push(used);
            }
        }
        Data::Map(members) => {
            for Member { name, at, value } in members {
                let wanted = Wanted { name: name.clone(), ..Wanted::default() };
                let mut used = Used { wanted, at: *at, path: format!("plugins.{name}") };
                match &value.data {
                    // The active version of a registered plugin.
                    Data::Scalar(Value::Null) => {}
                    Data::Scalar(Value::Str(file)) => used.wanted.file = Some(file.to_string()),
                    _ => reader.members(value, false, &mut used),
                }
                all.push(used);
            }
        }
        Data::Scalar(_) => {
            let hint = "`plugins: [{ name: language, file: language.wasm }]`";
            reader.problem(node.at, "plugins", format!("expected a list or a mapping, found {}", node.what()), hint);
        }
    }
    for (i, used) in all.iter().enumerate().filter(|(_, it)| !it.wanted.name.is_empty()) {
        reader.name(used);
        if let Some(first) = all.iter().take(i).find(|it| same_name(&it.wanted.name, &used.wanted.name)) {
            let message = format!("two plugins are called `{}`", used.wanted.name);
            let hint = format!("one stands in line {} already; give this one another name", first.at.line);
            reader.problem(used.at, &used.path, message, hint);
        }
    }
    all
}

/// Whether two names of plugins, capabilities, inputs or outputs mean the same: underscores are hyphens.
pub fn same_name(a: &str, b: &str) -> bool {
    let letter = |it: u8| if it == b'_' { b'-' } else { it };
    a.len() == b.len() && a.bytes().zip(b.bytes()).all(|(a, b)| letter(a) == letter(b))
}

struct Reader<'p> {
    problems: &'p mut Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, at: At, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::new(at, message).within(path).hint(hint));
    }

    /// A name can stand before the point of `name.capability`.
    fn name(&mut self, used: &Used) {
        let name = &used.wanted.name;
        let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
        if !name.chars().all(fits) {
            let hint = "letters, digits, hyphens and underscores";
            self.problem(used.at, &used.path, format!("`{name}` is no name of a plugin"), hint);
        }
    }

    fn members(&mut self, node: &Node, named: bool, used: &mut Used) {
        let path = used.path.clone();
        if !node.is_mapping() {
            let hint = "`{ name: language, file: language.wasm }`";
            self.problem(node.at, &path, format!("a plugin is a mapping, this is {}", node.what()), hint);
            return;
        }
        for Member { name, at, value } in node.members() {
            let wanted = &mut used.wanted;
            match name.as_str() {
                _ if value.is_null() => {}
                "name" if named => wanted.name = self.text(value, &path, name).unwrap_or_default(),
                "file" => wanted.file = self.text(value, &path, name),
                "version" => wanted.version = self.text(value, &path, name),
                "digest" => {
                    wanted.digest = self.text(value, &path, name);
                    self.digest(value, &path, wanted.digest.as_deref());
                }
                "limits" => self.limits(value, &path, wanted),
                _ => {
                    let hint =
                        did_you_mean(name, MEMBERS).unwrap_or_else(|| format!("a plugin has {}", MEMBERS.join(", ")));
                    self.problem(*at, &path, format!("unknown member `{name}`"), hint);
                }
            }
        }
        if used.wanted.file.is_some() && used.wanted.version.is_some() {
            let hint = "keep `file` for a plugin that lies beside the suite, `version` for one of the registry";
            self.problem(used.at, &path, "`file` and `version` stand together", hint);
        }
    }

    fn text(&mut self, node: &Node, path: &str, name: &str) -> Option<String> {
        // A version such as 1.2 is a number for YAML.
        let text = match &node.data {
            Data::Scalar(it @ (Value::Str(_) | Value::Num(_) | Value::Int(_))) => crate::python::text(it).into_owned(),
            _ => String::new(),
        };
        if text.trim().is_empty() {
            let hint = "write it as text";
            self.problem(node.at, &format!("{path}.{name}"), format!("expected text, found {}", node.what()), hint);
            return None;
        }
        Some(text)
    }

    fn digest(&mut self, node: &Node, path: &str, digest: Option<&str>) {
        let Some(digest) = digest else { return };
        let digits = digest.strip_prefix("sha256:").unwrap_or_default();
        let is_hex = |it: char| it.is_ascii_digit() || matches!(it, 'a'..='f');
        if digits.len() != 64 || !digits.chars().all(is_hex) {
            let hint = "`sha256:` and 64 hexadecimal digits in lower case, as `driftline plugin inspect` shows it";
            self.problem(node.at, &format!("{path}.digest"), format!("`{digest}` is no digest"), hint);
        }
    }

    fn limits(&mut self, node: &Node, path: &str, wanted: &mut Wanted) {
        let path = format!("{path}.limits");
        if !node.is_mapping() {
            let hint = "`limits: { memory: 64MiB, time: 100ms }`";
            self.problem(node.at, &path, format!("expected a mapping, found {}", node.what()), hint);
        }
        for Member { name, at, value } in node.members() {
            let units: &[(&str, f64)] = match name.as_str() {
                "memory" => &[
                    ("KiB", 1024.0),
                    ("MiB", 1_048_576.0),
                    ("GiB", 1_073_741_824.0),
                    ("KB", 1e3),
                    ("kB", 1e3),
                    ("MB", 1e6),
                    ("GB", 1e9),
                    ("B", 1.0),
                ],
                "time" => &[("us", 1.0), ("ms", 1e3), ("s", 1e6)],
                _ => {
                    let hint =
                        did_you_mean(name, LIMITS).unwrap_or_else(|| format!("the limits are {}", LIMITS.join(", ")));
                    self.problem(*at, &path, format!("unknown limit `{name}`"), hint);
                    continue;
                }
            };
            let amount = amount(value, units);
            match (amount, name.as_str()) {
                (None, "memory") => self.amount_problem(value, &path, name, "an amount of memory such as `64MiB`"),
                (None, _) => self.amount_problem(value, &path, name, "a length of time such as `100ms`"),
                (it, "memory") => wanted.memory = it,
                (it, _) => wanted.time = it,
            }
        }
    }

    fn amount_problem(&mut self, node: &Node, path: &str, name: &str, expected: &str) {
        let given = node.text().unwrap_or_else(|| node.what());
        let hint = format!("write {expected}; the host's own limit holds beside it");
        self.problem(node.at, &format!("{path}.{name}"), format!("expected {expected}, found `{given}`"), hint);
    }
}

/// A number above 0 with one of these units.
fn amount(node: &Node, units: &[(&str, f64)]) -> Option<u64> {
    let text = node.text()?.trim();
    let (number, factor) = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))?;
    let amount = number.trim().parse::<f64>().ok()? * factor;
    (1.0..9e15).contains(&amount).then_some(amount as u64)
}

#[cfg(test)]
mod tests {
    use crate::suite::read;

    #[test]
    fn a_list_and_a_mapping_say_the_same() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let list = format!(
            "plugins:\n- {{ name: a, file: a.wasm, limits: {{ memory: 64MiB, time: 100ms }} }}\n- {{ name: b, version: 1.2, digest: '{digest}' }}\n- {{ name: c }}\n"
        );
        let mapping = format!(
            "plugins:\n  a: {{ file: a.wasm, limits: {{ memory: 64 MiB, time: 0.1s }} }}\n  b: {{ version: '1.2', digest: '{digest}' }}\n  c:\n"
        );
        let wanted = |text: &str| {
            let (suite, problems) = read(text);
            assert_eq!(problems, []);
            suite.plugins.into_iter().map(|it| it.wanted).collect::<Vec<_>>()
        };
        let all = wanted(&list);
        assert_eq!(all, wanted(&mapping));
        assert_eq!((all[0].memory, all[0].time), (Some(64 << 20), Some(100_000)));
        assert_eq!((all[1].version.as_deref(), all[1].digest.as_deref()), (Some("1.2"), Some(digest.as_str())));
        assert_eq!(wanted("plugins: { a: a.wasm }\n")[0].file.as_deref(), Some("a.wasm"));
    }

    #[test]
    fn every_problem_is_told_at_once_with_its_place_and_mend() {
        let (_, problems) = read(
            "plugins:\n- { name: a, fil: a.wasm }\n- { name: a, digest: md5 }\n- { file: b.wasm, version: 1.0.0 }\n- { name: c d, limits: { memory: 64, tme: 1s, time: soon } }\n- x\n",
        );
        let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
        for (said, wanted) in said.iter().zip([
            "2:14: plugins[0]: unknown member `fil` (did you mean `file`?)",
            "3:22: plugins[1].digest: `md5` is no digest (`sha256:` and 64",
            "4:3: plugins[2]: `file` and `version` stand together (keep",
            "4:3: plugins[2]: a plugin needs a name",
            "5:34: plugins[3].limits.memory: expected an amount of memory such as `64MiB`, found",
            "5:38: plugins[3].limits: unknown limit `tme` (did you mean `time`?)",
            "5:53: plugins[3].limits.time: expected a length of time such as `100ms`, found `soon`",
            "6:3: plugins[4]: a plugin is a mapping, this is",
            "6:3: plugins[4]: a plugin needs a name",
            "3:3: plugins[1]: two plugins are called `a` (one stands in line 2 already; give this one another name)",
            "5:3: plugins[3]: `c d` is no name of a plugin",
        ]) {
            assert!(said.starts_with(wanted), "{said}\n{wanted}");
        }
        assert_eq!(said.len(), 11, "{said:#?}");
    }
}
