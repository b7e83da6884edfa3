//! The types of an expression, part by part, and the plan that comes of it.
//!
//! A part that may be absent or null is refused where it is used as a value of its type, unless a condition
//! around it has settled that it is not (`facts`). So an evaluation fails for what the types cannot say
//! only: numbers out of range, lists that are too short, values of any type, limits.

mod access;
mod operator;

use super::call;
use super::error::{ExpressionError, Place, Refusal};
use super::facts::{Fact, Facts, Hop, Outcome, Subject};
use super::plan::{Plan, Source};
use super::syntax::{Binary, Fold, FoldKind, Literal, Node, Syntax};
use super::types::{Fields, Kind, Step, Type};

/// A checked part.
pub(super) struct Typed {
    pub(super) plan: Plan,
    pub(super) ty: Type,
    /// What a fact about it would name.
    pub(super) subject: Option<Subject>,
    /// Where its schema is.
    pub(super) way: Option<Vec<Step>>,
    /// How messages call it.
    pub(super) text: Option<String>,
    pub(super) outcome: Outcome,
}

impl Typed {
    /// A computed value.
    pub(super) fn value(plan: Plan, kind: Kind) -> Typed {
        Typed { plan, ty: Type::of(kind), subject: None, way: None, text: None, outcome: Outcome::default() }
    }
}

type Checked = Result<Typed, ExpressionError>;

/// Checks an expression: the plan, its type and the ways that it reads.
pub(super) fn check(
    syntax: &Syntax,
    root: &dyn Fields,
) -> Result<(Plan, Type, Vec<Vec<String>>), ExpressionError> {
    let typed = Checker { root, locals: Vec::new(), facts: Facts::default() }.check(syntax)?;
    let mut reads = std::collections::BTreeSet::new();
    typed.plan.reads(&mut reads);
    Ok((typed.plan, typed.ty, reads.into_iter().collect()))
}

/// The variable of a macro.
struct Local {
    name: String,
    ty: Type,
    way: Option<Vec<Step>>,
}

pub(super) struct Checker<'a> {
    root: &'a dyn Fields,
    locals: Vec<Local>,
    facts: Facts,
}

impl Checker<'_> {
    pub(super) fn check(&mut self, syntax: &Syntax) -> Checked {
        let place = syntax.place;
        match &syntax.node {
            Node::Literal(literal) => Ok(constant(literal)),
            Node::Name(name) => self.name(name).map_err(|refusal| refusal.at(place)),
            Node::Member(host, key) => {
                let host = self.check(host)?;
                self.member(host, key).map_err(|refusal| refusal.at(place))
            }
            Node::Has(host, key) => {
                let host = self.check(host)?;
                self.has(host, key).map_err(|refusal| refusal.at(place))
            }
            Node::Index(host, index) => self.index(host, index, place),
            Node::List(parts) => self.list(parts),
            Node::Not(part) => {
                let part = self.bool(part, "!")?;
                let plan = Plan::Not(Box::new(part.plan));
                Ok(Typed { outcome: part.outcome.negated(), ..Typed::value(plan, Kind::Bool) })
            }
            Node::Negate(part) => self.negate(part, place),
            Node::Binary(operator, left, right) => self.binary(*operator, left, right, place),
            Node::If(condition, yes, no) => self.conditional(condition, yes, no),
            Node::Call { function, method, arguments } => {
                call::check(self, function, *method, arguments, place)
            }
            Node::Fold(fold) => self.fold(fold, place),
        }
    }

    fn name(&self, name: &str) -> Result<Typed, Refusal> {
        let local = self.locals.iter().enumerate().rev().find(|(_, local)| local.name == name);
        let (source, path, ty, way) = match local {
            Some((n, local)) => (Source::Local(n), Vec::new(), local.ty.clone(), local.way.clone()),
            None => {
                let (path, ty) = self.variable(name)?;
                let way = path.iter().cloned().map(Step::Key).collect();
                (Source::Document, path, ty, Some(way))
            }
        };
        let subject = Some(Subject { source, way: path.iter().cloned().map(Hop::Key).collect() });
        let ty = self.narrowed(ty, subject.as_ref());
        let plan = Plan::Read(source, path);
        Ok(Typed { plan, ty, subject, way, text: Some(name.to_owned()), outcome: Outcome::default() })
    }

    /// What a name stands for that no macro gives: the way to it from the root, and what is there.
    fn variable(&self, name: &str) -> Result<(Vec<String>, Type), Refusal> {
        let flat = self.root.members_are_variables();
        if !flat && name == self.root.variable() {
            return Ok((Vec::new(), self.root.field(&[]).map_or_else(Type::any, |field| field.ty)));
        }
        let member = [Step::Key(name.to_owned())];
        if let Some(field) = self.root.field(&member).filter(|_| flat) {
            return Ok((vec![name.to_owned()], field.ty));
        }
        let root = self.root.variable();
        let advice = self.root.advice(&[], name);
        let advice = advice.unwrap_or_else(|| format!("fields begin with `{root}`, as `{root}.id`"));
        Err(Refusal::UnknownVariable { name: name.to_owned(), advice })
    }

    /// The type without null, where that is known.
    fn narrowed(&self, ty: Type, subject: Option<&Subject>) -> Type {
        let nullable = ty.nullable && !self.facts.not_null(subject);
        Type { nullable, kind: ty.kind }
    }

    fn list(&mut self, parts: &[Syntax]) -> Checked {
        let parts = parts.iter().map(|part| self.check(part)).collect::<Result<Vec<_>, _>>()?;
        let element = parts.iter().map(|part| part.ty.clone()).reduce(Type::join);
        let kind = Kind::List(Box::new(element.unwrap_or_else(Type::any)));
        Ok(Typed::value(Plan::List(parts.into_iter().map(|part| part.plan).collect()), kind))
    }

    fn conditional(&mut self, condition: &Syntax, yes: &Syntax, no: &Syntax) -> Checked {
        let condition = self.bool(condition, "?")?;
        let yes = self.knowing(&condition.outcome.when_true, |checker| checker.check(yes))?;
        let no = self.knowing(&condition.outcome.when_false, |checker| checker.check(no))?;
        let ty = yes.ty.join(no.ty);
        let plan = Plan::If(Box::new(condition.plan), Box::new(yes.plan), Box::new(no.plan));
        Ok(Typed { ty, ..Typed::value(plan, Kind::Any) })
    }

    /// Checks a part in which some facts hold.
    fn knowing<T>(&mut self, facts: &[Fact], part: impl FnOnce(&mut Self) -> T) -> T {
        let added = self.facts.add(facts);
        let checked = part(self);
        self.facts.take_back(&added);
        checked
    }

    fn bool(&mut self, part: &Syntax, operation: &str) -> Checked {
        let typed = self.check(part)?;
        self.needs(&typed, operation, "a boolean", |kind| *kind == Kind::Bool)
            .map_err(|refusal| refusal.at(part.place))?;
        Ok(typed)
    }

    /// That a part is of a kind that an operation takes, and is not null.
    pub(super) fn needs(
        &self,
        typed: &Typed,
        operation: &str,
        expected: &'static str,
        fits: impl Fn(&Kind) -> bool,
    ) -> Result<(), Refusal> {
        if !fits(&typed.ty.kind) {
            let found = typed.ty.clone();
            return Err(Refusal::WrongType { operation: operation.to_owned(), expected, found });
        }
        not_null(typed)
    }

    fn fold(&mut self, fold: &Fold, place: Place) -> Checked {
        let list = self.check(&fold.list)?;
        let over_list = |kind: &Kind| matches!(kind, Kind::List(_));
        self.needs(&list, "a macro", "a list", over_list).map_err(|refusal| refusal.at(place))?;
        let ty = self.element(&list);
        let way = list.way.as_ref().map(|way| way.iter().cloned().chain([Step::Element]).collect());
        self.locals.push(Local { name: fold.variable.clone(), ty: ty.clone(), way });
        let body = self.fold_body(fold);
        self.locals.pop();
        let (condition, result) = body?;
        let kind = match fold.kind {
            FoldKind::Collect => Kind::List(Box::new(result.as_ref().map_or(ty, |r| r.ty.clone()))),
            _ => Kind::Bool,
        };
        // What a filter lets through is what was in the list.
        let way = list.way.filter(|_| fold.kind == FoldKind::Collect && result.is_none());
        let plan = Plan::Fold {
            kind: fold.kind,
            list: Box::new(list.plan),
            condition: condition.map(|part| Box::new(part.plan)),
            result: result.map(|part| Box::new(part.plan)),
        };
        Ok(Typed { way, ..Typed::value(plan, kind) })
    }

    fn fold_body(&mut self, fold: &Fold) -> Result<(Option<Typed>, Option<Typed>), ExpressionError> {
        let condition = fold.condition.as_ref().map(|part| self.bool(part, "a macro")).transpose()?;
        let facts = condition.as_ref().map(|c| c.outcome.when_true.clone()).unwrap_or_default();
        let result = fold.result.as_ref();
        let result = self.knowing(&facts, |checker| result.map(|part| checker.check(part)).transpose())?;
        Ok((condition, result))
    }
}

/// That a part is not null. What may be of any type is looked at when it is evaluated.
pub(super) fn not_null(typed: &Typed) -> Result<(), Refusal> {
    if !typed.ty.nullable || typed.ty.is_any() {
        return Ok(());
    }
    let what = typed.text.as_ref().map_or_else(|| "the value".to_owned(), |text| format!("`{text}`"));
    let guard = typed.subject.as_ref().and(typed.text.clone());
    Err(Refusal::MayBeNull { what, guard })
}

fn constant(literal: &Literal) -> Typed {
    let kind = match literal {
        Literal::Null => Kind::Null,
        Literal::Bool(_) => Kind::Bool,
        Literal::Int(_) => Kind::Int,
        Literal::Double(_) => Kind::Number,
        Literal::Text(_) => Kind::String,
    };
    Typed::value(Plan::Constant(literal.clone()), kind)
}

/// A boolean computed from two parts.
fn bool_of(plan: Plan, outcome: Outcome) -> Typed {
    Typed { outcome, ..Typed::value(plan, Kind::Bool) }
}

/// Whether an operator is one of the four orders.
fn is_order(operator: Binary) -> bool {
    matches!(operator, Binary::Less | Binary::LessEqual | Binary::Greater | Binary::GreaterEqual)
}
