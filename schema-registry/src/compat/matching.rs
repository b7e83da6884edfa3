//! A maximum matching between the branches of two lists.

/// Pairs that fit, as many as there can be, each branch in one of them at most. `fits` has a row for each
/// branch of the first list.
pub(crate) fn maximum(fits: &[Vec<bool>], columns: usize) -> Vec<(usize, usize)> {
    let mut taken: Vec<Option<usize>> = vec![None; columns];
    for row in 0..fits.len() {
        augment(fits, row, &mut taken, &mut vec![false; columns]);
    }
    let mut pairs: Vec<(usize, usize)> =
        taken.iter().enumerate().filter_map(|(column, row)| Some(((*row)?, column))).collect();
    pairs.sort_unstable();
    pairs
}

/// Finds a column for the row; rows that have one may move on to another.
fn augment(fits: &[Vec<bool>], row: usize, taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    let Some(fitting) = fits.get(row) else { return false };
    for (column, _) in fitting.iter().enumerate().filter(|(_, fits)| **fits) {
        let Some(was_seen) = seen.get_mut(column) else { continue };
        if std::mem::replace(was_seen, true) {
            continue;
        }
        let holder = taken.get(column).copied().flatten();
        if holder.is_none_or(|holder| augment(fits, holder, taken, seen)) {
            if let Some(place) = taken.get_mut(column) {
                *place = Some(row);
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rows: &[&str], expect: &[(usize, usize)]) {
        let fits: Vec<Vec<bool>> = rows.iter().map(|r| r.chars().map(|c| c == 'x').collect()).collect();
        assert_eq!(maximum(&fits, rows[0].len()), expect);
    }

    #[test]
    fn as_many_pairs_as_there_can_be() {
        check(&["x.", ".x"], &[(0, 0), (1, 1)]);
        check(&["xx", "x."], &[(0, 1), (1, 0)]);
        check(&["x..", "xx.", "xxx"], &[(0, 0), (1, 1), (2, 2)]);
        check(&["x.", "x."], &[(0, 0)]);
        check(&["..", ".."], &[]);
    }
}
