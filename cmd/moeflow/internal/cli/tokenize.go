package cli

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"
)

func tokenizeCommand(a *app) *cobra.Command {
	var special, decode bool
	c := &cobra.Command{Use: "tokenize [CONFIG] [FILE|-]", Short: "Turn text into token ids, or ids into text", Args: cobra.MaximumNArgs(2)}
	a.modelFlags(c)
	c.Flags().BoolVar(&special, "special", false, "parse special tokens; with --decode, print them")
	c.Flags().BoolVar(&decode, "decode", false, "read ids and print their text")
	c.RunE = func(c *cobra.Command, args []string) error {
		name, rest := splitConfig(args)
		if len(rest) > 1 {
			return usage{fmt.Errorf("argument %q is not a config: wanted a .toml file", rest[0])}
		}
		file := "-"
		if len(rest) == 1 {
			file = rest[0]
		}
		cfg, err := a.profile(name)
		if err != nil {
			return err
		}
		m, err := openModel(cfg)
		if err != nil {
			return err
		}
		defer m.Close()
		text, err := a.readText(c.Context(), file, mostText)
		if err != nil {
			return err
		}
		if decode {
			ids, err := parseIDs(textName(file), text)
			if err != nil {
				return err
			}
			for i, id := range ids {
				if int(id) >= m.Vocab {
					return usage{fmt.Errorf("%s: id %d at place %d: the vocabulary has 0 to %d", textName(file), id, i, m.Vocab-1)}
				}
			}
			_, err = io.WriteString(a.Out, m.Tokenizer.Decode(ids, special))
			return err
		}
		w := bufio.NewWriter(a.Out)
		for i, id := range m.Tokenizer.Encode(text, special) {
			if i > 0 {
				w.WriteByte(' ')
			}
			w.WriteString(strconv.Itoa(int(id)))
		}
		w.WriteByte('\n')
		return w.Flush()
	}
	return c
}
