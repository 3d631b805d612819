//! The `record:` block: where the well-known fields of a record lie.

use super::{Member, Node, Problem, Reader, did_you_mean};
use crate::path::Path;
use crate::suite::{RecordFields, TimeUnit};

impl Reader<'_> {
    pub(super) fn record(&mut self, node: &Node) -> RecordFields {
        let mut fields = RecordFields::default();
        for Member { name, at, value } in node.members() {
            let path = format!("record.{name}");
            if name == "segments" {
                fields.segments = self.texts(value, &path).into_iter().map(|(it, _)| it).collect();
                continue;
            }
            let Some(role) = RecordFields::ROLES.iter().find(|it| *it == name) else {
                let hint = did_you_mean(name, RecordFields::ROLES)
                    .unwrap_or_else(|| format!("the roles are {}, segments", RecordFields::ROLES.join(", ")));
                self.problems.push(Problem::new(*at, format!("unknown role `{name}`")).within("record").hint(hint));
                continue;
            };
            let value = if name == "time" { self.time_unit(value, &path, &mut fields.unit) } else { Some(value) };
            let Some(value) = value else { continue };
            if let Some(field) = self.text(value, &path) {
                if let Err(message) = Path::parse(&field) {
                    self.problem(value.at, &path, message);
                }
                fields.roles.push((role, field));
            }
        }
        if !node.is_mapping() && !node.is_null() {
            self.problem(node.at, "record", format!("expected a mapping, found {}", node.what()));
        }
        fields
    }

    /// The field of `time: ts` or `time: { field: ts, unit: ms }`, whose unit is taken.
    fn time_unit<'n>(&mut self, node: &'n Node, path: &str, unit: &mut TimeUnit) -> Option<&'n Node> {
        if !node.is_mapping() {
            return Some(node);
        }
        for Member { name, at, value } in node.members() {
            match name.as_str() {
                "field" => {}
                "unit" => {
                    *unit =
                        self.word(value, "record.time.unit", TimeUnit::ALL.map(TimeUnit::name), TimeUnit::parse_name);
                }
                _ => {
                    let hint =
                        did_you_mean(name, ["field", "unit"]).unwrap_or_else(|| "`time` holds field and unit".into());
                    let problem = Problem::new(*at, format!("unknown member `{name}`"));
                    self.problems.push(problem.within(path).hint(hint));
                }
            }
        }
        let field = node.get("field");
        if field.is_none() {
            self.problem(node.at, path, "expected the name of a field, or `{field: ts, unit: ms}`");
        }
        field
    }
}
