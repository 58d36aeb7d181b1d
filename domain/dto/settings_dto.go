package dto

// Settings is what a front end needs to draw its log-in page.
type Settings struct {
	Registration  string             `json:"registration"`
	Providers     []SettingsProvider `json:"providers"` // never nil
	RefreshCookie string             `json:"refreshCookie"`
}

// SettingsProvider is an identity provider that one can log in through.
type SettingsProvider struct {
	Provider string `json:"provider"` // as in addresses
	Name     string `json:"name"`     // as people know it
}
