package userstore

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"gofiber-auth/pkg/userevents"
)

// Position returns the place in the stream that the copy is behind; zero at the first start.
func (s *Store) Position(ctx context.Context) (userevents.Position, error) {
	return position(ctx, s.db)
}

// Begin begins with what the stream has, at the first start or behind a gap that nothing
// fills: the copy stays as it is, and its position becomes to, which is the gap's Begin, or
// its End for what is new alone. It does nothing if another instance was first.
func (s *Store) Begin(ctx context.Context, gap userevents.Gap, to userevents.Position) error {
	return inTransaction(ctx, s.db, func(tx *sql.Tx) error {
		_, err := move(ctx, tx, gap.Was, to)
		return err
	})
}

func position(ctx context.Context, db querier) (userevents.Position, error) {
	var stream, sequence, at int64
	err := db.QueryRowContext(ctx, `SELECT stream, sequence, time FROM users_position`).Scan(&stream, &sequence, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return userevents.Position{}, nil
	}
	if err != nil {
		return userevents.Position{}, err
	}
	p := userevents.Position{Stream: time.Unix(0, stream).UTC(), Sequence: uint64(max(sequence, 0))}
	if at != 0 {
		p.Time = time.Unix(0, at).UTC()
	}
	return p, nil
}

// advance moves the position to an event that follows it. It returns false for one that the
// copy has, and userevents.ErrGap for one before which others are missing.
func advance(ctx context.Context, tx *sql.Tx, to userevents.Position) (bool, error) {
	stream, sequence, at := columns(to)
	moved, err := tx.ExecContext(ctx,
		`UPDATE users_position SET sequence = $1, time = $2 WHERE stream = $3 AND sequence = $4`, sequence, at, stream, sequence-1)
	if err != nil {
		return false, err
	}
	if rows, err := moved.RowsAffected(); err != nil || rows == 1 {
		return rows == 1, err
	}
	is, err := position(ctx, tx)
	if err == nil && (!is.Stream.Equal(to.Stream) || is.Sequence < to.Sequence) {
		err = userevents.ErrGap
	}
	return false, err
}

// move changes the position from one place to another, and returns false if it is not at the
// one any more. The copy is then another instance's, until the transaction ends this one's:
// everything that changes it changes the position first.
func move(ctx context.Context, tx *sql.Tx, was, to userevents.Position) (bool, error) {
	stream, sequence, at := columns(to)
	var moved sql.Result
	var err error
	if was.Stream.IsZero() {
		moved, err = tx.ExecContext(ctx, `INSERT INTO users_position (one, stream, sequence, time) VALUES (1, $1, $2, $3)
			ON CONFLICT (one) DO NOTHING`, stream, sequence, at)
	} else {
		wasStream, wasSequence, _ := columns(was)
		moved, err = tx.ExecContext(ctx, `UPDATE users_position SET stream = $1, sequence = $2, time = $3
			WHERE stream = $4 AND sequence = $5`, stream, sequence, at, wasStream, wasSequence)
	}
	if err != nil {
		return false, err
	}
	rows, err := moved.RowsAffected()
	return rows == 1, err
}

func columns(p userevents.Position) (stream, sequence, at int64) {
	if !p.Time.IsZero() {
		at = p.Time.UnixNano()
	}
	return p.Stream.UnixNano(), int64(min(p.Sequence, math.MaxInt64)), at
}

// querier is a database or a transaction in it.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
