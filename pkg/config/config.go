// Package config reads the configuration from the environment. Its variables and their
// defaults are listed in README.md and .env.example.
package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Environment is APP_ENV.
type Environment string

// The environments. Test has development's defaults and allows low hash costs.
const (
	Development Environment = "development"
	Test        Environment = "test"
	Production  Environment = "production"
)

// Config is a whole configuration without faults.
type Config struct {
	App      App
	Log      Log
	HTTP     HTTP
	DataDir  string   // where the embedded defaults keep their files
	Database Database // URL is empty: embedded
	NATS     NATS     // URL is empty: embedded
	RedisURL Secret   // empty: in the memory of this process
	Tokens   Tokens
	OAuth    OAuth
	Hashing  Hashing
	Internal Internal
	HTTPSync HTTPSync
	Mail     Mail
	Breach   Breach

	RateLimits     bool
	Registration   Registration
	RefreshCookie  CookieMode
	RefreshGrace   time.Duration // how long a used refresh token is answered with its successor
	AuditRetention time.Duration // after which entries of the audit log go
}

// RegistrationMode is REGISTRATION.
type RegistrationMode string

// The registration modes.
const (
	RegistrationOpen     RegistrationMode = "open"     // an account at once, its address unproved
	RegistrationVerified RegistrationMode = "verified" // an account once its address is proved
	RegistrationClosed   RegistrationMode = "closed"   // admins and authctl only
)

// Registration is how accounts come to be.
type Registration struct {
	Mode    RegistrationMode
	Domains []string // of e-mail addresses, in lower case; none: any
}

// CookieMode is REFRESH_COOKIE.
type CookieMode string

// The cookie modes: whether a refresh token travels as a cookie in place of a body.
const (
	CookieAsk    CookieMode = "ask" // where the request has refreshCookie
	CookieAlways CookieMode = "true"
	CookieNever  CookieMode = "false"
)

// App names this instance.
type App struct {
	Name string
	Env  Environment
	Host string
	Port int
}

// Address is where the service listens.
func (a App) Address() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// Log is how much is logged and in which form.
type Log struct {
	Level  string // debug, info, warn, error
	Format string // json, text, or empty: text on a terminal, json elsewhere
}

// HTTP is what the edge needs to know of the world in front of it.
type HTTP struct {
	FrontendURL    *url.URL // where browsers are sent back to, and what CORSOrigins are by default
	CORSOrigins    []string
	TrustedProxies []netip.Prefix
}

// NATS is the event bus and its stream.
type NATS struct {
	URL          Secret // comma-separated; may hold credentials; empty: embedded
	EmbeddedAddr string
	Stream       string
	Subject      string
	Replicas     int
	MaxAge       time.Duration
}

// Tokens is how access and refresh tokens are made.
type Tokens struct {
	Secret           Secret // at least 32 bytes; empty: made once, kept in DataDir
	Issuer           string
	Audience         string
	ExpiresIn        time.Duration
	RefreshExpiresIn time.Duration
	EncryptionKeys   []Secret // of 32 bytes, for what is kept of providers' tokens: the first encrypts, all decrypt; none: one made once, kept in DataDir
}

// Hashing is what passwords cost. 0 workers or queue: sized for the machine.
type Hashing struct {
	Cost    int
	Workers int
	Queue   int
}

// Internal is how other services of the system come in.
type Internal struct {
	SyncToken Secret // at least 32 bytes; empty: they do not
}

// HTTPSync is where each event is POSTed besides the bus.
type HTTPSync struct {
	URL    Secret // may hold credentials; empty: nowhere
	Secret Secret // signs what is sent; at least 32 bytes
}

// Load reads the configuration through getenv, which returns "" for what is not set. The
// error is a Faults with every fault at once.
func Load(getenv func(string) string) (Config, error) {
	r := &reader{getenv: getenv, seen: map[string]string{}}
	c := r.config()
	if len(r.faults) > 0 {
		return Config{}, r.faults
	}
	return c, nil
}

// config reads all variables.
func (r *reader) config() Config {
	c := Config{App: r.app()}
	production := c.App.Env == Production
	r.production = production
	c.Log = Log{
		Level:  r.oneOf("LOG_LEVEL", "info", "debug", "info", "warn", "error"),
		Format: r.oneOf("LOG_FORMAT", "", "", "json", "text"),
	}
	c.HTTP = r.http(c.App.Port)
	c.DataDir = r.text("DATA_DIR", "./data")
	c.Database = r.database(production)
	c.NATS = r.nats()
	c.Tokens = Tokens{
		Secret:           r.secret("JWT_SECRET", 32),
		Issuer:           r.text("JWT_ISSUER", c.App.Name),
		Audience:         r.text("JWT_AUDIENCE", c.App.Name),
		ExpiresIn:        r.duration("JWT_EXPIRES_IN", 15*time.Minute, time.Second),
		RefreshExpiresIn: r.duration("REFRESH_EXPIRES_IN", 720*time.Hour, time.Second),
		EncryptionKeys:   r.keys("TOKEN_ENCRYPTION_KEY"),
	}
	c.OAuth = r.oauth(c.App.Port)
	if u := r.url("REDIS_URL", "", "redis", "rediss"); u != nil {
		c.RedisURL = Secret(u.String())
		if strings.Contains(u.Host, ",") {
			r.fault("REDIS_URL", "must name one host")
		}
	}
	c.Hashing = r.hashing(c.App.Env)
	c.Internal = Internal{SyncToken: r.bearer("SYNC_TOKEN", 32)}
	c.HTTPSync = r.httpSync()
	c.Mail = r.mail(c.App.Name, c.HTTP.FrontendURL)
	c.Breach = Breach{
		Closed: r.oneOf("BREACH_CHECK_FAIL", "open", "open", "closed") == "closed",
	}
	if u := r.url("BREACH_CHECK_URL", "", "http", "https"); u != nil {
		c.Breach.URL = Secret(u.String())
	}
	c.RateLimits = r.boolean("RATE_LIMIT_ENABLED", true)
	c.Registration = r.registration()
	c.RefreshCookie = CookieMode(r.oneOf("REFRESH_COOKIE", string(CookieAsk), string(CookieAsk), string(CookieAlways), string(CookieNever)))
	c.RefreshGrace = r.grace("REFRESH_GRACE", 30*time.Second, 5*time.Minute)
	c.AuditRetention = r.duration("AUDIT_RETENTION", 4320*time.Hour, time.Hour)
	if production {
		r.demand("FRONTEND_URL", c.HTTP.FrontendURL != nil && r.sealed("FRONTEND_URL") != "")
		r.demand("DATABASE_URL", c.Database.URL != "")
		r.demand("NATS_URL", c.NATS.URL != "")
		r.demand("JWT_SECRET", c.Tokens.Secret != "")
		r.demand("TOKEN_ENCRYPTION_KEY", len(c.Tokens.EncryptionKeys) > 0)
		if c.Registration.Mode == RegistrationVerified && c.Mail.URL == "" {
			r.demand("SMTP_URL", false)
		}
	}
	return c
}

// demand adds a fault for a variable that production needs, unless it has one already.
func (r *reader) demand(name string, set bool) {
	if set || slices.ContainsFunc(r.faults, func(f Fault) bool { return strings.TrimSuffix(f.Variable, "_FILE") == name }) {
		return
	}
	r.fault(name, "must be set when APP_ENV=production")
}

func (r *reader) app() App {
	a := App{
		Name: r.text("APP_NAME", "gofiber-auth"),
		Env: Environment(r.oneOf("APP_ENV", string(Development),
			string(Development), string(Test), string(Production))),
		Port: r.integer("APP_PORT", 8088, 1, 65535),
	}
	if r.text("APP_ENV", "") == "" {
		r.demandEnvironment()
	}
	fallback := "127.0.0.1"
	if a.Env == Production {
		fallback = "0.0.0.0"
	}
	a.Host = r.text("APP_HOST", fallback)
	if !isHost(a.Host) {
		r.fault("APP_HOST", "must be an IP address or a host's name")
	}
	return a
}

// demandEnvironment adds a fault where something is set that a deployment sets: development, with
// its mails and identity provider for everyone, is never what one gets by forgetting.
func (r *reader) demandEnvironment() {
	for _, name := range []string{"DATABASE_URL", "DB_HOST", "FRONTEND_URL", "JWT_SECRET"} {
		read := r.sealed
		if name == "DB_HOST" {
			read = r.value
		}
		if read(name) != "" {
			r.fault("APP_ENV", "must be set where %s is: production, or else test or development", name)
			return
		}
	}
}

func (r *reader) http(port int) HTTP {
	h := HTTP{
		FrontendURL:    r.url("FRONTEND_URL", "http://localhost:"+strconv.Itoa(port), "http", "https"),
		CORSOrigins:    r.origins("CORS_ALLOWED_ORIGINS"),
		TrustedProxies: r.prefixes("TRUSTED_PROXIES"),
	}
	if len(h.CORSOrigins) == 0 && h.FrontendURL != nil {
		h.CORSOrigins = []string{origin(h.FrontendURL)}
	}
	return h
}

// What JetStream takes as a stream's name and as a subject without wildcards.
var (
	streamName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	subject    = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
)

func (r *reader) nats() NATS {
	var urls []string
	for _, u := range r.urls("NATS_URL", "nats", "tls", "ws", "wss") {
		urls = append(urls, string(u))
	}
	n := NATS{
		URL:          Secret(strings.Join(urls, ",")),
		EmbeddedAddr: r.text("NATS_EMBEDDED_ADDR", "127.0.0.1:4222"),
		Stream:       r.text("NATS_STREAM_NAME", "USER_EVENTS"),
		Subject:      r.text("NATS_SUBJECT", "user.events"),
		Replicas:     r.integer("NATS_REPLICAS", 1, 1, 5),
		MaxAge:       r.duration("NATS_MAX_AGE", 168*time.Hour, time.Minute),
	}
	if host, port, err := net.SplitHostPort(n.EmbeddedAddr); err != nil || !isHost(host) || !isPort(port) {
		r.fault("NATS_EMBEDDED_ADDR", "must be an address such as 127.0.0.1:4222")
	}
	if !streamName.MatchString(n.Stream) {
		r.fault("NATS_STREAM_NAME", "must be 1 to 64 of letters, digits, _ and -")
	}
	if !subject.MatchString(n.Subject) {
		r.fault("NATS_SUBJECT", "must be words of letters, digits, _ and - joined by dots")
	}
	return n
}

func (r *reader) httpSync() HTTPSync {
	s := HTTPSync{Secret: r.secret("BACKEND_SYNC_SECRET", 32)}
	u := r.url("BACKEND_SYNC_URL", "", "http", "https")
	if u == nil {
		return s
	}
	s.URL = Secret(u.String())
	if r.sealed("BACKEND_SYNC_SECRET") == "" {
		r.fault("BACKEND_SYNC_SECRET", "must be set with BACKEND_SYNC_URL")
	}
	return s
}

// b64token is what a Bearer token may be, RFC 6750 section 2.1.
var b64token = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// bearer reads a secret that travels as a Bearer token.
func (r *reader) bearer(name string, n int) Secret {
	s := r.secret(name, n)
	if s != "" && !b64token.MatchString(string(s)) {
		r.fault(name, "must consist of letters, digits and - . _ ~ + /, with = at its end alone (RFC 6750)")
	}
	return s
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

func isHost(s string) bool { return net.ParseIP(s) != nil || hostName.MatchString(s) }

func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= 65535
}

func (r *reader) hashing(env Environment) Hashing {
	cheapest := 10
	if env == Test {
		cheapest = 4
	}
	return Hashing{
		Cost:    r.integer("BCRYPT_COST", 12, cheapest, 15),
		Workers: r.integer("HASH_WORKERS", 0, 1, 1024),
		Queue:   r.integer("HASH_QUEUE", 0, 1, 1_000_000),
	}
}
