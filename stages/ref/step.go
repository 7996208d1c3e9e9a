package ref

import (
	"fmt"

	"moeflow/graph"
)

// step reads a step buffer, laid out as graph.StepLayout says.
type step struct {
	words []uint32
	rows  int
	outs  []uint32
	pages []uint32
}

func newStep(words []uint32) (step, error) {
	s := step{words: words}
	if len(words) < graph.StepHeader {
		return s, fmt.Errorf("a step buffer of %d words, wanted at least %d", len(words), graph.StepHeader)
	}
	n, rows, outs := uint64(len(words)), uint64(words[graph.StepRows]), uint64(words[graph.StepOuts])
	outsAt, pagesAt := uint64(words[2]), uint64(words[3])
	if graph.StepHeader+graph.StepRowWords*rows > n || outsAt+outs > n || pagesAt > n {
		return s, fmt.Errorf("a step of %d rows and %d outputs does not fit its %d words", rows, outs, n)
	}
	s.rows, s.outs, s.pages = int(rows), words[outsAt:outsAt+outs], words[pagesAt:]
	return s, nil
}

// row gives the words of row r.
func (s *step) row(r int) graph.StepRow {
	w := s.words[graph.StepHeader+graph.StepRowWords*r:]
	return graph.StepRow{Token: w[0], Position: w[1], Pages: w[2], Slot: w[3]}
}

// active is the row count in a word of the header.
func (s *step) active(word int) (int, error) {
	if word != graph.StepRows && word != graph.StepOuts {
		return 0, fmt.Errorf("word %d of the step's header is no row count", word)
	}
	return int(s.words[word]), nil
}

// place is the cache row of a position of row r's sequence.
func (s *step) place(r graph.StepRow, position, pageSize int) (int, error) {
	i := int(r.Pages) + position/pageSize
	if i >= len(s.pages) {
		return 0, fmt.Errorf("position %d lies beyond the page lists", position)
	}
	return int(s.pages[i])*pageSize + position%pageSize, nil
}
