package grammar

import "errors"

// What a grammar may need at most. A grammar of others must end in an error, not
// in a machine without memory.
const (
	maxSource       = 1 << 20 // bytes of a schema, pattern or GBNF text
	maxDepth        = 200     // how deep its parts may lie in one another
	maxStates       = 1 << 20 // expressions, and cells, that a grammar may reach
	maxAlternatives = 1 << 15 // of one expression
	maxSearch       = 50_000  // states looked at to tell whether a pattern matches anything
	maxNodes        = 1 << 17 // sets of stacks kept for reuse
	maxWork         = 1 << 25 // states and trie nodes visited for one mask
	maxRepeat       = 1 << 24 // of a bound of a repetition
	keptMasks       = 64      // whole masks kept for reuse
)

var (
	errSearch = errors.New("the pattern is too complex: too many states must be searched for a text that matches")
	errStates = errors.New("the grammar is too complex: it needs too many states")
	errWork   = errors.New("the grammar is too ambiguous: a mask takes too many steps")
	errDead   = errors.New("nothing can follow: the grammar allows no token here")
	errEnded  = errors.New("the text has ended")
)
