package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/npy"
)

func logitsCommand(a *app) *cobra.Command {
	var ids, out string
	c := &cobra.Command{Use: "logits [CONFIG] --ids 1,2,3 -o out.npy", Short: "Write the logits of every position as a float32 array {n, vocab}",
		Args: cobra.MaximumNArgs(1)}
	a.modelFlags(c)
	c.Flags().StringVar(&ids, "ids", "", "token ids, comma-separated")
	c.Flags().StringVarP(&out, "output", "o", "", "the .npy file to write")
	c.RunE = func(c *cobra.Command, args []string) error {
		if out == "" {
			return usage{fmt.Errorf("-o: give the .npy file to write")}
		}
		list, err := parseIDs(ids)
		if err != nil {
			return err
		}
		cfg, err := a.profile(first(args))
		if err != nil {
			return err
		}
		e, done, err := a.start(cfg, func(o *engine.Options, m *model.Model) { o.Buckets = engine.LogitsBuckets() })
		if err != nil {
			return err
		}
		defer done()
		f, err := os.Create(out)
		if err != nil {
			return err
		}
		w, err := npy.NewWriter(f, len(list), e.Model.Vocab)
		if err == nil {
			err = e.Logits(c.Context(), list, func(_ int, row []float32) error { return w.Row(row) })
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			os.Remove(out)
		}
		return err
	}
	return c
}
