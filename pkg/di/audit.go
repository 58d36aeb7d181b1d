package di

import (
	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
)

// auditLog returns what reads the audit log.
func (c *Container) auditLog() *serviceimpl.AuditLog {
	return serviceimpl.NewAuditLog(postgres.NewAudit(c.core.Database))
}

// exporter returns what gives people what is held about them.
func (c *Container) exporter(sessions repositories.SessionLister) *serviceimpl.Exports {
	return serviceimpl.NewExports(serviceimpl.ExportsDeps{
		Work: c.core.Work, Identities: postgres.NewIdentities(c.core.Database), Sessions: sessions,
		Audit: postgres.NewAudit(c.core.Database), Events: postgres.NewOutbox(c.core.Database), Now: now, NewID: newID,
	})
}
