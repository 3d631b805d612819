//! The one comparison of `condition_parser: great_expectations`.

use super::Parser;
use crate::condition::lex::Kind;
use crate::condition::{Condition, Operator, Parameter};

impl Parser {
    /// `col("n") > 2`, the whole of the dialect.
    pub fn great_expectations(&mut self) -> Result<Condition, String> {
        let form = "this form is `col(\"name\") > 2`, with ==, !=, <, <=, >, >=, or `col(\"name\").notnull()`";
        if !self.take_word("col") {
            return Err(format!("expected `col(\"..\")` at character {}; {form}", self.place()));
        }
        self.expect("(")?;
        let place = self.place();
        let Some(Kind::Text(column)) = self.next() else {
            return Err(format!("expected a column's name between quotes at character {place}; {form}"));
        };
        self.expect(")")?;
        if self.take(".") {
            let is_notnull = matches!(self.next(), Some(Kind::Word(it)) if it.eq_ignore_ascii_case("notnull"));
            if !is_notnull {
                return Err(format!("expected `notnull()` after the dot; {form}"));
            }
            self.expect("(")?;
            self.expect(")")?;
            return Ok(Condition::Null { column, is_null: false });
        }
        let place = self.place();
        match self.operator()? {
            None | Some(Operator::In | Operator::NotIn) => {
                Err(format!("expected a comparison at character {place}; {form}"))
            }
            Some(operator) => Ok(Condition::Compare { column, operator, parameter: Parameter::Value(self.value()?) }),
        }
    }
}
