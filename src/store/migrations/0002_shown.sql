-- Cards that were made: shown ones and, with another display reason, withheld ones.
-- patient: a keyed pseudonym; the store never sees an id of a patient.
CREATE TABLE shown (
    client         TEXT   NOT NULL,
    tenant         TEXT   NOT NULL,
    card           TEXT   NOT NULL,
    service        TEXT   NOT NULL,
    at             BIGINT NOT NULL,
    class          TEXT   NOT NULL CHECK (class IN ('at-or-above-cutoff', 'indeterminate', 'below-cutoff')),
    patient        TEXT   NOT NULL,
    display_reason TEXT   NOT NULL,
    PRIMARY KEY (client, tenant, card)
);
CREATE INDEX shown_patient ON shown (client, tenant, patient, at);
CREATE INDEX shown_at ON shown (at);
