package serve

import (
	"net/http"
	"slices"
	"strings"

	"moeflow/cmd/moeflow/internal/openai"
)

// live says that the process answers.
func (s *Server) live(w http.ResponseWriter, _ *http.Request) *apiError {
	writeJSON(w, http.StatusOK, map[string]any{"status": "ok"})
	return nil
}

// health says whether requests are taken.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) *apiError {
	if _, _, err := s.serving(); err != nil {
		return err
	}
	return s.live(w, nil)
}

// card is a model as clients list it. The first fields are OpenAI's, max_model_len
// is vLLM's, and the rest Anthropic's.
type card struct {
	ID          string `json:"id"`
	Object      string `json:"object"`
	Created     int64  `json:"created"`
	OwnedBy     string `json:"owned_by"`
	MaxModelLen int    `json:"max_model_len"`
	Type        string `json:"type"`
	DisplayName string `json:"display_name"`
}

func (m *Model) cards() []card {
	var out []card
	for _, name := range m.names() {
		out = append(out, card{name, "model", m.Created, "moeflow", m.Context, "model", m.Settings.Model})
	}
	return out
}

// names are those that the model is served under.
func (m *Model) names() []string { return append([]string{m.Settings.Model}, m.Aliases...) }

// models lists what is served: data is OpenAI's name of the list, models is that
// which Codex reads.
func (s *Server) models(w http.ResponseWriter, _ *http.Request) *apiError {
	m, _, err := s.serving()
	if err != nil {
		return err
	}
	cards := m.cards()
	writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": cards, "models": cards, "has_more": false, "first_id": cards[0].ID, "last_id": cards[len(cards)-1].ID})
	return nil
}

func (s *Server) oneModel(w http.ResponseWriter, r *http.Request) *apiError {
	m, _, err := s.serving()
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	for _, c := range m.cards() {
		if c.ID == name {
			writeJSON(w, http.StatusOK, c)
			return nil
		}
	}
	return noModel(m, name)
}

// checkModel refuses a name that is not ours, if that is wanted.
func (s *Server) checkModel(m *Model, name string) *apiError {
	if !s.o.Strict || slices.Contains(m.names(), name) {
		return nil
	}
	return noModel(m, name)
}

func noModel(m *Model, name string) *apiError {
	return &apiError{status: http.StatusNotFound, code: "model_not_found", param: "model",
		message: "model " + openai.Quoted(name) + " is not served here: want " + strings.Join(m.names(), " or ")}
}
