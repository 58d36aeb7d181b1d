package di

import (
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/pkg/config"
)

// settings is what front ends may know of the configuration.
func settings(cfg config.Config) dto.Settings {
	s := dto.Settings{
		Registration: string(cfg.Registration.Mode), RefreshCookie: string(cfg.RefreshCookie), Providers: []dto.SettingsProvider{},
	}
	configured := cfg.OAuth.ByName()
	for _, name := range models.Providers() {
		// In development the built-in identity provider stands in for those that are not configured.
		if configured[name].ClientID != "" || cfg.App.Env == config.Development {
			s.Providers = append(s.Providers, dto.SettingsProvider{Provider: name, Name: models.ProviderName(name)})
		}
	}
	return s
}
