package cli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"

	"moeflow/cmd/moeflow/internal/job"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/configs"
)

// batchFiles opens the prompts and the results.
func (a *app) batchFiles(prompts string, f *batchFlags) (*job.Source, *job.Output, error) {
	src := job.NewSource("standard input", a.In)
	if prompts != "-" {
		var err error
		if src, err = job.OpenSource(prompts); err != nil {
			return nil, nil, err
		}
	}
	if f.stdout() {
		return src, job.Stream("standard output", a.Out), nil
	}
	// Asked before the file is opened: with the results in it, it would be
	// refused as no results.
	if in, out := src.File(), stat(f.output); in != nil && out != nil {
		if i, err := in.Stat(); err == nil && os.SameFile(i, out) {
			return nil, nil, errors.Join(fmt.Errorf("-o: %s is the file of prompts", f.output), src.Close())
		}
	}
	out, err := job.OpenOutput(f.output, f.resume)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("-o: %w", err), src.Close())
	}
	return src, out, nil
}

func stat(path string) os.FileInfo {
	i, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return i
}

// batchSettings fills a job in and makes its output ready: from there on results
// are appended.
func (a *app) batchSettings(ctx context.Context, cfg *configs.Config, m *model.Model, j *job.Job, f *batchFlags) error {
	j.Settings = job.Settings{
		Model: m.Name(), Tokenizer: m.Tokenizer, Format: j.Format,
		Sampling:  samplingParams(cfg.Sampling.Or(m.Sampling()).Or(configs.FallbackSampling())),
		MaxTokens: cfg.Run.MaxTokens, System: cfg.Run.System, Chat: f.chat, Raw: f.raw, IgnoreEOS: f.ignoreEOS,
	}
	var err error
	if j.Template, j.NoTemplate = m.ChatTemplate(); j.NoTemplate != nil && f.chat && j.Format != job.OpenAI {
		return fmt.Errorf("--chat: %w", j.NoTemplate)
	}
	j.ID = j.Identity(modelIdentity(m, cfg))
	if j.Total, err = j.Source.Count(ctx, &j.Output.Finished); err != nil {
		return usageUnless(ctx, err)
	}
	if err := j.Output.Begin(j.ID); err != nil {
		return usage{err}
	}
	return nil
}

// modelIdentity tells models apart, and what they are computed with: by every
// tensor's name, shape, type and first bytes, since reading all of a model takes
// long.
func modelIdentity(m *model.Model, cfg *configs.Config) string {
	h := sha256.New()
	for _, t := range m.File.Tensors() {
		fmt.Fprintln(h, t.Name, t.Shape, t.Type)
		h.Write(t.Data[:min(len(t.Data), 64)])
	}
	how := cfg.Compute
	how.Sync = "" // changes no answer
	return fmt.Sprintf("%x %s %d %+v", h.Sum(nil), cfg.Context.KVType, min(cfg.Context.Length, m.Context), how)
}
