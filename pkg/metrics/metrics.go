// Package metrics defines the Prometheus metrics of the service. Every label is bounded:
// routes are templates, statuses and results are small closed sets.
package metrics

import (
	"context"
	"database/sql"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics is every metric of one instance of the service, on a registry of its own.
type Metrics struct {
	Registry *prometheus.Registry

	HTTPRequests *prometheus.CounterVec   // by method, route, status
	HTTPDuration *prometheus.HistogramVec // seconds, by method, route

	Registrations prometheus.Counter
	Logins        *prometheus.CounterVec // by status
	Refreshes     *prometheus.CounterVec // by status

	OAuthLogins      *prometheus.CounterVec   // by provider, status
	ProviderDuration *prometheus.HistogramVec // seconds, by provider, call

	EventsPublished  *prometheus.CounterVec // by action, result
	PublishDuration  prometheus.Histogram   // seconds from the send to the ack
	EventsReconciled prometheus.Counter     // that the stream had acknowledged and lost

	HTTPSyncDeliveries *prometheus.CounterVec // by result
	HTTPSyncDuration   prometheus.Histogram   // seconds from the send to the answer

	RateLimited         *prometheus.CounterVec // by limit
	RateLimiterFallback prometheus.Gauge       // 1 while each instance counts for itself, 0 else
	BreachChecks        *prometheus.CounterVec // by result
	SessionCopies       *prometheus.CounterVec // by result
	SessionCopyPending  prometheus.Gauge       // changes that wait to be in Redis

	MailsSent *prometheus.CounterVec // by kind, result

	PasswordQueue    prometheus.Gauge     // jobs that wait for a worker
	PasswordBusy     prometheus.Gauge     // jobs that a worker is at
	PasswordWait     prometheus.Histogram // seconds from the queue to a worker
	PasswordRejected prometheus.Counter   // jobs that found the queue full
}

// New returns the metrics of a process that runs the given version.
func New(version string) *Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	f := promauto.With(r)
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "build_info", Help: "Always 1; the label tells the version.",
		ConstLabels: prometheus.Labels{"version": version},
	}, func() float64 { return 1 })
	return &Metrics{
		Registry: r,
		HTTPRequests: f.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "HTTP requests answered.",
		}, []string{"method", "route", "status"}),
		HTTPDuration: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time from the request's last byte to its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route"}),
		Registrations: f.NewCounter(prometheus.CounterOpts{
			Name: "user_registrations_total", Help: "Users that registered themselves.",
		}),
		Logins: f.NewCounterVec(prometheus.CounterOpts{
			Name: "user_logins_total", Help: "Log-ins tried, by how they ended.",
		}, []string{"status"}),
		Refreshes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "user_refreshes_total", Help: "Refresh tokens brought, by how that ended.",
		}, []string{"status"}),
		OAuthLogins: f.NewCounterVec(prometheus.CounterOpts{
			Name: "oauth_logins_total", Help: "Log-ins through identity providers, by how they ended.",
		}, []string{"provider", "status"}),
		ProviderDuration: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "oauth_provider_duration_seconds", Help: "Time that calls of identity providers took.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"provider", "call"}),
		EventsPublished: f.NewCounterVec(prometheus.CounterOpts{
			Name: "events_published_total", Help: "Tries to publish an event, by whether the bus acknowledged.",
		}, []string{"action", "result"}),
		PublishDuration: f.NewHistogram(prometheus.HistogramOpts{
			Name: "event_publish_duration_seconds", Help: "Time from an event's publication to its acknowledgement.",
			Buckets: prometheus.ExponentialBuckets(.0005, 2, 15),
		}),
		EventsReconciled: f.NewCounter(prometheus.CounterOpts{
			Name: "events_reconciled_total", Help: "Events that the stream had acknowledged and lost, and that were put on the queue again.",
		}),
		HTTPSyncDeliveries: f.NewCounterVec(prometheus.CounterOpts{
			Name: "http_sync_deliveries_total", Help: "Tries to deliver an event by HTTP, by whether the receiver accepted it.",
		}, []string{"result"}),
		HTTPSyncDuration: f.NewHistogram(prometheus.HistogramOpts{
			Name: "http_sync_duration_seconds", Help: "Time from an event's delivery by HTTP to the receiver's answer.",
			Buckets: prometheus.ExponentialBuckets(.001, 2, 15),
		}),
		RateLimited: f.NewCounterVec(prometheus.CounterOpts{
			Name: "rate_limited_total", Help: "What was refused because it came too often, by the limit.",
		}, []string{"limit"}),
		RateLimiterFallback: f.NewGauge(prometheus.GaugeOpts{
			Name: "rate_limiter_fallback", Help: "1 while Redis is away and rate limits are counted in this process's memory.",
		}),
		BreachChecks: f.NewCounterVec(prometheus.CounterOpts{
			Name: "breach_checks_total", Help: "Passwords looked for among stolen ones, by what was found.",
		}, []string{"result"}),
		SessionCopies: f.NewCounterVec(prometheus.CounterOpts{
			Name: "session_copies_total", Help: "Changes of sessions sent to Redis, by whether it took them.",
		}, []string{"result"}),
		SessionCopyPending: f.NewGauge(prometheus.GaugeOpts{
			Name: "session_copy_pending", Help: "Changes of sessions that wait to be copied to Redis.",
		}),
		MailsSent: f.NewCounterVec(prometheus.CounterOpts{
			Name: "mails_sent_total", Help: "Tries to send a mail, by how they ended.",
		}, []string{"kind", "result"}),
		PasswordQueue: f.NewGauge(prometheus.GaugeOpts{
			Name: "password_pool_queue_depth", Help: "Password hashes that wait for a worker.",
		}),
		PasswordBusy: f.NewGauge(prometheus.GaugeOpts{
			Name: "password_pool_busy_workers", Help: "Password hashes in work.",
		}),
		PasswordWait: f.NewHistogram(prometheus.HistogramOpts{
			Name: "password_pool_wait_seconds", Help: "Time a password hash waited for a worker.",
			Buckets: prometheus.ExponentialBuckets(.001, 2, 15),
		}),
		PasswordRejected: f.NewCounter(prometheus.CounterOpts{
			Name: "password_pool_rejected_total", Help: "Password hashes refused because the queue was full.",
		}),
	}
}

// WatchDatabase adds the pool's statistics under the given name.
func (m *Metrics) WatchDatabase(db *sql.DB, name string) {
	m.Registry.MustRegister(collectors.NewDBStatsCollector(db, name))
}

// Backlog tells how many events wait and since when the oldest does; see
// repositories.Backlog.
type Backlog func(ctx context.Context) (pending int64, oldest time.Time, err error)

// WatchOutbox adds outbox_pending and outbox_oldest_seconds, asked anew at each scrape. While
// the database is away the two are missing from the scrape.
func (m *Metrics) WatchOutbox(backlog Backlog) {
	m.watchBacklog("outbox", "Events that wait to be published.", backlog)
}

// WatchHTTPSync adds http_sync_pending and http_sync_oldest_seconds likewise.
func (m *Metrics) WatchHTTPSync(backlog Backlog) {
	m.watchBacklog("http_sync", "Events that wait to be delivered by HTTP.", backlog)
}

// WatchMails adds mails_pending and mails_oldest_seconds likewise.
func (m *Metrics) WatchMails(backlog Backlog) {
	m.watchBacklog("mails", "Mails that wait to be sent.", backlog)
}

func (m *Metrics) watchBacklog(prefix, help string, backlog Backlog) {
	m.Registry.MustRegister(backlogCollector{
		backlog: backlog,
		pending: prometheus.NewDesc(prefix+"_pending", help, nil, nil),
		oldest:  prometheus.NewDesc(prefix+"_oldest_seconds", "Age of the oldest of them; 0 where none waits.", nil, nil),
	})
}

type backlogCollector struct {
	backlog         Backlog
	pending, oldest *prometheus.Desc
}

func (c backlogCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.pending; ch <- c.oldest }

func (c backlogCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	pending, oldest, err := c.backlog(ctx)
	if err != nil {
		return // a scrape without the two says the database is away; the rest still counts
	}
	age := 0.0
	if !oldest.IsZero() {
		age = max(0, time.Since(oldest).Seconds())
	}
	ch <- prometheus.MustNewConstMetric(c.pending, prometheus.GaugeValue, float64(pending))
	ch <- prometheus.MustNewConstMetric(c.oldest, prometheus.GaugeValue, age)
}
