//! Operators between two values.

use super::{Checked, Checker, Typed, bool_of, is_order};
use crate::cel::error::{Place, Refusal};
use crate::cel::facts::{Fact, Outcome};
use crate::cel::plan::{Class, Plan};
use crate::cel::syntax::{Binary, Syntax};
use crate::cel::types::Kind;

impl Checker<'_> {
    pub(super) fn binary(
        &mut self,
        operator: Binary,
        left: &Syntax,
        right: &Syntax,
        place: Place,
    ) -> Checked {
        match operator {
            Binary::And | Binary::Or => self.logical(operator, left, right),
            Binary::In => self.contained(left, right, place),
            _ => {
                let (left, right) = (self.check(left)?, self.check(right)?);
                let typed = match operator {
                    Binary::Equal | Binary::NotEqual => equality(operator, left, right),
                    operator if is_order(operator) => self.order(operator, left, right),
                    operator => self.arithmetic(operator, left, right),
                };
                typed.map_err(|refusal| refusal.at(place))
            }
        }
    }

    /// The right side knows what it takes for the left side not to decide.
    fn logical(&mut self, operator: Binary, left: &Syntax, right: &Syntax) -> Checked {
        let sign = operator.sign();
        let left = self.bool(left, sign)?;
        let outcome = |typed: &Typed| match operator {
            Binary::And => typed.outcome.clone(),
            _ => typed.outcome.clone().negated(),
        };
        let facts = outcome(&left).when_true;
        let right = self.knowing(&facts, |checker| checker.bool(right, sign))?;
        let both = outcome(&left).both(outcome(&right));
        let (left, right) = (Box::new(left.plan), Box::new(right.plan));
        Ok(match operator {
            Binary::And => bool_of(Plan::And(left, right), both),
            _ => bool_of(Plan::Or(left, right), both.negated()),
        })
    }

    fn order(&self, operator: Binary, left: Typed, right: Typed) -> Result<Typed, Refusal> {
        let ordered = |kind: &Kind| matches!(kind, Kind::Int | Kind::Number | Kind::String | Kind::Any);
        for side in [&left, &right] {
            self.needs(side, operator.sign(), "numbers or texts", ordered)?;
        }
        if !left.ty.may_equal(&right.ty) {
            return Err(mixed(operator, &left, &right));
        }
        let plan = Plan::Order(operator, Box::new(left.plan), Box::new(right.plan));
        Ok(bool_of(plan, Outcome::default()))
    }

    fn arithmetic(&self, operator: Binary, left: Typed, right: Typed) -> Result<Typed, Refusal> {
        let (expected, fits): (_, fn(&Kind) -> bool) = match operator {
            Binary::Add => ("numbers, texts or lists", |kind| {
                matches!(kind, Kind::Int | Kind::Number | Kind::String | Kind::List(_))
            }),
            Binary::Modulo => ("integers", |kind| *kind == Kind::Int),
            _ => ("numbers", |kind| matches!(kind, Kind::Int | Kind::Number)),
        };
        for side in [&left, &right] {
            self.needs(side, operator.sign(), expected, fits)?;
        }
        let (class, kind) = match (&left.ty.kind, &right.ty.kind) {
            (Kind::Int, Kind::Int) => (Class::Int, Kind::Int),
            (Kind::Number, Kind::Number) => (Class::Number, Kind::Number),
            (Kind::String, Kind::String) => (Class::Text, Kind::String),
            (Kind::List(_), Kind::List(_)) => {
                let element = self.element(&left).join(self.element(&right));
                (Class::List, Kind::List(Box::new(element)))
            }
            _ => return Err(mixed(operator, &left, &right)),
        };
        let plan = Plan::Arithmetic(operator, class, Box::new(left.plan), Box::new(right.plan));
        Ok(Typed::value(plan, kind))
    }

    pub(super) fn negate(&mut self, part: &Syntax, place: Place) -> Checked {
        let typed = self.check(part)?;
        let number = |kind: &Kind| matches!(kind, Kind::Int | Kind::Number);
        self.needs(&typed, "-", "a number", number).map_err(|refusal| refusal.at(place))?;
        let class = if typed.ty.kind == Kind::Int { Class::Int } else { Class::Number };
        Ok(Typed::value(Plan::Negate(class, Box::new(typed.plan)), typed.ty.kind))
    }
}

fn mixed(operator: Binary, left: &Typed, right: &Typed) -> Refusal {
    let (left, right) = (left.ty.clone(), right.ty.clone());
    Refusal::Mixed { operation: operator.sign(), left, right }
}

/// Equality takes null as well, and says of a side that equals something that it is not null.
fn equality(operator: Binary, left: Typed, right: Typed) -> Result<Typed, Refusal> {
    if !left.ty.may_equal(&right.ty) {
        return Err(mixed(operator, &left, &right));
    }
    let mut outcome = Outcome::default();
    for (side, other) in [(&left, &right), (&right, &left)] {
        let fact = || side.subject.clone().map(Fact::NotNull);
        if !other.ty.nullable {
            outcome.when_true.extend(fact());
        }
        if other.ty.kind == Kind::Null {
            outcome.when_false.extend(fact());
        }
    }
    let equal = operator == Binary::Equal;
    let outcome = if equal { outcome } else { outcome.negated() };
    Ok(bool_of(Plan::Equal(equal, Box::new(left.plan), Box::new(right.plan)), outcome))
}
