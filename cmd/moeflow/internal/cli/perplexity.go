package cli

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/stages/sample"
)

func perplexityCommand(a *app) *cobra.Command {
	window := 512
	c := &cobra.Command{Use: "perplexity [CONFIG] FILE", Short: "Perplexity of a text: windows of tokens, the second half of each scored",
		Args: cobra.RangeArgs(1, 2)}
	a.modelFlags(c)
	c.Flags().IntVarP(&window, "window", "c", window, "tokens of a window")
	c.RunE = func(c *cobra.Command, args []string) error {
		name, rest := splitConfig(args)
		if len(rest) != 1 {
			return usage{fmt.Errorf("give the FILE to score")}
		}
		if window < leastWindow {
			return usage{fmt.Errorf("--window: %d tokens, want at least %d", window, leastWindow)}
		}
		text, err := a.readText(c.Context(), rest[0], mostText)
		if err != nil {
			return err
		}
		cfg, err := a.profile(name)
		if err != nil {
			return err
		}
		e, done, err := a.start(cfg, func(o *engine.Options, m *model.Model) {
			window = min(window, m.Context)
			o.Plans.Buckets, o.Plans.Context = engine.LogitsBuckets(), window
		})
		if err != nil {
			return err
		}
		defer done()
		return a.perplexity(c.Context(), e, e.Model.Tokenizer.Encode(text, false), window)
	}
	return c
}

// leastWindow leaves one token to score: the first half is not scored, and the
// last token has none after it.
const leastWindow = 3

// perplexity prints exp of the mean negative log likelihood, with its standard
// error. Each window starts anew and only its second half is scored, so that
// every scored token has at least half a window before it. A text shorter than
// a window is one window.
func (a *app) perplexity(ctx context.Context, e *engine.Engine, ids []int32, window int) error {
	if len(ids) < leastWindow {
		return usage{fmt.Errorf("the text has %d tokens, want at least %d", len(ids), leastWindow)}
	}
	window = min(window, len(ids))
	var sum, squares float64
	n, windows := 0, len(ids)/window
	for w := range windows {
		part := ids[w*window : (w+1)*window]
		err := measure.Logits(ctx, e, part, func(pos int, logits []float32) error {
			if pos < window/2 || pos+1 >= len(part) {
				return nil
			}
			probs, err := sample.LogProbs(logits, part[pos+1:pos+2])
			if err != nil {
				return fmt.Errorf("window %d, position %d: %w", w, pos+1, err)
			}
			nll := -probs[0]
			sum, squares, n = sum+nll, squares+nll*nll, n+1
			return nil
		})
		if err != nil {
			return err
		}
		if a.bars != nil {
			fmt.Fprintf(a.bars, "\r%d of %d windows, perplexity %.4f", w+1, windows, math.Exp(sum/float64(max(1, n))))
		}
	}
	if a.bars != nil {
		fmt.Fprintln(a.bars)
	}
	mean := sum / float64(n)
	variance := max(0, squares/float64(n)-mean*mean) / float64(max(1, n-1))
	_, err := fmt.Fprintf(a.Out, "perplexity %.4f ± %.4f over %d tokens in %d windows of %d\n",
		math.Exp(mean), math.Exp(mean)*math.Sqrt(variance), n, windows, window)
	return err
}
