package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"moeflow/cmd/moeflow/internal/device"
	"moeflow/cmd/moeflow/internal/job"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/openai"
	"moeflow/cmd/moeflow/internal/output"
	"moeflow/configs"
	"moeflow/gguf/quant"
	"moeflow/vk"
)

// batchFiles opens the prompts and the results, once it is sure that the results
// go to no file that the job reads.
func (a *app) batchFiles(cfg *configs.Config, prompts string, f *batchFlags) (*job.Source, *job.Output, error) {
	results, ok := output.Path{What: "-o", Path: f.output}, true
	if f.stdout() {
		results, ok = output.Stream("standard output", a.out.w)
	}
	if ok {
		if err := output.Check([]output.Path{results}, a.inputs(cfg, prompts)); err != nil {
			return nil, nil, err
		}
	}
	src := job.NewSource("standard input", a.In)
	if prompts != "-" {
		err := checkText(prompts)
		if err != nil && !standardInput(prompts) {
			return nil, nil, err
		}
		if src, err = job.OpenSource(prompts); err != nil {
			return nil, nil, err
		}
	}
	if f.stdout() {
		return src, job.Stream("standard output", a.Out), nil
	}
	out, err := job.OpenOutput(f.output, f.resume)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("-o: %w", err), src.Close())
	}
	return src, out, nil
}

// batchSettings fills a job in, and sees to it that its prompts and results belong
// together.
func (a *app) batchSettings(ctx context.Context, cfg *configs.Config, m *model.Model, j *job.Job, f *batchFlags) error {
	j.Settings = job.Settings{Format: j.Format, Chat: f.chat, Sequences: f.sequences, Settings: openai.Settings{
		Model: m.Name(), Tokenizer: m.Tokenizer,
		Sampling:  samplingParams(cfg.Sampling.Or(m.Sampling()).Or(configs.FallbackSampling())),
		MaxTokens: cfg.Run.MaxTokens, System: cfg.Run.System, Raw: f.raw, IgnoreEOS: f.ignoreEOS,
	}}
	var err error
	if j.Template, j.NoTemplate = m.ChatTemplate(); j.NoTemplate != nil && f.chat && j.Format != job.OpenAI {
		return usage{fmt.Errorf("--chat: %w", j.NoTemplate)}
	}
	identity, err := a.identity(m, cfg, j)
	if err != nil {
		return err
	}
	j.ID = j.Identity(identity)
	if j.Total, err = j.Source.Count(ctx, &j.Output.Finished); err != nil {
		return usageUnless(ctx, err)
	}
	if err := j.Output.Check(j.ID); err != nil {
		return usage{err}
	}
	return nil
}

// identity tells models apart, and what they are computed with. What is chosen by the
// device is part of it, so it is chosen here: the type of the kv cache and the number
// of sequences.
func (a *app) identity(m *model.Model, cfg *configs.Config, j *job.Job) (string, error) {
	digest, err := m.File.Digest()
	if err != nil {
		return "", err
	}
	d, err := vk.Find(cfg.Device.Name)
	if err != nil {
		return "", err
	}
	o := a.engineOptions(cfg)
	batchOptions(j.Settings.Sequences)(&o, m)
	on := device.Info(&d)
	if err := o.Plans.Resolve(m, &on); err != nil {
		return "", err
	}
	if cfg.Context.KVType == "auto" {
		fmt.Fprintf(a.Err, "kv cache of %s, %d prompts at once\n", kvName(o.Plans.KVType), o.Plans.Sequences)
	}
	cfg.Context.KVType, j.Settings.Sequences = kvName(o.Plans.KVType), o.Plans.Sequences
	how := cfg.Compute
	how.Sync = "" // changes no answer
	return fmt.Sprintf("%s %s %d %+v %s %v %d", digest, cfg.Context.KVType, min(cfg.Context.Length, m.Context), how, on.Kind, on.Capabilities, on.Processors), nil
}

// kvName is the config's name of a type of the kv cache.
func kvName(t quant.Type) string { return strings.ToLower(t.String()) }
