//! Plans over documents.
//!
//! Every operation and every value that is read costs steps, and what is left of them is counted down, so
//! an evaluation ends. It recurses no deeper than the plan is nested.

use std::borrow::Cow;

use super::arithmetic;
use super::compare;
use super::convert;
use super::error::EvaluateError;
use super::plan::{Class, Function, Plan, Source};
use super::syntax::{Binary, Literal};
use super::value::{CelValue, Document};
use super::{EXPRESSION_ITEMS_MAX, EXPRESSION_STEPS_MAX, EXPRESSION_TEXT_BYTES_MAX};
use crate::json::pointer::Pointer;

pub(super) type Evaluated<'a> = Result<CelValue<'a>, EvaluateError>;

/// Evaluates a plan.
pub(super) fn run<'a>(plan: &'a Plan, document: &'a dyn Document) -> Evaluated<'a> {
    Evaluator { document, locals: Vec::new(), steps: EXPRESSION_STEPS_MAX }.value(plan)
}

pub(super) struct Evaluator<'a> {
    document: &'a dyn Document,
    pub(super) locals: Vec<CelValue<'a>>,
    steps: usize,
}

impl<'a> Evaluator<'a> {
    pub(super) fn value(&mut self, plan: &'a Plan) -> Evaluated<'a> {
        self.spend(1)?;
        match plan {
            Plan::Constant(literal) => Ok(constant(literal)),
            Plan::Read(source, path) => self.read(*source, path),
            Plan::Has(source, path) => self.has(*source, path),
            Plan::Member(host, key) => match self.value(host)? {
                CelValue::Object(mut members) => members.remove(key.as_str()).ok_or_else(|| absent(key)),
                other => Err(wrong_type("a field", "an object", &other)),
            },
            Plan::HasMember(host, key) => match self.value(host)? {
                CelValue::Object(members) => Ok(CelValue::Bool(members.contains_key(key.as_str()))),
                other => Err(wrong_type("has", "an object", &other)),
            },
            Plan::Item(list, index) => self.item(list, index),
            Plan::List(parts) => {
                parts.iter().map(|part| self.value(part)).collect::<Result<_, _>>().map(CelValue::List)
            }
            Plan::Not(part) => Ok(CelValue::Bool(!self.bool(part)?)),
            Plan::Negate(class, part) => {
                let value = self.value(part)?;
                arithmetic::negate(*class, &value)
            }
            Plan::And(left, right) => self.logical(left, right, false),
            Plan::Or(left, right) => self.logical(left, right, true),
            Plan::If(condition, yes, no) => {
                let branch = if self.bool(condition)? { yes } else { no };
                self.value(branch)
            }
            Plan::Equal(equal, left, right) => {
                let (left, right) = self.both(left, right)?;
                Ok(CelValue::Bool(compare::equal(&left, &right) == *equal))
            }
            Plan::Order(order, left, right) => {
                let (left, right) = self.both(left, right)?;
                compare::order(*order, &left, &right).map(CelValue::Bool)
            }
            Plan::Arithmetic(operator, class, left, right) => self.arithmetic(*operator, *class, left, right),
            Plan::In(part, host) => self.contained(part, host),
            Plan::Call(function, arguments) => self.call(*function, arguments),
            Plan::Matches(text, pattern) => {
                let text = self.text(text, "matches")?;
                Ok(CelValue::Bool(pattern.is_match(&text)))
            }
            Plan::Fold { kind, list, condition, result } => {
                let items = self.items(list)?;
                self.fold(*kind, items, condition.as_deref(), result.as_deref())
            }
        }
    }

    /// Counts steps down.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), EvaluateError> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(EvaluateError::TooManySteps { steps_max: EXPRESSION_STEPS_MAX }),
        }
    }

    fn read(&mut self, source: Source, path: &[String]) -> Evaluated<'a> {
        let value = match source {
            Source::Document => self.document.get(path),
            Source::Local(n) => self.local(n, path).cloned(),
        };
        let value = value.ok_or_else(|| absent(&Pointer::of(path.to_vec()).to_string()))?;
        self.spend(value.weight())?;
        Ok(value)
    }

    fn has(&self, source: Source, path: &[String]) -> Evaluated<'a> {
        let has = match source {
            Source::Document => self.document.has(path),
            Source::Local(n) => self.local(n, path).is_some(),
        };
        Ok(CelValue::Bool(has))
    }

    fn local(&self, n: usize, path: &[String]) -> Option<&CelValue<'a>> {
        path.iter().try_fold(self.locals.get(n)?, |host, key| match host {
            CelValue::Object(members) => members.get(key.as_str()),
            _ => None,
        })
    }

    fn item(&mut self, list: &'a Plan, index: &'a Plan) -> Evaluated<'a> {
        let items = self.items(list)?;
        let value = self.value(index)?;
        let index = convert::int_of("[...]", &value)?;
        let count = items.len();
        let found = usize::try_from(index).ok().and_then(|n| items.into_iter().nth(n));
        found.ok_or(EvaluateError::NoSuchElement { index, items: count })
    }

    pub(super) fn bool(&mut self, plan: &'a Plan) -> Result<bool, EvaluateError> {
        match self.value(plan)? {
            CelValue::Bool(value) => Ok(value),
            other => Err(wrong_type("a condition", "a boolean", &other)),
        }
    }

    fn text(&mut self, plan: &'a Plan, operation: &'static str) -> Result<Cow<'a, str>, EvaluateError> {
        let text = match self.value(plan)? {
            CelValue::Text(text) => text,
            other => return Err(wrong_type(operation, "a text", &other)),
        };
        self.spend(text.len() / 256)?;
        Ok(text)
    }

    fn items(&mut self, plan: &'a Plan) -> Result<Vec<CelValue<'a>>, EvaluateError> {
        match self.value(plan)? {
            CelValue::List(items) => bounded(items),
            other => Err(wrong_type("a list operation", "a list", &other)),
        }
    }

    fn both(
        &mut self,
        left: &'a Plan,
        right: &'a Plan,
    ) -> Result<(CelValue<'a>, CelValue<'a>), EvaluateError> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        self.spend(left.weight().min(right.weight()))?;
        Ok((left, right))
    }

    /// `&&` and `||`: one side that decides makes good an error of the other one.
    fn logical(&mut self, left: &'a Plan, right: &'a Plan, decides: bool) -> Evaluated<'a> {
        let error = match self.bool(left) {
            Ok(value) if value == decides => return Ok(CelValue::Bool(decides)),
            Ok(_) => return self.bool(right).map(CelValue::Bool),
            Err(error) => error,
        };
        if error.is_limit() {
            return Err(error);
        }
        match self.bool(right) {
            Ok(value) if value == decides => Ok(CelValue::Bool(decides)),
            Err(limit) if limit.is_limit() => Err(limit),
            _ => Err(error),
        }
    }

    fn arithmetic(
        &mut self,
        operator: Binary,
        class: Class,
        left: &'a Plan,
        right: &'a Plan,
    ) -> Evaluated<'a> {
        match class {
            Class::Int | Class::Number => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                arithmetic::compute(operator, class, &left, &right)
            }
            Class::Text => {
                let left = self.text(left, "+")?;
                let right = self.text(right, "+")?;
                let bytes = left.len() + right.len();
                if bytes > EXPRESSION_TEXT_BYTES_MAX {
                    let bytes_max = EXPRESSION_TEXT_BYTES_MAX;
                    return Err(EvaluateError::TextTooLong { bytes, bytes_max });
                }
                Ok(CelValue::Text(Cow::Owned(left.into_owned() + &right)))
            }
            Class::List => {
                let mut items = self.items(left)?;
                items.extend(self.items(right)?);
                self.spend(items.len())?;
                bounded(items).map(CelValue::List)
            }
        }
    }

    fn contained(&mut self, part: &'a Plan, host: &'a Plan) -> Evaluated<'a> {
        let part = self.value(part)?;
        // A list that is written down is compared part by part, so that it is not built. All parts are
        // evaluated, for a failure in one of them is a failure of the list.
        if let Plan::List(parts) = host {
            let mut found = false;
            for item in parts {
                let item = self.value(item)?;
                found |= compare::equal(&part, &item);
            }
            return Ok(CelValue::Bool(found));
        }
        match (self.value(host)?, part) {
            (CelValue::List(items), part) => {
                self.spend(items.iter().map(CelValue::weight).sum())?;
                Ok(CelValue::Bool(items.iter().any(|item| compare::equal(&part, item))))
            }
            (CelValue::Object(members), CelValue::Text(key)) => {
                Ok(CelValue::Bool(members.contains_key(&*key)))
            }
            (CelValue::Object(_), other) => Err(wrong_type("in", "a text as key", &other)),
            (other, _) => Err(wrong_type("in", "a list or an object on its right", &other)),
        }
    }

    fn call(&mut self, function: Function, arguments: &'a [Plan]) -> Evaluated<'a> {
        let name = function.name();
        let mut arguments = arguments.iter();
        let Some(first) = arguments.next() else { return Err(absent(name)) };
        match function {
            Function::Size => {
                let value = self.value(first)?;
                self.spend(value.weight())?;
                convert::size(&value)
            }
            Function::Int | Function::Double | Function::Text | Function::Bool => {
                let value = self.value(first)?;
                convert::convert(function, value)
            }
            Function::LowerAscii => Ok(owned(self.text(first, name)?.to_ascii_lowercase())),
            Function::UpperAscii => Ok(owned(self.text(first, name)?.to_ascii_uppercase())),
            Function::StartsWith | Function::EndsWith | Function::Contains => {
                let text = self.text(first, name)?;
                let Some(second) = arguments.next() else { return Err(absent(name)) };
                let part = self.text(second, name)?;
                Ok(CelValue::Bool(match function {
                    Function::StartsWith => text.starts_with(&*part),
                    Function::EndsWith => text.ends_with(&*part),
                    _ => text.contains(&*part),
                }))
            }
        }
    }
}

fn owned<'a>(text: String) -> CelValue<'a> {
    CelValue::Text(Cow::Owned(text))
}

pub(super) fn bounded(items: Vec<CelValue<'_>>) -> Result<Vec<CelValue<'_>>, EvaluateError> {
    if items.len() > EXPRESSION_ITEMS_MAX {
        return Err(EvaluateError::ListTooLong { items: items.len(), items_max: EXPRESSION_ITEMS_MAX });
    }
    Ok(items)
}

fn constant(literal: &Literal) -> CelValue<'_> {
    match literal {
        Literal::Null => CelValue::Null,
        Literal::Bool(value) => CelValue::Bool(*value),
        Literal::Int(value) => CelValue::Int(*value),
        Literal::Double(value) => CelValue::Double(*value),
        Literal::Text(text) => CelValue::Text(Cow::Borrowed(text)),
    }
}

fn absent(field: &str) -> EvaluateError {
    EvaluateError::Absent { field: field.to_owned() }
}

pub(super) fn wrong_type(
    operation: &'static str,
    expected: &'static str,
    found: &CelValue<'_>,
) -> EvaluateError {
    EvaluateError::WrongType { operation, expected, found: found.type_name() }
}
