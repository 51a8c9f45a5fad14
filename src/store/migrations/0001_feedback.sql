-- One schema for SQLite and PostgreSQL. Instants are microseconds since 1970 UTC; '' means none.
-- identity: SHA-256 (hex) over what makes an item the same item, so that a repeated one is kept once.
CREATE TABLE feedback (
    client        TEXT   NOT NULL,
    tenant        TEXT   NOT NULL,
    identity      TEXT   NOT NULL,
    service       TEXT   NOT NULL,
    card          TEXT   NOT NULL,
    received      BIGINT NOT NULL,
    outcome       TEXT   NOT NULL CHECK (outcome IN ('accepted', 'overridden')),
    outcome_at    BIGINT NOT NULL,
    suggestions   TEXT   NOT NULL, -- JSON array of ids
    reason_system TEXT   NOT NULL,
    reason_code   TEXT   NOT NULL,
    comment       TEXT,
    PRIMARY KEY (client, tenant, identity)
);
CREATE INDEX feedback_card ON feedback (client, tenant, card);
CREATE INDEX feedback_received ON feedback (received);
