-- How far the stream was read: the sequence of the last event that was applied. The durable
-- consumer knows a sequence too, but moves on where events leave the stream unread.
CREATE TABLE IF NOT EXISTS stream_position (
    id       INTEGER PRIMARY KEY CHECK (id = 1), -- one row
    sequence BIGINT NOT NULL
);
