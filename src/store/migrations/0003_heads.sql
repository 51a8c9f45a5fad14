-- How far each instance's audit chain reaches, kept apart from the log so that a cut tail is noticed.
CREATE TABLE heads (
    instance TEXT   NOT NULL PRIMARY KEY,
    entries  BIGINT NOT NULL,
    hash     TEXT   NOT NULL
);
