-- How far the copy is: behind which event of which stream. One row; none at the first start.
CREATE TABLE IF NOT EXISTS users_position (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    stream   BIGINT NOT NULL, -- when the stream was made, in nanoseconds since 1970
    sequence BIGINT NOT NULL, -- of the event
    time     BIGINT NOT NULL  -- when the stream got the event; 0 where nobody knows
);
