//! Macros over lists: `all`, `exists`, `exists_one`, `map`, `filter`.

use super::error::EvaluateError;
use super::evaluate::{Evaluated, Evaluator};
use super::plan::Plan;
use super::syntax::FoldKind;
use super::value::CelValue;

impl<'a> Evaluator<'a> {
    pub(super) fn fold(
        &mut self,
        kind: FoldKind,
        items: Vec<CelValue<'a>>,
        condition: Option<&'a Plan>,
        result: Option<&'a Plan>,
    ) -> Evaluated<'a> {
        match kind {
            FoldKind::All => self.quantified(items, condition, false),
            FoldKind::Exists => self.quantified(items, condition, true),
            FoldKind::ExistsOne => {
                let mut count = 0_usize;
                for item in items {
                    let fits = |evaluator: &mut Self| evaluator.fits(condition);
                    count += usize::from(self.with(item, fits)?);
                }
                Ok(CelValue::Bool(count == 1))
            }
            FoldKind::Collect => {
                let mut collected = Vec::new();
                for item in items {
                    let collect = |evaluator: &mut Self| evaluator.collected(condition, result);
                    collected.extend(self.with(item, collect)?);
                }
                Ok(CelValue::List(collected))
            }
        }
    }

    /// `all` and `exists`: an element that decides makes good the errors of others.
    fn quantified(
        &mut self,
        items: Vec<CelValue<'a>>,
        condition: Option<&'a Plan>,
        decides: bool,
    ) -> Evaluated<'a> {
        let mut error: Option<EvaluateError> = None;
        for item in items {
            match self.with(item, |evaluator| evaluator.fits(condition)) {
                Ok(value) if value == decides => return Ok(CelValue::Bool(decides)),
                Ok(_) => {}
                Err(limit) if limit.is_limit() => return Err(limit),
                Err(other) => error = error.or(Some(other)),
            }
        }
        error.map_or(Ok(CelValue::Bool(!decides)), Err)
    }

    /// Does something with the variable set to an element.
    fn with<T>(&mut self, item: CelValue<'a>, part: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push(item);
        let done = part(self);
        self.locals.pop();
        done
    }

    fn fits(&mut self, condition: Option<&'a Plan>) -> Result<bool, EvaluateError> {
        self.spend(1)?;
        condition.map_or(Ok(true), |plan| self.bool(plan))
    }

    fn collected(
        &mut self,
        condition: Option<&'a Plan>,
        result: Option<&'a Plan>,
    ) -> Result<Option<CelValue<'a>>, EvaluateError> {
        if !self.fits(condition)? {
            return Ok(None);
        }
        match result {
            Some(plan) => self.value(plan).map(Some),
            None => Ok(self.locals.last().cloned()),
        }
    }
}
