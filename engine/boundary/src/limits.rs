//! Every limit of a boundary's files. `docs/operations.md` lists them.

/// Bytes of `boundary.toml`.
pub const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of `policy.cedar`, and of `policy.cedarschema`.
pub const POLICY_BYTES_MAX: usize = 256 * 1024;
/// Bytes of `boundary.sig`, and of a file with a key.
pub const SEAL_BYTES_MAX: usize = 4096;
/// Principals that a boundary names.
pub const MEMBERS_MAX: usize = 1000;
/// Bearer tokens of one principal: the one in use, and those that come and go.
pub const TOKENS_PER_MEMBER_MAX: usize = 8;
/// Roles of one principal.
pub const ROLES_PER_MEMBER_MAX: usize = 32;
/// Protected event types, and protected projections.
pub const PROTECTED_MAX: usize = 256;
/// Rules of a policy.
pub const RULES_MAX: usize = 256;
/// Bytes of a text that names something: an instance, an owner, a role, a rule.
pub const TEXT_BYTES_MAX: usize = 128;
/// Operators who have to agree to one change.
pub const QUORUM_MAX: u32 = 16;
/// How long an approval counts: at least a minute, at most 30 days.
pub const TTL_MS_MIN: u64 = 60 * 1000;
/// See above.
pub const TTL_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;
/// Requests per second, and at once, that a limit may say.
pub const RATE_MAX: u32 = 1_000_000;
