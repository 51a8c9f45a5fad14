//! Tests of terminology.
