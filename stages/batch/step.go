package batch

import "moeflow/stages/kvcache"

// Step is one pass through the model.
type Step struct {
	// Rows are the tokens, decode rows first. Rows of one sequence stand
	// together, positions rising. None means that nothing can be done now.
	Rows []Row
	// Finished lists the sequences whose last row this is. They have left: the
	// next call of Next gives their slots and pages to others.
	Finished []kvcache.ID
}

// Row is one token at one position of a sequence.
type Row struct {
	Seq      kvcache.ID
	Slot     int // the sequence's place among those running, as long as it runs
	Position int
	// Token is the id, unless Sampled.
	Token int32
	// Sampled marks a row whose token is the one last sampled for Slot, which
	// only the device knows yet.
	Sampled bool
	// Logits asks for the row's logits.
	Logits bool
	// Sample asks to pick a token from the logits: the one at Position+1.
	Sample bool
}
