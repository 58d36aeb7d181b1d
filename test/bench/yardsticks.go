package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/crypto/bcrypt"
)

// yardsticks are what this program does in place of measuring when it is started with one of
// these names. Each is a process of its own, as the service is, and gets its settings from the
// environment, where a password is nobody else's to see.
var yardsticks = map[string]func(context.Context) error{
	"yardstick-http":      serveBare,
	"yardstick-bcrypt":    compareBare,
	"yardstick-publisher": publishAll,
}

func runYardstick(yardstick func(context.Context) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := yardstick(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// serveBare is the least that answers who bears a token: Fiber, the token's verification, one
// query, JSON.
func serveBare(ctx context.Context) error {
	size, err := strconv.ParseInt(os.Getenv("POOL"), 10, 32)
	if err != nil {
		return err
	}
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE"))
	if err != nil {
		return err
	}
	config.MaxConns, config.MinConns = int32(size), int32(size)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/hello", func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"hello": "world"}) })
	app.Get("/me-pgx", bareMe(pool, []byte(os.Getenv("SECRET"))))
	context.AfterFunc(ctx, func() { _ = app.Shutdown() }) // the process ends anyway
	return app.Listen(os.Getenv("ADDRESS"))
}

func bareMe(pool *pgxpool.Pool, secret []byte) fiber.Handler {
	type user struct {
		ID        uuid.UUID `json:"id"`
		Email     string    `json:"email"`
		Username  string    `json:"username"`
		CreatedAt time.Time `json:"createdAt"`
		UpdatedAt time.Time `json:"updatedAt"`
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	key := func(*jwt.Token) (any, error) { return secret, nil }
	return func(c *fiber.Ctx) error {
		token, ok := strings.CutPrefix(c.Get("Authorization"), "Bearer ")
		var claims jwt.RegisteredClaims
		if _, err := parser.ParseWithClaims(token, &claims, key); !ok || err != nil {
			return c.SendStatus(http.StatusUnauthorized)
		}
		id, err := uuid.Parse(claims.Subject)
		if err != nil {
			return c.SendStatus(http.StatusUnauthorized)
		}
		var u user
		row := pool.QueryRow(c.Context(), "SELECT id, email, username, created_at, updated_at FROM users WHERE id = $1", id)
		if err := row.Scan(&u.ID, &u.Email, &u.Username, &u.CreatedAt, &u.UpdatedAt); err != nil {
			return err
		}
		return c.JSON(u)
	}
}

// compareBare prints how many comparisons a second all CPUs make.
func compareBare(ctx context.Context) error {
	d, err := time.ParseDuration(os.Getenv("DURATION"))
	if err != nil {
		return err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		return err
	}
	w := newWindow(d)
	var compared atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for ctx.Err() == nil && time.Now().Before(w.to) {
				if bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil && w.holds(time.Now()) {
					compared.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return json.NewEncoder(os.Stdout).Encode(float64(compared.Load()) / d.Seconds())
}

// publishAll publishes as many messages as there are in a backlog.
func publishAll(ctx context.Context) error {
	nc, js, events, err := dial(ctx, os.Getenv("NATS_URL"), streamName)
	if err != nil {
		return err
	}
	defer nc.Close()
	return publishBare(ctx, js, events)
}

// copyOf is a message like m that the stream does not take for a repeat.
func copyOf(m *jetstream.RawStreamMsg) *natsgo.Msg {
	header := maps.Clone(m.Header)
	header[jetstream.MsgIDHeader] = []string{uuid.NewString()}
	return &natsgo.Msg{Subject: "bare.created", Header: header, Data: m.Data}
}
