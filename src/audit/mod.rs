//! The audit trail: append-only JSON Lines, chained by HMAC.
