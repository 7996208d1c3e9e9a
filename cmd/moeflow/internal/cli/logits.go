package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/npy"
	"moeflow/configs"
)

func logitsCommand(a *app) *cobra.Command {
	var ids, out string
	c := &cobra.Command{Use: "logits [CONFIG] --ids 1,2,3 -o out.npy", Short: "Write the logits of every position as a float32 array {n, vocab}",
		Args: cobra.MaximumNArgs(1)}
	a.modelFlags(c)
	c.Flags().StringVar(&ids, "ids", "", "token ids, comma-separated")
	c.Flags().StringVarP(&out, "output", "o", "", "the .npy file to write; - is standard output")
	c.RunE = func(c *cobra.Command, args []string) error {
		if out == "" {
			return usage{fmt.Errorf("-o: give the .npy file to write")}
		}
		list, err := parseIDs("--ids", ids)
		if err != nil {
			return err
		}
		cfg, err := a.profile(first(args))
		if err != nil {
			return err
		}
		res, err := a.result(out, cfg)
		if err != nil {
			return err
		}
		return res.end(a.logits(c.Context(), cfg, list, res))
	}
	return c
}

// logits computes the logits of every position and writes them to w.
func (a *app) logits(ctx context.Context, cfg *configs.Config, ids []int32, w io.Writer) (err error) {
	e, done, err := a.start(cfg, func(o *engine.Options, m *model.Model) { o.Plans.Buckets = engine.LogitsBuckets() })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	n, err := npy.NewWriter(w, len(ids), e.Model.Vocab)
	if err != nil {
		return err
	}
	return promptError(measure.Logits(ctx, e, ids, func(_ int, row []float32) error { return n.Row(row) }))
}
