package devidp

import (
	"net/http"
	"net/url"
)

// consent takes the answer to a consent page. The page's random name is what the answer is known
// by: it works once, and another site cannot know it.
func (p *provider) consent(w http.ResponseWriter, r *http.Request) {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		p.page.fault(w, p, http.StatusForbidden, "This answer came from another site.")
		return
	}
	form, err := readForm(w, r)
	if err != nil || len(form.repeated) > 0 || r.URL.RawQuery != "" {
		p.page.fault(w, p, http.StatusBadRequest, "This answer cannot be read.")
		return
	}
	id := form.get("request")
	q, ok := p.requests.get(id)
	if !ok {
		p.page.fault(w, p, http.StatusBadRequest, answered)
		return
	}
	answer := url.Values{"error": {"access_denied"}, "error_description": {"The person denied the request."}}
	var chosen person
	switch form.get("decision") {
	case "deny":
	case "allow":
		t := typed{Name: form.get("name"), Email: form.get("email"), Verified: form.get("verified") != ""}
		var complaint string
		if chosen, complaint = choose(form.get("person"), t); complaint != "" {
			p.page.consent(w, p, q, id, t, complaint)
			return
		}
		answer = nil
	default:
		p.page.fault(w, p, http.StatusBadRequest, "This answer says neither yes nor no.")
		return
	}
	if _, ok := p.requests.take(id); !ok { // another answer was faster
		p.page.fault(w, p, http.StatusBadRequest, answered)
		return
	}
	if answer == nil {
		answer = url.Values{"code": {p.codes.put(p.codePrefix(), &grant{request: q, person: chosen, at: p.now()})}}
	}
	p.sendBack(w, r, q.state, answer)
}

const answered = "This page was answered already, or is too old. Please go back to the application and start again."
