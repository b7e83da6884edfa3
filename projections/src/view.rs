//! A view: rows by key, and pages of them in the order of an index.

use selfsame_record::Digest;

use crate::index::{self, Index, Place, Range};
use crate::query::{Page, Query, QueryError};
use crate::row::{Column, RowRef};
use crate::table::Table;

/// The rows of a projection of kind `view`.
#[derive(Debug)]
pub struct View {
    pub(crate) table: Table,
}

impl View {
    /// The row with this key.
    pub fn get(&self, key: &str) -> Option<RowRef<'_>> {
        self.table.get(key)
    }

    /// One page of the rows that the query asks for.
    ///
    /// # Errors
    ///
    /// If the query does not fit the view's indexes and their columns.
    pub fn query(&self, query: &Query) -> Result<Page, QueryError> {
        query.check_limit()?;
        let number = self.find_index(query)?;
        let Some(index) = self.table.index(number) else {
            return Ok(Page { rows: vec![], next: None });
        };
        let columns: Vec<&Column> = self.columns_of(index).collect();
        let range = query.range(&columns)?;
        if !index::is_forward(&range) {
            return Ok(Page { rows: vec![], next: None });
        }
        let missing = self.table.missing(number);
        let mut places = merge(index, &range, missing.iter(), query.descending, query.limit + 1);
        let more = places.len() > query.limit;
        places.truncate(query.limit);
        let next = places.last().filter(|_| more).map(|place| query.write_cursor(&columns, place));
        let keys = places.into_iter().filter_map(|place| place.key.as_deref());
        let rows = keys.filter_map(|key| Some((key.to_owned(), self.get(key)?.to_json()))).collect();
        Ok(Page { rows, next })
    }

    fn find_index(&self, query: &Query) -> Result<usize, QueryError> {
        let is_asked_for = |index: &Index| self.columns_of(index).map(|c| &*c.name).eq(&query.index);
        self.table.indexes().iter().position(is_asked_for).ok_or_else(|| {
            let lists = self.indexes().map(|columns| format!("`{}`", columns.join(",")));
            let known = std::iter::once("the keys".to_owned()).chain(lists).collect::<Vec<_>>().join(", ");
            QueryError::UnknownIndex { index: query.index.join(","), known }
        })
    }

    fn columns_of<'a>(&'a self, index: &'a Index) -> impl Iterator<Item = &'a Column> {
        index.columns().iter().filter_map(|column| self.table.columns().get(usize::from(*column)))
    }

    /// The columns of each index that the document declares.
    pub fn indexes(&self) -> impl Iterator<Item = Vec<&str>> {
        let declared = self.table.indexes().iter().filter(|index| !index.columns().is_empty());
        declared.map(|index| self.columns_of(index).map(|column| &*column.name).collect())
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.table.len() == 0
    }

    /// All rows with their keys, in an order that says nothing and is the same in every replay.
    pub fn iter(&self) -> impl Iterator<Item = (&str, RowRef<'_>)> {
        self.table.iter()
    }

    /// The columns that a row can have.
    pub fn columns(&self) -> &[Column] {
        self.table.columns()
    }

    /// The digest over all rows.
    pub fn digest(&self) -> Digest {
        self.table.digest()
    }
}

/// The first places of the range, out of the index and those that wait to enter it.
fn merge<'a>(
    index: &'a Index,
    range: &Range,
    missing: impl DoubleEndedIterator<Item = &'a Place>,
    descending: bool,
    limit: usize,
) -> Vec<&'a Place> {
    let missing = missing.filter(|place| index::contains(range, place));
    let mut places: Vec<&Place> = if descending {
        index.range(range).rev().take(limit).chain(missing.rev().take(limit)).collect()
    } else {
        index.range(range).take(limit).chain(missing.take(limit)).collect()
    };
    // Both parts are in order, which a stable sort makes use of.
    places.sort_by(|a, b| if descending { b.cmp(a) } else { a.cmp(b) });
    places.truncate(limit);
    places
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::cell::Cell;
    use crate::limits::PAGE_ROWS_MAX;
    use crate::row::ColumnKind;
    use crate::table::Change;

    /// Columns `n` (integers), `t` (texts), `w` (moments), `x` (numbers); indexes by (t, n), by x and by w.
    fn view(rows: &[(&str, [Cell; 4])]) -> View {
        let column = |name: &str, kind| Column { name: name.into(), kind };
        let columns = [
            column("n", ColumnKind::Integer),
            column("t", ColumnKind::Text),
            column("w", ColumnKind::Time),
            column("x", ColumnKind::Number),
        ];
        let indexes = vec![Index::new(&[]), Index::new(&[1, 0]), Index::new(&[3]), Index::new(&[2])];
        let mut table = Table::new(columns.into(), indexes);
        for (i, (key, cells)) in rows.iter().enumerate() {
            let changes: Vec<_> = (0..).zip(cells.iter().cloned().map(Change::Put)).collect();
            table.apply(key, table.find(key), changes.into_iter(), 0);
            if i == rows.len() / 2 {
                // The other half waits to enter the indexes: reads must not show it.
                table.settle();
            }
        }
        View { table }
    }

    fn row(n: i64, t: &str) -> [Cell; 4] {
        let t = if t.is_empty() { Cell::Absent } else { Cell::Text(t.into()) };
        let lexeme = if n % 2 == 0 { Cell::Number(format!("{n}.0").into()) } else { Cell::Int(n) };
        [Cell::Int(n), t, Cell::Time(selfsame_record::Micros(n * 1_000_000)), lexeme]
    }

    fn people() -> View {
        view(&[
            ("a", row(3, "de")),
            ("b", row(1, "en")),
            ("c", row(2, "de")),
            ("d", row(10, "de")),
            ("e", row(5, "")),
            ("f", [Cell::Null, Cell::Null, Cell::Null, Cell::Null]),
        ])
    }

    fn query(index: &str, equal: &[(&str, &str)], from: &str, until: &str) -> Query {
        let owned = |text: &str| if text.is_empty() { None } else { Some(text.to_owned()) };
        Query {
            index: index.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            equal: equal.iter().map(|(c, v)| ((*c).to_owned(), (*v).to_owned())).collect(),
            from: owned(from),
            until: owned(until),
            descending: false,
            limit: 100,
            after: None,
        }
    }

    fn keys(view: &View, query: &Query) -> Result<String, String> {
        let page = view.query(query).map_err(|e| e.to_string())?;
        Ok(page.rows.into_iter().map(|(key, _)| key).collect())
    }

    #[track_caller]
    fn check(index: &str, equal: &[(&str, &str)], from: &str, until: &str, expect: Result<&str, &str>) {
        let (view, mut query) = (people(), query(index, equal, from, until));
        let expect = expect.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(keys(&view, &query), expect);
        query.descending = true;
        let backwards = expect.map(|keys| keys.chars().rev().collect());
        assert_eq!(keys(&view, &query), backwards, "descending");
    }

    #[test]
    fn a_query_is_a_range_of_an_index() {
        check("", &[], "", "", Ok("abcdef"));
        check("", &[], "b", "e", Ok("bcd"));
        check("", &[], "e", "b", Ok(""));
        check("t,n", &[], "", "", Ok("efcadb"));
        check("t,n", &[("t", "de")], "", "", Ok("cad"));
        check("t,n", &[("t", "de")], "3", "", Ok("ad"));
        check("t,n", &[("t", "de")], "", "3", Ok("c"));
        check("t,n", &[("t", "de")], "2.5", "1e1", Ok("a"));
        check("t,n", &[("t", "de"), ("n", "3.0")], "", "", Ok("a"));
        check("t,n", &[("t", "xx")], "", "", Ok(""));
        check("t,n", &[], "e", "", Ok("b"));
        check("t,n", &[], "", "e", Ok("cad"));
        check("x", &[("x", "2")], "", "", Ok("c"));
        check("x", &[], "2", "10", Ok("cae"));
        check("w", &[], "1970-01-01T00:00:02Z", "1970-01-01T00:00:05Z", Ok("ca"));
        check("w", &[("w", "10000000")], "", "", Ok("d"));
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let known = "its indexes are the keys, `t,n`, `x`, `w`";
        check("n", &[], "", "", Err(&format!("the view has no index over `n`: {known}")));
        check("t", &[], "", "", Err(&format!("the view has no index over `t`: {known}")));
        let prefix = "`n` is not column 1 of the index `t,n`: fix its columns in their order";
        check("t,n", &[("n", "1")], "", "", Err(prefix));
        check(
            "",
            &[("t", "x")],
            "",
            "",
            Err("the order of the keys has no column `t`: name an index that begins with it"),
        );
        let full = "every column of the index `x` has a value already: leave `from` and `until` out";
        check("x", &[("x", "1")], "1", "", Err(full));
        check("x", &[], "one", "", Err("`one` is not a value of `x`: give a JSON number"));
        let time = "`soon` is not a value of `w`: give an RFC 3339 time, or microseconds since 1970";
        check("w", &[], "", "soon", Err(time));
    }

    #[test]
    fn a_page_has_a_limit() {
        for (limit, ok) in [(0, false), (1, true), (PAGE_ROWS_MAX, true), (PAGE_ROWS_MAX + 1, false)] {
            let query = Query { limit, ..Query::default() };
            assert_eq!(people().query(&query).is_ok(), ok, "{limit}");
        }
    }

    #[test]
    fn a_page_holds_rows_and_says_where_the_next_begins() {
        let view = people();
        let mut query = Query { limit: 5, ..query("t,n", &[], "", "") };
        let first = view.query(&query).unwrap();
        let expect =
            ("c".to_owned(), r#"{"n":2,"t":"de","w":"1970-01-01T00:00:02.000000Z","x":2.0}"#.to_owned());
        assert_eq!(first.rows[2], expect);
        query.after = first.next;
        let second = view.query(&query).unwrap();
        assert_eq!((second.rows.len(), &*second.rows[0].0, second.next), (1, "b", None));
    }

    #[test]
    fn a_cursor_of_another_query_is_refused() {
        let view = people();
        let first = view.query(&Query { limit: 1, ..query("t,n", &[], "", "") }).unwrap().next.unwrap();
        let with =
            |after: &str, query: Query| view.query(&Query { after: Some(after.to_owned()), ..query }).err();
        assert_eq!(with(&first, query("t,n", &[], "", "")), None);
        let cut = &first[..first.len() - 2];
        let others = [
            (first.as_str(), query("x", &[], "", "")),
            (&first, query("", &[], "", "")),
            (&first, Query { descending: true, ..query("t,n", &[], "", "") }),
            (&first, query("t,n", &[("t", "en")], "", "")),
            (cut, query("t,n", &[], "", "")),
            ("", query("t,n", &[], "", "")),
            ("zz", query("t,n", &[], "", "")),
            ("é", query("t,n", &[], "", "")),
        ];
        for (after, query) in others {
            assert_eq!(with(after, query.clone()), Some(QueryError::Cursor), "{after} for {query:?}");
        }
    }

    proptest! {
        #[test]
        fn pages_together_are_the_sorted_rows(
            rows in proptest::collection::btree_map("[a-d]{1,2}", (0..5i64, "[xy]?"), 0..20),
            limit in 1..5usize,
            descending in any::<bool>(),
            from in 0..5i64,
        ) {
            let cells: Vec<_> = rows.iter().map(|(key, (n, t))| (key.as_str(), row(*n, t))).collect();
            let view = view(&cells);
            let mut query = Query { descending, limit, ..query("t,n", &[("t", "x")], &from.to_string(), "") };
            let mut got = vec![];
            loop {
                let page = view.query(&query).unwrap();
                got.extend(page.rows.into_iter().map(|(key, _)| key));
                let Some(next) = page.next else { break };
                query.after = Some(next);
            }
            let scan = rows.iter().filter(|(_, (n, t))| t == "x" && *n >= from);
            let sorted: BTreeSet<(i64, &str)> = scan.map(|(key, (n, _))| (*n, key.as_str())).collect();
            let mut expect: Vec<&str> = sorted.into_iter().map(|(_, key)| key).collect();
            if descending {
                expect.reverse();
            }
            prop_assert_eq!(got, expect);
        }
    }
}
