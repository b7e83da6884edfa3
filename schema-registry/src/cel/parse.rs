//! The text of an expression, read by the `cel` crate, as a tree of this package's own.
//!
//! The crate's parser is kept in here: it gets only what `scan` has bounded, a panic in it is an error like
//! any other, and what it returns is taken over part by part. It resolves macros into loops over an
//! accumulator; they are recognised again, so that a loop is nothing but a macro over a list.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::parser::{ParseErrors, PrattParser};

use super::EXPRESSION_DEPTH_MAX;
use super::error::{ExpressionError, Place, Refusal};
use super::place::Places;
use super::scan::scan;
use super::syntax::{Binary, Fold, FoldKind, Literal, Node, Syntax};

/// What the parser calls the accumulator of a macro.
const ACCUMULATOR: &str = "@result";

/// Reads an expression.
pub(super) fn parse(source: &str) -> Result<Syntax, ExpressionError> {
    let tokens = scan(source)?;
    // The parser has no state that a panic could leave half changed.
    let parsed = catch_unwind(AssertUnwindSafe(|| PrattParser::new().parse(source)));
    let tree = match parsed {
        Ok(Ok(tree)) => tree,
        Ok(Err(errors)) => return Err(syntax_error(source, &errors)),
        Err(_) => return Err(Refusal::ParserFailed.anywhere()),
    };
    take_over(tree, &mut Places::new(&tokens), 0)
}

fn syntax_error(source: &str, errors: &ParseErrors) -> ExpressionError {
    let Some(error) = errors.errors.first() else { return Refusal::Unreadable.anywhere() };
    let message = error.msg.trim_start_matches("Syntax error: ").replace('\'', "`");
    let refusal = Refusal::Syntax { message: message.replace("`<EOF>`", "the end") };
    let (line, column) = error.pos;
    let line_no = usize::try_from(line).unwrap_or(0);
    let bytes = usize::try_from(column).unwrap_or(0).saturating_sub(1);
    let Some(text) = line_no.checked_sub(1).and_then(|n| source.split('\n').nth(n)) else {
        return refusal.anywhere();
    };
    let before = text.char_indices().take_while(|(at, _)| *at < bytes).count();
    refusal.at(Place { line: line_no, column: before + 1 })
}

fn take_over(tree: IdedExpr, places: &mut Places<'_>, depth: usize) -> Result<Syntax, ExpressionError> {
    let depth = depth + 1;
    if depth > EXPRESSION_DEPTH_MAX {
        return Err(Refusal::TooDeep { depth_max: EXPRESSION_DEPTH_MAX }.anywhere());
    }
    let (place, node) = match tree.expr {
        Expr::Literal(literal) => {
            let place = places.literal();
            (place, Node::Literal(literal_of(literal).map_err(|refusal| refusal.at(place))?))
        }
        Expr::Ident(name) => (places.text(&name), Node::Name(name)),
        Expr::Select(select) => {
            let host = Box::new(take_over(*select.operand, places, depth)?);
            let place = places.text(&select.field);
            let node = if select.test { Node::Has } else { Node::Member };
            (place, node(host, select.field))
        }
        Expr::List(list) => {
            let place = places.text("[");
            (place, Node::List(all(list.elements, places, depth)?))
        }
        Expr::Call(call) => return call_of(call, places, depth),
        Expr::Comprehension(loop_) => return fold_of(*loop_, places, depth),
        Expr::Map(_) => return Err(Refusal::unsupported("a map literal").at(places.text("{"))),
        Expr::Struct(_) => return Err(Refusal::unsupported("a message literal").at(places.text("{"))),
        Expr::Unspecified => return Err(Refusal::Unreadable.anywhere()),
    };
    Ok(Syntax { place, node })
}

fn literal_of(literal: LiteralValue) -> Result<Literal, Refusal> {
    Ok(match literal {
        LiteralValue::Null => Literal::Null,
        LiteralValue::Boolean(value) => Literal::Bool(*value.inner()),
        LiteralValue::Int(value) => Literal::Int(*value.inner()),
        LiteralValue::Double(value) => Literal::Double(*value.inner()),
        LiteralValue::String(value) => Literal::Text(value.inner().to_owned()),
        LiteralValue::UInt(_) => return Err(Refusal::Unsigned),
        LiteralValue::Bytes(_) => return Err(Refusal::Bytes),
    })
}

fn all(trees: Vec<IdedExpr>, places: &mut Places<'_>, depth: usize) -> Result<Vec<Syntax>, ExpressionError> {
    trees.into_iter().map(|tree| take_over(tree, places, depth)).collect()
}

/// The operator of a name, with the sign that stands between its two sides.
fn binary(name: &str) -> Option<Binary> {
    Some(match name {
        operators::LOGICAL_AND => Binary::And,
        operators::LOGICAL_OR => Binary::Or,
        operators::ADD => Binary::Add,
        operators::SUBSTRACT => Binary::Subtract,
        operators::MULTIPLY => Binary::Multiply,
        operators::DIVIDE => Binary::Divide,
        operators::MODULO => Binary::Modulo,
        operators::EQUALS => Binary::Equal,
        operators::NOT_EQUALS => Binary::NotEqual,
        operators::LESS => Binary::Less,
        operators::LESS_EQUALS => Binary::LessEqual,
        operators::GREATER => Binary::Greater,
        operators::GREATER_EQUALS => Binary::GreaterEqual,
        operators::IN => Binary::In,
        _ => return None,
    })
}

fn call_of(call: CallExpr, places: &mut Places<'_>, depth: usize) -> Result<Syntax, ExpressionError> {
    let CallExpr { func_name: function, target, args } = call;
    let method = target.is_some();
    let mut arguments = match target {
        Some(host) => vec![take_over(*host, places, depth)?],
        None => Vec::new(),
    };
    let mut rest = args.into_iter();
    let mut next = |places: &mut Places<'_>| match rest.next() {
        Some(tree) => take_over(tree, places, depth).map(Box::new),
        None => Err(Refusal::Unreadable.anywhere()),
    };
    let (place, node) = match function.as_str() {
        _ if method => (places.text(&function), None),
        operators::LOGICAL_NOT => (places.text("!"), Some(Node::Not(next(places)?))),
        operators::NEGATE => (places.text("-"), Some(Node::Negate(next(places)?))),
        operators::INDEX => {
            let host = next(places)?;
            (places.text("["), Some(Node::Index(host, next(places)?)))
        }
        operators::CONDITIONAL => {
            let condition = next(places)?;
            let place = places.text("?");
            (place, Some(Node::If(condition, next(places)?, next(places)?)))
        }
        name => match binary(name) {
            Some(operator) => {
                let left = next(places)?;
                let place = places.text(operator.sign());
                (place, Some(Node::Binary(operator, left, next(places)?)))
            }
            None => (places.text(name), None),
        },
    };
    if let Some(node) = node {
        return Ok(Syntax { place, node });
    }
    for tree in rest {
        arguments.push(take_over(tree, places, depth)?);
    }
    Ok(Syntax { place, node: Node::Call { function, method, arguments } })
}

/// The macro that a loop was made of.
fn fold_of(
    tree: ComprehensionExpr,
    places: &mut Places<'_>,
    depth: usize,
) -> Result<Syntax, ExpressionError> {
    let list = take_over(tree.iter_range, places, depth)?;
    let place = places.name();
    let variable = tree.iter_var;
    places.text(&variable);
    let unknown = || Refusal::unsupported("this macro").at(place);
    if tree.iter_var2.is_some() {
        return Err(unknown());
    }
    let (kind, condition, result) = parts(&tree.accu_init.expr, tree.loop_step.expr).ok_or_else(unknown)?;
    let mut below = |tree: Option<IdedExpr>| tree.map(|t| take_over(t, places, depth)).transpose();
    let condition = below(condition)?;
    let result = below(result.filter(|r| !matches!(&r.expr, Expr::Ident(name) if *name == variable)))?;
    let fold = Fold { kind, list, variable, condition, result };
    Ok(Syntax { place, node: Node::Fold(Box::new(fold)) })
}

type Parts = (FoldKind, Option<IdedExpr>, Option<IdedExpr>);

/// What a loop does, by what its accumulator starts with and how it goes on.
fn parts(start: &Expr, step: Expr) -> Option<Parts> {
    let Expr::Call(step) = step else { return None };
    let collects = matches!(start, Expr::List(list) if list.elements.is_empty());
    let mut arguments = step.args.into_iter();
    match (start, step.func_name.as_str()) {
        (Expr::Literal(LiteralValue::Boolean(_)), operators::LOGICAL_AND | operators::LOGICAL_OR) => {
            let kind =
                if step.func_name == operators::LOGICAL_AND { FoldKind::All } else { FoldKind::Exists };
            let accumulator = arguments.next()?;
            is_accumulator(&accumulator.expr).then_some((kind, arguments.next(), None))
        }
        (Expr::Literal(LiteralValue::Int(_)), operators::CONDITIONAL) => {
            Some((FoldKind::ExistsOne, arguments.next(), None))
        }
        (_, operators::CONDITIONAL) if collects => {
            let condition = arguments.next()?;
            Some((FoldKind::Collect, Some(condition), Some(appended(arguments.next()?.expr)?)))
        }
        (_, operators::ADD) if collects => {
            let call = CallExpr { func_name: step.func_name, target: None, args: arguments.collect() };
            Some((FoldKind::Collect, None, Some(appended(Expr::Call(call))?)))
        }
        _ => None,
    }
}

/// The one element that is added to the accumulator.
fn appended(tree: Expr) -> Option<IdedExpr> {
    let Expr::Call(call) = tree else { return None };
    let mut arguments = call.args.into_iter();
    let accumulator = arguments.next()?;
    let Expr::List(list) = arguments.next()?.expr else { return None };
    is_accumulator(&accumulator.expr).then(|| list.elements.into_iter().next())?
}

fn is_accumulator(tree: &Expr) -> bool {
    matches!(tree, Expr::Ident(name) if name == ACCUMULATOR)
}
