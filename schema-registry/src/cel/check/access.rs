//! Fields of objects and elements of lists.

use super::{Checked, Checker, Typed, not_null};
use crate::cel::error::{Place, Refusal};
use crate::cel::facts::{Fact, Hop, Outcome, Subject};
use crate::cel::plan::Plan;
use crate::cel::syntax::{Literal, Node, Syntax};
use crate::cel::types::{Field, Kind, Step, Type};

impl Checker<'_> {
    /// `host.key`
    pub(super) fn member(&self, host: Typed, key: &str) -> Result<Typed, Refusal> {
        let (field, subject) = self.look_up(&host, key)?;
        let text = text_below(&host, key);
        if field.may_be_absent && !self.facts.present(subject.as_ref()) {
            let guard = guard(&host, key);
            return Err(Refusal::MayBeAbsent { field: text.unwrap_or_else(|| key.to_owned()), guard });
        }
        let ty = self.narrowed(field.ty, subject.as_ref());
        let plan = match host.plan {
            Plan::Read(source, path) => Plan::Read(source, longer(path, key)),
            host => Plan::Member(Box::new(host), key.to_owned()),
        };
        let way = host.way.map(|way| way.into_iter().chain([Step::Key(key.to_owned())]).collect());
        Ok(Typed { plan, ty, subject, way, text, outcome: Outcome::default() })
    }

    /// `has(host.key)`
    pub(super) fn has(&self, host: Typed, key: &str) -> Result<Typed, Refusal> {
        let (_, subject) = self.look_up(&host, key)?;
        let plan = match host.plan {
            Plan::Read(source, path) => Plan::Has(source, longer(path, key)),
            host => Plan::HasMember(Box::new(host), key.to_owned()),
        };
        let outcome = Outcome::when_true(subject.map(Fact::Present));
        Ok(Typed { outcome, ..Typed::value(plan, Kind::Bool) })
    }

    fn look_up(&self, host: &Typed, key: &str) -> Result<(Field, Option<Subject>), Refusal> {
        let operation = format!(".{key}");
        let is_host = |kind: &Kind| matches!(kind, Kind::Object | Kind::Any);
        self.needs(host, &operation, "an object", is_host)?;
        let anything = Field { ty: Type::any(), may_be_absent: true };
        let field = match &host.way {
            Some(way) if host.ty.kind == Kind::Object => {
                let below: Vec<Step> = way.iter().cloned().chain([Step::Key(key.to_owned())]).collect();
                let unknown = || Refusal::UnknownField {
                    field: text_below(host, key).unwrap_or_else(|| key.to_owned()),
                    advice: self.root.advice(way, key),
                };
                self.root.field(&below).ok_or_else(unknown)?
            }
            _ => anything,
        };
        Ok((field, host.subject.as_ref().map(|s| s.below(Hop::Key(key.to_owned())))))
    }

    /// `host[index]`
    pub(super) fn index(&mut self, host: &Syntax, index: &Syntax, place: Place) -> Checked {
        let host = self.check(host)?;
        if let Node::Literal(Literal::Text(key)) = &index.node {
            return self.member(host, key).map_err(|refusal| refusal.at(index.place));
        }
        let is_list = |kind: &Kind| matches!(kind, Kind::List(_) | Kind::Any);
        let expected = "a list, or a key in quotes";
        self.needs(&host, "[...]", expected, is_list).map_err(|refusal| refusal.at(place))?;
        let number = self.check(index)?;
        self.needs(&number, "[...]", "an integer", |kind| *kind == Kind::Int)
            .map_err(|refusal| refusal.at(index.place))?;
        let element = self.element(&host);
        let hop = match &index.node {
            Node::Literal(Literal::Int(n)) => Some(*n),
            _ => None,
        };
        let subject = host.subject.zip(hop).map(|(subject, n)| subject.below(Hop::Index(n)));
        let text = host.text.zip(hop).map(|(text, n)| format!("{text}[{n}]"));
        Ok(Typed {
            plan: Plan::Item(Box::new(host.plan), Box::new(number.plan)),
            ty: self.narrowed(element, subject.as_ref()),
            subject,
            way: host.way.map(|way| way.into_iter().chain([Step::Element]).collect()),
            text,
            outcome: Outcome::default(),
        })
    }

    /// What the elements of a list are.
    pub(super) fn element(&self, list: &Typed) -> Type {
        let Kind::List(element) = &list.ty.kind else { return Type::any() };
        let Some(way) = &list.way else { return (**element).clone() };
        let way: Vec<Step> = way.iter().cloned().chain([Step::Element]).collect();
        self.root.field(&way).map_or_else(Type::any, |field| field.ty)
    }

    /// `part in host`
    pub(super) fn contained(&mut self, part: &Syntax, host: &Syntax, place: Place) -> Checked {
        let part_typed = self.check(part)?;
        let list = self.check(host)?;
        not_null(&list).map_err(|refusal| refusal.at(place))?;
        let mut outcome = Outcome::default();
        match &list.ty.kind {
            Kind::List(_) => {
                let element = self.element(&list);
                if !element.may_equal(&part_typed.ty) {
                    let refusal = Refusal::Mixed { operation: "in", left: part_typed.ty, right: element };
                    return Err(refusal.at(place));
                }
            }
            Kind::Object => {
                self.needs(&part_typed, "in", "a text", |kind| *kind == Kind::String)
                    .map_err(|refusal| refusal.at(part.place))?;
                if let Node::Literal(Literal::Text(key)) = &part.node {
                    let subject = list.subject.as_ref().map(|s| s.below(Hop::Key(key.clone())));
                    outcome = Outcome::when_true(subject.map(Fact::Present));
                }
            }
            Kind::Any => {}
            _ => {
                let found = list.ty.clone();
                let expected = "a list or an object on its right";
                return Err(Refusal::WrongType { operation: "in".to_owned(), expected, found }.at(place));
            }
        }
        let plan = Plan::In(Box::new(part_typed.plan), Box::new(list.plan));
        Ok(super::bool_of(plan, outcome))
    }
}

fn longer(mut path: Vec<String>, key: &str) -> Vec<String> {
    path.push(key.to_owned());
    path
}

fn is_name(key: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    key.starts_with(letter) && key.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// How an expression calls a field.
fn text_below(host: &Typed, key: &str) -> Option<String> {
    let host = host.text.as_ref()?;
    if is_name(key) { Some(format!("{host}.{key}")) } else { Some(format!("{host}[{key:?}]")) }
}

/// How an expression asks for a field.
fn guard(host: &Typed, key: &str) -> String {
    let text = host.text.as_deref().unwrap_or("x");
    if is_name(key) { format!("has({text}.{key})") } else { format!("{key:?} in {text}") }
}
