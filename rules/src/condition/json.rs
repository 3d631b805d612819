//! Conditions as Great Expectations saves them.

use serde_json::{Map, Value as Json};

use crate::condition::{Condition, Dialect, Operator, Parameter};
use crate::value::Value;

/// The most comparisons that Great Expectations allows in one condition.
const MAX_LEAVES: usize = 100;

/// Deeper nesting is refused, to bound the stack.
const MAX_DEPTH: usize = 100;

impl Condition {
    /// Reads the form that a saved suite holds, with the rules of Great Expectations 1.24: no `or`
    /// inside `and` or `or`, at most 100 comparisons, lists of text or of numbers.
    ///
    /// The errors are all that could be found, each with the place in the condition.
    pub fn from_json(json: &Json) -> Result<Condition, Vec<String>> {
        let mut reader = Reader { errors: Vec::new(), n_leaves: 0 };
        let condition = reader.read(json, "row_condition", Inside::Nothing, 0);
        if reader.n_leaves > MAX_LEAVES {
            reader.errors.push(format!("{MAX_LEAVES} comparisons are the most, here are {}", reader.n_leaves));
        }
        match condition {
            Some(condition) if reader.errors.is_empty() => Ok(condition),
            _ => Err(reader.errors),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Nothing,
    And,
    Or,
}

struct Reader {
    errors: Vec<String>,
    n_leaves: usize,
}

impl Reader {
    fn fail<T>(&mut self, at: &str, message: &str) -> Option<T> {
        self.errors.push(format!("{at}: {message}"));
        None
    }

    fn read(&mut self, json: &Json, at: &str, inside: Inside, depth: usize) -> Option<Condition> {
        let Json::Object(object) = json else {
            return self.fail(at, "a condition is an object with `type`: comparison, nullity, and, or, pass_through");
        };
        if depth > MAX_DEPTH {
            return self.fail(at, "the condition is nested too deeply");
        }
        match kind_of(object) {
            Some("comparison") => self.comparison(object, at),
            Some("nullity") => {
                self.n_leaves += 1;
                let column = self.column(object, at);
                match object.get("is_null") {
                    Some(Json::Bool(is_null)) => column.map(|column| Condition::Null { column, is_null: *is_null }),
                    _ => self.fail(at, "`is_null` must be true or false"),
                }
            }
            Some("and") => {
                let parts = self.parts(object, at, if inside == Inside::Or { inside } else { Inside::And }, depth)?;
                // Nested conjunctions are one, as in Great Expectations.
                let mut flat = Vec::with_capacity(parts.len());
                for part in parts {
                    match part {
                        Condition::All(inner) => flat.extend(inner),
                        it => flat.push(it),
                    }
                }
                Some(Condition::All(flat))
            }
            Some("or") => match inside {
                Inside::Nothing => self.parts(object, at, Inside::Or, depth).map(Condition::Any),
                Inside::And => self.fail(at, "`and` cannot contain `or`; write it as an `or` of `and`s"),
                Inside::Or => self.fail(at, "`or` cannot contain another `or`; put its conditions into the outer one"),
            },
            Some("pass_through") => {
                self.n_leaves += 1;
                match object.get("pass_through_filter") {
                    Some(Json::String(text)) => match Condition::from_text(text, Dialect::Pandas) {
                        Ok(it) => Some(it),
                        Err(error) => self.fail(at, &error),
                    },
                    _ => self.fail(at, "`pass_through_filter` must be the text of a pandas query"),
                }
            }
            Some(other) => {
                let message = format!("unknown type `{other}`; there are comparison, nullity, and, or, pass_through");
                self.fail(at, &message)
            }
            None => self.fail(at, "`type` is missing; there are comparison, nullity, and, or, pass_through"),
        }
    }

    fn parts(&mut self, object: &Map<String, Json>, at: &str, inside: Inside, depth: usize) -> Option<Vec<Condition>> {
        let Some(Json::Array(parts)) = object.get("conditions") else {
            return self.fail(at, "`conditions` must be a list of conditions");
        };
        if parts.is_empty() {
            return self.fail(at, "`conditions` must not be empty");
        }
        let mut conditions = Vec::with_capacity(parts.len());
        for (i, part) in parts.iter().enumerate() {
            conditions.extend(self.read(part, &format!("{at}.conditions[{i}]"), inside, depth + 1));
        }
        (conditions.len() == parts.len()).then_some(conditions)
    }

    fn column(&mut self, object: &Map<String, Json>, at: &str) -> Option<String> {
        let name = match object.get("column") {
            Some(Json::Object(column)) => column.get("name"),
            it => it,
        };
        match name {
            Some(Json::String(name)) => Some(name.clone()),
            _ => self.fail(at, "`column` must be {\"name\": \"..\"}"),
        }
    }

    fn comparison(&mut self, object: &Map<String, Json>, at: &str) -> Option<Condition> {
        self.n_leaves += 1;
        let column = self.column(object, at);
        let operator = match object.get("operator").and_then(Json::as_str) {
            Some("==") => Operator::Equal,
            Some("!=") => Operator::NotEqual,
            Some("<") => Operator::Less,
            Some("<=") => Operator::AtMost,
            Some(">") => Operator::Greater,
            Some(">=") => Operator::AtLeast,
            Some("IN") => Operator::In,
            Some("NOT_IN") => Operator::NotIn,
            _ => return self.fail(at, "`operator` must be one of ==, !=, <, <=, >, >=, IN, NOT_IN"),
        };
        let parameter = self.parameter(object.get("parameter"), operator, at)?;
        // A list beside `==` means `IN`, as it does in a pandas query.
        let operator = match (&parameter, operator) {
            (Parameter::List(_), Operator::Equal) => Operator::In,
            (Parameter::List(_), Operator::NotEqual) => Operator::NotIn,
            _ => operator,
        };
        Some(Condition::Compare { column: column?, operator, parameter })
    }

    fn parameter(&mut self, json: Option<&Json>, operator: Operator, at: &str) -> Option<Parameter> {
        let wants_list = matches!(operator, Operator::In | Operator::NotIn);
        match json {
            None | Some(Json::Null) => self.fail(
                at,
                match operator {
                    Operator::Equal => {
                        "`parameter` must not be null; for missing values use a nullity condition with `is_null: true`"
                    }
                    Operator::NotEqual => {
                        "`parameter` must not be null; for present values use a nullity condition with `is_null: false`"
                    }
                    _ => "`parameter` must not be null",
                },
            ),
            Some(Json::Array(members)) => {
                if !wants_list && !matches!(operator, Operator::Equal | Operator::NotEqual) {
                    return self.fail(at, "a list has no order; use IN or NOT_IN");
                }
                let all = |is: fn(&Json) -> bool| members.iter().all(is);
                if wants_list && !all(Json::is_string) && !all(Json::is_number) {
                    return self.fail(at, "the list of IN and NOT_IN must hold only text or only numbers");
                }
                let values: Option<Vec<_>> = members.iter().map(scalar).collect();
                values.map(Parameter::List).or_else(|| self.fail(at, "a list must hold text, numbers, true or false"))
            }
            Some(_) if wants_list => self.fail(at, "the parameter of IN and NOT_IN must be a list"),
            Some(json) => scalar(json)
                .map(Parameter::Value)
                .or_else(|| self.fail(at, "`parameter` must be text, a number, true, false or a list")),
        }
    }
}

/// The `type`, or what the other members say clearly enough.
fn kind_of(object: &Map<String, Json>) -> Option<&str> {
    match object.get("type") {
        Some(it) => it.as_str(),
        None if object.contains_key("operator") => Some("comparison"),
        None if object.contains_key("is_null") => Some("nullity"),
        None if object.contains_key("pass_through_filter") => Some("pass_through"),
        None => None,
    }
}

fn scalar(json: &Json) -> Option<Value<'static>> {
    match json {
        Json::Bool(it) => Some(Value::Bool(*it)),
        Json::String(it) => Some(Value::Str(it.clone().into())),
        Json::Number(it) => {
            it.as_i64().map(Value::Int).or_else(|| it.as_u64().map(Value::Big)).or_else(|| it.as_f64().map(Value::Num))
        }
        _ => None,
    }
}
