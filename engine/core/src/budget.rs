//! What a shadow build may take of the machine, while live reads and writes go on beside it.
//!
//! A budget is given with the order to build and stands in its record, so a restart builds within the same
//! one. It changes how fast a generation is there and whether it comes to be, never what is in it.
//!
//! Not here: keeping to it, which the builder in the node does.

use serde::{Deserialize, Serialize};

use crate::limits::{BUILD_BYTES_MIN, BUILD_RATE_MIN, BUILD_SHARE_DEFAULT};
use crate::refusal::{Code, Refusal};

/// What a shadow build may take. Without a part, that part is not bounded; without a share it is
/// [`BUILD_SHARE_DEFAULT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Records folded per second. Lower is gentler and takes longer; a build that is slower than what is
    /// published never ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    records_per_second: Option<u64>,
    /// Bytes of the generation, by its own estimate. A build that would take more fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes_max: Option<u64>,
    /// Percent of one processor's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share_percent: Option<u8>,
}

impl Budget {
    /// The budget of a build that somebody waits for to get away from what is active: the whole processor.
    pub const URGENT: Budget = Budget { records_per_second: None, bytes_max: None, share_percent: Some(100) };

    /// A budget of these parts.
    ///
    /// # Errors
    ///
    /// If a part is so small that the build would never come to an end.
    pub fn new(
        records_per_second: Option<u64>,
        bytes_max: Option<u64>,
        share_percent: Option<u8>,
    ) -> Result<Budget, Refusal> {
        if let Some(rate) = records_per_second.filter(|rate| *rate < BUILD_RATE_MIN) {
            let detail =
                format!("a build of {rate} records per second is under the minimum of {BUILD_RATE_MIN}");
            return Err(bad(detail).next("give it a higher rate, or a share of the processor"));
        }
        if let Some(bytes) = bytes_max.filter(|bytes| *bytes < BUILD_BYTES_MIN) {
            let detail = format!("a build within {bytes} bytes is under the minimum of {BUILD_BYTES_MIN}");
            return Err(bad(detail).next("give it more memory, or leave the bound out"));
        }
        if let Some(share) = share_percent.filter(|share| !(1..=100).contains(share)) {
            let detail = format!("a share of {share} percent is not between 1 and 100");
            return Err(bad(detail).next("give it a share of one processor in whole percent"));
        }
        Ok(Budget { records_per_second, bytes_max, share_percent })
    }

    /// Records folded per second at most.
    pub fn records_per_second(&self) -> Option<u64> {
        self.records_per_second
    }

    /// Bytes that the generation may take.
    pub fn bytes_max(&self) -> Option<u64> {
        self.bytes_max
    }

    /// Percent of one processor's time at most, from 1 to 100.
    pub fn share_percent(&self) -> u8 {
        self.share_percent.unwrap_or(BUILD_SHARE_DEFAULT).clamp(1, 100)
    }

    /// The same with the share that holds, for people.
    #[must_use]
    pub fn shown(self) -> Budget {
        Budget { share_percent: Some(self.share_percent()), ..self }
    }

    /// Whether nothing was said about any part.
    pub fn is_default(&self) -> bool {
        *self == Budget::default()
    }
}

fn bad(detail: String) -> Refusal {
    Refusal::new(Code::BadRequest, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(parts: (Option<u64>, Option<u64>, Option<u8>), expect: Result<&str, &str>) {
        let budget = Budget::new(parts.0, parts.1, parts.2);
        let json = budget.map(|budget| serde_json::to_string(&budget).expect("JSON"));
        let said = json.as_deref().map_err(|refusal| refusal.detail.as_str());
        assert_eq!(said, expect);
    }

    #[test]
    fn a_budget_has_a_minimum_in_each_part() {
        check((None, None, None), Ok("{}"));
        check((Some(100), None, Some(1)), Ok(r#"{"records_per_second":100,"share_percent":1}"#));
        check((None, Some(1 << 20), Some(100)), Ok(r#"{"bytes_max":1048576,"share_percent":100}"#));
        check((Some(99), None, None), Err("a build of 99 records per second is under the minimum of 100"));
        check((None, Some(1000), None), Err("a build within 1000 bytes is under the minimum of 1048576"));
        check((None, None, Some(0)), Err("a share of 0 percent is not between 1 and 100"));
        check((None, None, Some(101)), Err("a share of 101 percent is not between 1 and 100"));
    }

    #[test]
    fn a_budget_in_a_record_counts_as_it_stands() {
        let read = |json: &str| serde_json::from_str::<Budget>(json).expect("a budget");
        assert!(read("{}").is_default());
        assert_eq!(read("{}").share_percent(), BUILD_SHARE_DEFAULT);
        assert_eq!(read(r#"{"records_per_second":1}"#).records_per_second(), Some(1));
        assert_eq!(read(r#"{"share_percent":0}"#).share_percent(), 1);
    }
}
