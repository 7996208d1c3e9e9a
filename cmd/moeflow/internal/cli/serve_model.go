package cli

import (
	"context"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/openai"
	"moeflow/cmd/moeflow/internal/serve"
	"moeflow/configs"
	"moeflow/tokenizer/toolcall"
)

// serveModel describes the model to its clients.
func serveModel(cfg *configs.Config, e *engine.Engine) *serve.Model {
	m := e.Model
	out := &serve.Model{Aliases: cfg.Server.Aliases, Context: e.Context, Created: time.Now().Unix(), FixedSeed: cfg.IsSet("sampling.seed"), Settings: openai.Settings{
		Model: m.Name(), Tokenizer: m.Tokenizer, Sampling: samplingParams(cfg.Sampling.Or(m.Sampling()).Or(configs.FallbackSampling())),
		MaxTokens: e.Context, System: cfg.Run.System,
	}}
	if cfg.IsSet("run.max_tokens") {
		out.Settings.MaxTokens = cfg.Run.MaxTokens
	}
	out.Settings.Template, out.Settings.NoTemplate = m.ChatTemplate()
	if text, err := m.File.String("tokenizer.chat_template"); err == nil {
		out.Format = toolcall.FormatOf(text)
	}
	if before, behind, between, ok := m.Middle(); ok {
		out.Middle = &serve.Middle{Before: before, Behind: behind, Between: between}
	}
	if v, err := serve.NewVocabulary(&out.Settings, m.Vocab); err == nil { // else answers in JSON are refused
		out.Vocabulary = v
	}
	return out
}

// loopEngine is a loop as the server sees it.
type loopEngine struct{ *generate.Loop }

func (l loopEngine) Submit(ctx context.Context, r generate.Request) (serve.Stream, error) {
	s, err := l.Loop.Submit(ctx, r)
	if err != nil {
		return nil, err
	}
	return s, nil
}
