//! What is kept: feedback, shown cards, snoozes, heads of audit chains. SQLite or PostgreSQL.
